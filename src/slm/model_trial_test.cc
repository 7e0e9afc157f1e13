#include "slm/model_trial.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <thread>

#include "core/scratch_folder.h"
#include "llama/gguf_mutant.h"
#include "slm/remembered_trials.h"

namespace writ::slm {
namespace {

namespace fs = std::filesystem;
const fs::path tiny = WRIT_MODELS "/tiny/writ-tiny.gguf";
constexpr llama::EngineLimits engine{.context_tokens = 256, .slots = 2, .batch_tokens = 64, .threads = 1};

bool never() { return false; }

class ModelTrialTest : public testing::Test {
 protected:
  Status try_file(const fs::path& file, const fs::path& program = WRIT_TRIAL_PROGRAM, Seconds patience = Seconds{60}) {
    auto source = llama::ModelSource::open({.gguf = file});
    if (!source) return fail(std::move(source).error());
    return try_model(program, *source, engine, {.patience = patience}, never);
  }
  /// A program that does what the script says where ours would load a model.
  fs::path script(std::string_view what) {
    const auto file = folder.write("program.sh", "#!/bin/sh\n" + std::string(what) + "\n");
    fs::permissions(file, fs::perms::owner_all);
    return file;
  }
  ScratchFolder folder;
};

TEST_F(ModelTrialTest, a_model_that_loads_passes) {
  const auto tried = try_file(tiny);
  EXPECT_TRUE(tried) << tried.error().code << tried.error().message << tried.error().where;
}

TEST_F(ModelTrialTest, the_adapter_and_the_template_are_tried_too) {
  auto source = llama::ModelSource::open({.gguf = tiny, .chat_template = "{% for %}"});
  auto tried = try_model(WRIT_TRIAL_PROGRAM, *source, engine, {.patience = Seconds{60}}, never);
  ASSERT_FALSE(tried);
  EXPECT_EQ(tried.error().code, "bad_chat_template");
  source->chat_template.reset();
  source->adapter = *llama::GgufFile::open(WRIT_MODELS "/tools-adapter/adapter.gguf", llama::GgufKind::adapter);
  tried = try_model(WRIT_TRIAL_PROGRAM, *source, engine, {.patience = Seconds{60}}, never);
  ASSERT_FALSE(tried);
  EXPECT_EQ(tried.error().code, "adapter_mismatch");
}

TEST_F(ModelTrialTest, a_template_that_nests_too_deep_ends_only_the_trial) {
  std::string deep = "{{ ";
  for (int i = 0; i < 100'000; ++i) deep += '(';
  auto source = llama::ModelSource::open({.gguf = tiny, .chat_template = deep});
  const auto tried = try_model(WRIT_TRIAL_PROGRAM, *source, engine, {.patience = Seconds{60}}, never);
  ASSERT_FALSE(tried);
  EXPECT_TRUE(tried.error().code == "model_crashes" || tried.error().code == "bad_chat_template") << tried.error().code;
}

TEST_F(ModelTrialTest, a_process_that_aborts_crashes_or_ends_without_a_word_is_a_model_that_crashes) {
  for (const auto* end :
       {"kill -ABRT $$", "kill -SEGV $$", "kill -FPE $$", "exit 1", "exit 0", "echo '{\"ok\":true'"}) {
    const auto tried = try_file(tiny, script("echo 'the last words'; " + std::string(end)));
    ASSERT_FALSE(tried) << end;
    EXPECT_EQ(tried.error().code, "model_crashes") << end;
    EXPECT_NE(tried.error().where.find("the last words"), std::string::npos);
    EXPECT_EQ(tried.error().message.find('/'), std::string::npos) << tried.error().message;
  }
}

TEST_F(ModelTrialTest, a_process_that_the_system_kills_may_be_tried_again) {
  for (const auto* end : {"kill -KILL $$", "kill -XCPU $$"})
    EXPECT_EQ(try_file(tiny, script(end)).error().code, "trial_killed");
}

TEST_F(ModelTrialTest, a_process_that_hangs_is_ended_in_time_also_where_it_says_nothing_more) {
  for (const auto* hang : {"exec sleep 600", "exec >&- 2>&-; exec sleep 600"}) {
    const auto began = std::chrono::steady_clock::now();
    const auto tried = try_file(tiny, script(hang), Seconds{1});
    ASSERT_FALSE(tried);
    EXPECT_TRUE(tried.error().code == "model_too_slow" || tried.error().code == "trial_killed") << tried.error().code;
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20));
  }
}

TEST_F(ModelTrialTest, a_trial_is_given_up_when_the_service_stops) {
  const auto source = llama::ModelSource::open({.gguf = tiny});
  const auto began = std::chrono::steady_clock::now();
  const auto tried =
      try_model(script("exec sleep 600"), *source, engine, {.patience = Seconds{60}}, [] { return true; });
  EXPECT_EQ(tried.error().kind, ErrorKind::cancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20));
}

TEST_F(ModelTrialTest, one_that_floods_its_output_fills_no_memory) {
  const auto tried = try_file(tiny, script("head -c 20000000 /dev/zero; exit 3"));
  EXPECT_EQ(tried.error().code, "model_crashes");
  EXPECT_LE(tried.error().where.size(), 4096U);
}

TEST_F(ModelTrialTest, a_program_that_cannot_be_started_is_no_reason_to_load) {
  EXPECT_EQ(try_file(tiny, folder.path() / "nothing").error().code, "trial_impossible");
}

TEST_F(ModelTrialTest, settings_are_not_passed_on_and_only_the_models_files_are_open) {
  ::setenv("WRIT_CLIENT_SECRET", "a secret", 1);
  const auto tried = try_file(tiny, script("env; ls /proc/self/fd; exit 3"));
  ::unsetenv("WRIT_CLIENT_SECRET");
  ASSERT_FALSE(tried);
  EXPECT_EQ(tried.error().where.find("a secret"), std::string::npos);
  EXPECT_NE(tried.error().where.find("GGML_NO_BACKTRACE=1"), std::string::npos);
  EXPECT_EQ(tried.error().where.find("\n6\n"), std::string::npos) << tried.error().where;
}

TEST_F(ModelTrialTest, mutants_are_refused_or_load_and_end_nothing_but_the_trial) {
  const llama::MutantMaker maker(tiny);
  std::mt19937_64 random(8'192);
  int tried = 0;
  for (int i = 0; i < 4000 && tried < 25; ++i) {
    const auto path = maker.write(random);
    if (!llama::GgufFile::open(path, llama::GgufKind::model)) continue;
    ++tried;
    const auto outcome = try_file(path);
    if (outcome) continue;
    EXPECT_FALSE(outcome.error().code.empty());
    EXPECT_EQ(outcome.error().message.find(path.parent_path().string()), std::string::npos) << outcome.error().message;
    RecordProperty(("mutant" + std::to_string(i)).c_str(), outcome.error().code + outcome.error().where);
  }
  EXPECT_EQ(tried, 25);
}

TEST_F(ModelTrialTest, a_trial_is_remembered_until_files_limits_or_program_are_others) {
  fs::copy_file(tiny, folder.path() / "m.gguf");
  const auto key = [&](llama::EngineLimits limits = engine) {
    return trial_key(*llama::ModelSource::open({.gguf = folder.path() / "m.gguf"}), limits, WRIT_TRIAL_PROGRAM);
  };
  const auto before = key();
  RememberedTrials(folder.path()).add(before);
  EXPECT_TRUE(RememberedTrials(folder.path()).has(before));
  auto more = engine;
  more.context_tokens *= 2;
  EXPECT_NE(key(more), before);
  const auto time = fs::last_write_time(folder.path() / "m.gguf");
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the kernel's clock for files ticks
  fs::last_write_time(folder.path() / "m.gguf", time);
  EXPECT_NE(key(), before) << "what was written and dated back is another file";
}

TEST_F(ModelTrialTest, a_memory_that_is_no_file_is_none) {
  fs::create_symlink("/etc/passwd", folder.path() / "tried.json");
  RememberedTrials(folder.path()).add("x");
  EXPECT_FALSE(fs::is_symlink(folder.path() / "tried.json")) << "the link was replaced, not followed";
}

}  // namespace
}  // namespace writ::slm
