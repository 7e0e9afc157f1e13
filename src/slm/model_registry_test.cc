#include "slm/model_registry.h"

#include <gtest/gtest.h>

#include "core/scratch_folder.h"

namespace writ::slm {
namespace {

constexpr std::string_view document = R"([
  {"id": "base-tools", "default": true, "file": "base.gguf", "sha256": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
   "bytes": 4, "source": {"type": "pypi_wheel"}, "adapter": "tools/adapter.gguf",
   "adapter_sha256": "cc872db67999de3d534e476f9014ae6846e06da138253609f8bfd5ab1a03c8f2", "adapter_bytes": 4,
   "chat_template": "t.jinja", "context": 2048, "licence": "Apache-2.0"},
  {"id": "tiny", "default": false, "file": "tiny/tiny.gguf", "sha256": "3f3c002e12b6af249d52766eeedb7aa1218ed0c83b1383ba9a958032ad283278",
   "context": 4096},
  {"id": "vectors", "kind": "embedding", "file": "vectors.gguf",
   "sha256": "3f3c002e12b6af249d52766eeedb7aa1218ed0c83b1383ba9a958032ad283278", "context": 256}
])";

class ModelRegistryTest : public testing::Test {
 protected:
  ModelRegistryTest() {
    folder.write("models/registry.json", document);
    folder.write("models/t.jinja", "{{ messages }}");
    folder.write("models/tools/adapter.gguf", "GGUF");
    folder.write("models/tiny/tiny.gguf", "GGUF");
    folder.write("cache/base.gguf", "GGUF");
    options = {.models_dir = folder.path() / "models", .cache = folder.path() / "cache"};
  }
  std::string error() const {
    const auto registry = ModelRegistry::open(options);
    return registry ? "" : registry.error().message;
  }
  ScratchFolder folder;
  RegistryOptions options;
};

TEST_F(ModelRegistryTest, the_default_model_has_its_adapter_template_and_checksums) {
  const auto registry = ModelRegistry::open(options);
  ASSERT_TRUE(registry) << registry.error().message;
  ASSERT_EQ(registry->models().size(), 1U);  // what nobody asked for is not served
  const auto& model = registry->default_model();
  EXPECT_EQ(model.id, "base-tools");
  EXPECT_TRUE(model.is_default);
  EXPECT_EQ(model.files.gguf, folder.path() / "cache/base.gguf");
  EXPECT_EQ(model.files.adapter, folder.path() / "models/tools/adapter.gguf");
  EXPECT_EQ(model.files.chat_template, "{{ messages }}");
  EXPECT_EQ(model.context, Tokens{2048});
  EXPECT_EQ(model.licence, "Apache-2.0");
  ASSERT_EQ(model.checksums.size(), 2U);
  EXPECT_EQ(registry->find(""), &model);
  EXPECT_EQ(registry->find("base-tools"), &model);
  EXPECT_EQ(registry->find("tiny"), nullptr);
}

TEST_F(ModelRegistryTest, another_default_need_not_have_the_registrys_default) {
  std::filesystem::remove(folder.path() / "cache/base.gguf");
  options.default_model = "tiny";
  const auto registry = ModelRegistry::open(options);
  ASSERT_TRUE(registry) << registry.error().message;
  EXPECT_EQ(registry->default_model().id, "tiny");
  EXPECT_FALSE(registry->default_model().files.adapter);
}

TEST_F(ModelRegistryTest, files_folders_and_ids_are_served_too) {
  folder.write("more/x.gguf", "GGUF");
  folder.write("more/y.gguf", "GGUF");
  folder.write("more/notes.txt", "no model");
  const auto file = folder.write("z.gguf", "GGUF");
  options.more = {file.string(), (folder.path() / "more").string(), "tiny"};
  options.default_model = "y";
  const auto registry = ModelRegistry::open(options);
  ASSERT_TRUE(registry) << registry.error().message;
  std::string ids;
  for (const auto& model : registry->models()) ids += model.id + (model.is_default ? "* " : " ");
  EXPECT_EQ(ids, "y* z x tiny ");
  EXPECT_FALSE(registry->find("x")->files.chat_template);
  EXPECT_EQ(registry->find("x")->context, std::nullopt);
}

TEST_F(ModelRegistryTest, a_missing_model_is_refused_with_how_to_fix_it) {
  std::filesystem::remove(folder.path() / "cache/base.gguf");
  EXPECT_NE(error().find("base-tools: its file base.gguf is not in " + (folder.path() / "models").string()),
            std::string::npos)
      << error();
  EXPECT_NE(error().find("./run setup"), std::string::npos);
}

TEST_F(ModelRegistryTest, all_problems_are_told_at_once) {
  folder.write("cache/base.gguf", "PK");
  folder.write("bad.gguf", "GGML and more");
  options.more = {(folder.path() / "bad.gguf").string(), "/nowhere/x.gguf"};
  const auto registry = ModelRegistry::open(options);
  ASSERT_FALSE(registry);
  EXPECT_EQ(registry.error().code, "models_unusable");
  EXPECT_EQ(registry.error().problems.size(), 3U) << registry.error().message;
}

TEST_F(ModelRegistryTest, two_files_of_one_name_are_refused) {
  options.more = {folder.write("a/x.gguf", "GGUF").string(), folder.write("b/x.gguf", "GGUF").string()};
  EXPECT_NE(error().find("\"x\" is served already"), std::string::npos) << error();
}

TEST_F(ModelRegistryTest, an_empty_folder_is_refused) {
  std::filesystem::create_directories(folder.path() / "empty");
  options.more = {(folder.path() / "empty").string()};
  EXPECT_NE(error().find("holds no *.gguf files"), std::string::npos) << error();
}

TEST_F(ModelRegistryTest, an_unknown_default_is_refused_with_the_choices) {
  options.default_model = "nothing";
  EXPECT_NE(error().find("there is no model \"nothing\""), std::string::npos) << error();
  EXPECT_TRUE(error().ends_with("choose one of base-tools, tiny")) << error();
}

TEST_F(ModelRegistryTest, a_model_for_embeddings_is_not_served_for_chats) {
  folder.write("cache/vectors.gguf", "GGUF");
  options.more = {"vectors"};
  EXPECT_NE(error().find("vectors: it makes embeddings"), std::string::npos) << error();
}

TEST_F(ModelRegistryTest, a_registry_with_a_wrong_field_is_refused_by_its_pointer) {
  folder.write("models/registry.json", R"([{"id": "x", "file": "x.gguf", "sha256": "short", "context": 0}])");
  EXPECT_NE(error().find("/models/0/sha256"), std::string::npos) << error();
  EXPECT_NE(error().find("/models/0/context"), std::string::npos);
}

TEST_F(ModelRegistryTest, a_missing_registry_names_the_setting) {
  options.models_dir = folder.path() / "nowhere";
  EXPECT_NE(error().find("WRIT_MODELS_DIR"), std::string::npos) << error();
}

TEST(ModelRegistry, the_repositorys_registry_has_the_tiny_model) {
  const auto registry = ModelRegistry::open({.models_dir = WRIT_MODELS, .default_model = "writ-tiny"});
  ASSERT_TRUE(registry) << registry.error().message;
  EXPECT_FALSE(registry->default_model().files.chat_template->empty());
}

}  // namespace
}  // namespace writ::slm
