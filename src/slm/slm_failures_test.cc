// Models that fail, alone: each test goes on with another model, or with the same one when what was wrong is right.
#include <sys/stat.h>

#include <algorithm>

#include "core/fail_point.h"
#include "llama/gguf_bytes.h"
#include "slm/slm_fixture.h"

namespace writ::slm {
namespace {

namespace fs = std::filesystem;

class SlmFailuresTest : public SlmFixture {
 protected:
  Error failure(std::string_view model) {
    auto asked = prompt("hi", 2);
    asked.model = model;
    const auto counted = loops.run(client->count(ctx, asked));
    return counted ? Error{.code = "none"} : counted.error();
  }
  /// Tries as the product does, and counts.
  fs::path counting_program() {
    const auto file = folder.write("count.sh", "#!/bin/sh\necho x >> " + (folder.path() / "tries").string() +
                                                   "\nexec " WRIT_TRIAL_PROGRAM " \"$@\"\n");
    fs::permissions(file, fs::perms::owner_all);
    return file;
  }
  std::ptrdiff_t tries() {
    std::ifstream in(folder.path() / "tries");
    return std::count(std::istreambuf_iterator<char>(in), {}, 'x');
  }
  fs::path in_models(const std::string& name, std::string_view content) {
    return folder.write("models/" + name, content);
  }
  fs::path copy_of_tiny(const std::string& name) {
    const auto to = folder.path() / "models" / name;
    fs::create_directories(to.parent_path());
    fs::copy_file(fs::path(WRIT_MODELS) / "tiny/writ-tiny.gguf", to, fs::copy_options::overwrite_existing);
    return to;
  }
};

TEST_F(SlmFailuresTest, whatever_stands_in_a_models_folder_fails_alone_and_never_hangs) {
  copy_of_tiny("good.gguf");
  in_models("empty.gguf", "");
  in_models("text.gguf", "half a download");
  in_models("blocks.gguf", llama::GgufBytes()
                               .put("general.architecture", "llama")
                               .put("llama.block_count", 100'000U)
                               .tensor("t", {32}, 0)
                               .bytes(128));
  const auto models = folder.path() / "models";
  ASSERT_EQ(::mkfifo((models / "pipe.gguf").c_str(), 0600), 0);
  fs::create_directory(models / "folder.gguf");
  fs::create_symlink("loop.gguf", models / "loop.gguf");
  fs::create_symlink("/dev/zero", models / "device.gguf");
  fs::resize_file(in_models("sparse.gguf", "GGUF"), 1ULL << 40U);
  settings.models = {models.string()};
  must_start();
  for (const auto* bad : {"empty", "text", "blocks", "pipe", "folder", "loop", "device", "sparse"}) {
    const auto error = failure(bad);
    EXPECT_EQ(error.code, "model_failed") << bad;
    EXPECT_EQ(error.kind, ErrorKind::unavailable);
    EXPECT_EQ(error.message.find(folder.path().string()), std::string::npos) << error.message;
  }
  EXPECT_EQ(failure("good").code, "none");
  EXPECT_FALSE(answer(prompt("hi", 2)).error);
}

TEST_F(SlmFailuresTest, a_named_file_that_is_no_model_stops_the_start_at_once) {
  const auto pipe = folder.path() / "pipe.gguf";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  settings.models = {pipe.string()};
  const auto started = start();
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().message.find("pipe.gguf is a named pipe"), std::string::npos) << started.error().message;
}

TEST_F(SlmFailuresTest, a_model_whose_trial_crashes_fails_alone) {
  settings.models = {copy_of_tiny("mine.gguf").string()};
  trial_program = folder.write("crash.sh", "#!/bin/sh\nkill -ABRT $$\n");
  fs::permissions(trial_program, fs::perms::owner_all);
  must_start();
  const auto error = failure("mine");
  EXPECT_EQ(error.code, "model_failed");
  EXPECT_NE(error.message.find("mine.gguf ended its process (signal 6)"), std::string::npos) << error.message;
  EXPECT_FALSE(answer(prompt("hi", 2)).error) << "the model whose checksum is known needs no trial";
}

TEST_F(SlmFailuresTest, a_failed_model_is_tried_again_when_its_file_is_another_and_not_before) {
  trial_program = counting_program();
  // It passes the look and fails in the trial.
  const auto alien = llama::GgufBytes()
                         .put("general.architecture", "alien")
                         .put("alien.block_count", 1U)
                         .tensor("t", {32}, 0)
                         .bytes(128);
  settings.models = {in_models("mine.gguf", alien).string()};
  must_start();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(failure("mine").code, "model_failed");
  EXPECT_EQ(tries(), 1) << "not at each request";
  copy_of_tiny("mine.gguf");
  EXPECT_EQ(failure("mine").code, "none");
  EXPECT_EQ(tries(), 2);
}

TEST_F(SlmFailuresTest, a_model_that_was_tried_is_not_tried_again_at_the_next_start) {
  settings.models = {copy_of_tiny("mine.gguf").string()};
  trial_program = counting_program();
  must_start();
  EXPECT_EQ(failure("mine").code, "none");
  ASSERT_TRUE(loops.run(made->service.flush()));
  must_start();
  EXPECT_EQ(failure("mine").code, "none");
  EXPECT_EQ(tries(), 1);
}

TEST_F(SlmFailuresTest, a_registered_model_that_was_replaced_after_the_start_is_not_loaded) {
  copy_of_tiny("tiny/writ-tiny.gguf");
  std::ifstream in(WRIT_MODELS "/registry.json");
  in_models("registry.json", std::string(std::istreambuf_iterator<char>(in), {}));
  in_models("templates/writ-tools.jinja", "{{ messages }}");
  settings.models_dir = folder.path() / "models";
  settings.preload = false;
  must_start();
  const auto whole = fs::file_size(folder.path() / "models/tiny/writ-tiny.gguf");
  std::fstream(folder.path() / "models/tiny/writ-tiny.gguf", std::ios::in | std::ios::out | std::ios::binary)
          .seekp(static_cast<std::streamoff>(whole - 100))
      << "damaged";
  const auto error = failure(tiny);
  EXPECT_EQ(error.code, "model_failed");
  EXPECT_NE(error.message.find("is damaged or another file"), std::string::npos) << error.message;
}

#ifdef WRIT_FAIL_POINTS
TEST_F(SlmFailuresTest, a_decode_that_fails_once_ends_its_answers_and_no_others) {
  fs::create_directories(folder.path() / "points");
  ::setenv("WRIT_ERROR_POINTS", (folder.path() / "points").c_str(), 1);
  must_start();
  const auto before = answer(prompt("hi", 4));
  folder.write("points/llama.decode", "");
  const auto failed = answer(prompt("hi", 4));
  ::unsetenv("WRIT_ERROR_POINTS");
  ASSERT_TRUE(failed.error);
  EXPECT_EQ(failed.error->code, "decode_failed");
  EXPECT_EQ(failed.error->kind, ErrorKind::unavailable) << "a run waits and tries again; it does not end";
  const auto after = answer(prompt("hi", 4));
  EXPECT_FALSE(after.error);
  EXPECT_FALSE(before.error);
  EXPECT_TRUE(made->port.model_status());
}
#endif

}  // namespace
}  // namespace writ::slm
