#include "slm/slm_fixture.h"

#include <iterator>

namespace writ::slm {
namespace {

using SlmModelsTest = SlmFixture;

TEST_F(SlmModelsTest, an_unknown_model_is_not_found) {
  must_start();
  auto asked = prompt("hi");
  asked.model = "gpt-9";
  EXPECT_EQ(refusal(asked, grant_for(asked)), "no_model");
  EXPECT_EQ(loops.run(client->count(ctx, asked)).error().code, "no_model");
}

TEST_F(SlmModelsTest, no_model_named_is_the_default_model) {
  must_start();
  auto asked = prompt("hi", 2);
  asked.model = "";
  EXPECT_EQ(refusal(asked, grant_for(asked)), "accepted");
}

TEST_F(SlmModelsTest, a_model_that_cannot_be_loaded_fails_alone) {
  settings.models = {folder.write("broken.gguf", "GGUF and then nothing of the kind").string()};
  must_start();
  const auto list = loops.run(client->models(ctx, {}));
  ASSERT_EQ(list->models.size(), 2U);
  EXPECT_TRUE(list->models[0].is_default);
  EXPECT_EQ(list->models[0].licence, "Apache-2.0");
  EXPECT_EQ(list->models[1].id, "broken");
  auto asked = prompt("hi", 2);
  asked.model = "broken";
  const auto counted = loops.run(client->count(ctx, asked));
  ASSERT_FALSE(counted);
  EXPECT_EQ(counted.error().code, "model_failed");
  EXPECT_NE(counted.error().message.find("broken"), std::string::npos);
  EXPECT_FALSE(answer(prompt("hi", 2)).error);
  EXPECT_TRUE(made->port.model_status());
}

TEST_F(SlmModelsTest, a_model_file_is_served_with_its_own_template) {
  const auto file = folder.path() / "copy.gguf";
  std::filesystem::copy_file(std::filesystem::path(WRIT_MODELS) / "tiny/writ-tiny.gguf", file);
  settings.models = {file.string()};
  settings.default_model = "copy";
  must_start();
  auto asked = prompt("hi", 4);
  asked.model = "copy";
  auto grant = grant_for(asked);
  grant.resource = "copy";
  auto opened = chat_with(asked, grant, ctx);
  ASSERT_TRUE(opened) << opened.error().message;
  const auto read = loops.run(read_all(std::move(*opened)));
  ASSERT_FALSE(read.error) << read.error->message;
  EXPECT_TRUE(read.last().finish);
}

TEST_F(SlmModelsTest, readiness_tells_whether_the_model_and_the_keys_are_there) {
  must_start();
  (void)loops.run(client->count(ctx, prompt("hi")));
  for (const auto& check : made->service.checks) EXPECT_TRUE(check.status()) << check.name;
  key_set = nullptr;
  EXPECT_EQ(made->service.checks.at(1).status().error().code, "no_grant_keys");
  const auto asked = prompt("hi");
  EXPECT_EQ(refusal(asked, grant_for(asked)), "no_grant_keys");
}

TEST_F(SlmModelsTest, a_model_that_is_not_preloaded_is_loaded_by_the_first_request) {
  settings.preload = false;
  must_start();
  EXPECT_TRUE(made->port.model_status());
  EXPECT_EQ(registry.gauges(metric::load_seconds).with({tiny}).value(), 0);
  EXPECT_FALSE(answer(prompt("hi", 2)).error);
  EXPECT_GT(registry.gauges(metric::load_seconds).with({tiny}).value(), 0);
}

TEST_F(SlmModelsTest, the_start_refuses_a_damaged_model_with_how_to_fix_it) {
  folder.write("models/templates/writ-tools.jinja", "{{ messages }}");
  std::ifstream in(WRIT_MODELS "/registry.json");
  folder.write("models/registry.json", std::string(std::istreambuf_iterator<char>(in), {}));
  folder.write("models/tiny/writ-tiny.gguf", "GGUF that is not the one");
  settings.models_dir = folder.path() / "models";
  const auto started = start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, "model_corrupt");
  EXPECT_NE(started.error().message.find("restore it from the repository"), std::string::npos)
      << started.error().message;
}

TEST_F(SlmModelsTest, the_start_refuses_a_default_model_that_only_loading_finds_damaged) {
  std::ifstream in(WRIT_MODELS "/tiny/writ-tiny.gguf", std::ios::binary);
  std::string half(std::istreambuf_iterator<char>(in), {});
  half.resize(half.size() / 2);
  settings.models = {folder.write("mine.gguf", half).string()};
  settings.default_model = "mine";
  const auto started = start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, "model_failed");
  EXPECT_NE(started.error().message.find(settings.models[0]), std::string::npos) << started.error().message;
  EXPECT_NE(started.error().message.find("WRIT_SLM_DEFAULT_MODEL"), std::string::npos) << started.error().message;
}

TEST_F(SlmModelsTest, the_start_refuses_a_missing_model) {
  settings.default_model = "nothing";
  const auto started = start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, "models_unusable");
}

}  // namespace
}  // namespace writ::slm
