// After every commit of a run the disk is taken away, and a new process finds what was committed.
#include <gtest/gtest.h>

#include "orchestrator/fake_platform.h"

namespace writ::orchestrator {
namespace {

struct Ended {
  RunStatus status;
  std::string answer;
  bool operator==(const Ended&) const = default;
};

/// Runs the prompt and dies after `writes` commits; nothing when the run ended before that. Answers unknown outcomes as
/// a person who looks at the tool's own store would.
std::optional<Ended> run_with_crash(FakePlatform& platform, const std::string& prompt, int writes) {
  platform.up();
  // The first write is the acknowledged start.
  platform.live->database.crash_after(writes + 1, [&] { platform.live->hub.close(); });
  const auto run = platform.start(prompt);
  platform.watch(run.run_id);
  const bool crashed = platform.live->database.crashed();
  if (!crashed) platform.live->database.crash_after(-1);
  platform.down();
  if (!crashed) return std::nullopt;
  platform.up();
  if (platform.watch(run.run_id, 0, "review_requested").back().type == "review_requested") {
    const bool happened = !platform.effects.empty();
    AnswerReview answer{.review_id = platform.open_review(run.run_id).review_id,
                        .answer = happened ? ReviewAnswer::done : ReviewAnswer::retry};
    if (happened) answer.result = json::object{{"written", true}};
    EXPECT_TRUE(platform.answer(FakePlatform::boss(), answer));
    platform.watch(run.run_id);
  }
  const auto found = platform.run(run.run_id);
  return Ended{found.status, found.answer.value_or("")};
}

void crash_everywhere(const std::string& prompt, const std::string& answer, bool once) {
  int crashes = 0;
  for (int writes = 0;; ++writes) {
    FakePlatform platform;
    const auto ended = run_with_crash(platform, prompt, writes);
    if (!ended) break;
    ++crashes;
    EXPECT_EQ(ended->status, RunStatus::completed) << "after " << writes << " writes";
    EXPECT_EQ(ended->answer, answer) << "after " << writes << " writes";
    // The same idempotency key is the same effect; a `once` tool is not even called twice.
    EXPECT_EQ(std::set<std::string>(platform.effects.begin(), platform.effects.end()).size(), 1U)
        << "after " << writes << " writes";
    if (once) EXPECT_EQ(platform.effects.size(), 1U) << "after " << writes << " writes";
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GE(crashes, 8);
}

TEST(OrchestratorCrash, a_crash_after_any_commit_ends_as_it_would_have_with_an_idempotent_tool) {
  crash_everywhere(R"(call save {"text":"hi"})", R"(The tool said {"written":true})", false);
}

TEST(OrchestratorCrash, a_crash_after_any_commit_never_repeats_a_once_tool) {
  crash_everywhere(R"(call journal {"text":"hi"})", R"(The tool said {"written":true})", true);
}

}  // namespace
}  // namespace writ::orchestrator
