// Sessions and runs whose conversation is longer than the model's context, and capsules whose text changed.
#include <gtest/gtest.h>

#include "orchestrator/fake_platform.h"

namespace writ::orchestrator {
namespace {

class LongSessionTest : public testing::Test {
 protected:
  void SetUp() override { platform.up(); }
  Started post(const Started& session, std::string prompt) {
    auto started = platform.loops.run(platform.live->service.post(
        FakePlatform::as("dev"), {.session_id = session.session_id, .prompt = std::move(prompt)}));
    EXPECT_TRUE(started) << started.error().message;
    return started.value_or(Started{});
  }
  std::vector<json::object> trimmed(const RunId& run) {
    std::vector<json::object> out;
    for (const auto& event : platform.watch(run))
      if (event.type == "context_trimmed") out.push_back(event.data);
    return out;
  }
  FakePlatform platform;
};

TEST_F(LongSessionTest, a_session_of_many_short_messages_lives_on_and_says_what_is_left_out) {
  const auto message = [](int n) { return "message " + std::to_string(n) + std::string(100, '.'); };
  const auto session = platform.start(message(0));
  platform.watch(session.run_id);
  bool said = false;
  for (int i = 1; i < 60; ++i) {
    const auto next = post(session, message(i));
    const auto left_out = trimmed(next.run_id);
    said = said || !left_out.empty();
    ASSERT_EQ(platform.run(next.run_id).status, RunStatus::completed) << i;
    if (!left_out.empty()) EXPECT_EQ(left_out.size(), 1U);
  }
  EXPECT_TRUE(said);
  const auto& last = platform.slm.prompts.back().messages;
  EXPECT_EQ(text_at(last.back().as_object(), "content"), message(59));
  EXPECT_EQ(text_at(last.at(last.size() - 2).as_object(), "content"), "You said: " + message(58));
  EXPECT_EQ(text_at(last.front().as_object(), "role"), "user") << "whole exchanges are left out";
}

TEST_F(LongSessionTest, a_message_that_is_too_long_is_refused_and_the_session_goes_on) {
  const auto session = platform.start("hello");
  platform.watch(session.run_id);
  const auto huge = post(session, std::string(60'000, 'x'));
  platform.watch(huge.run_id);
  const auto run = platform.run(huge.run_id);
  EXPECT_EQ(run.status, RunStatus::failed);
  EXPECT_TRUE(run.reason->starts_with("context_overflow") && run.reason->contains("2048")) << *run.reason;
  const auto after = post(session, "Hi");
  platform.watch(after.run_id);
  EXPECT_EQ(platform.run(after.run_id).answer, "You said: Hi");
}

TEST_F(LongSessionTest, a_smaller_context_after_a_restart_leaves_out_more) {
  const auto session = platform.start("message 0");
  platform.watch(session.run_id);
  for (int i = 1; i < 20; ++i) platform.watch(post(session, "message " + std::to_string(i)).run_id);
  const auto before = platform.slm.prompts.back().messages.size();
  platform.down();
  platform.slm.context = 500;
  platform.up();
  const auto next = post(session, "Hi");
  platform.watch(next.run_id);
  EXPECT_EQ(platform.run(next.run_id).status, RunStatus::completed);
  EXPECT_LT(platform.slm.prompts.back().messages.size(), before);
}

TEST_F(LongSessionTest, a_capsule_that_was_changed_under_its_version_starts_nothing) {
  const auto session = platform.start("hello");
  platform.watch(session.run_id);
  platform.down();
  platform.capsules = *CapsuleSet::load({});
  ASSERT_TRUE(platform.capsules.add(*parse_capsule(R"({"name":"tester","version":1,"system_prompt":"Be evil."})")));
  platform.up();
  auto& service = platform.live->service;
  const auto fresh = platform.loops.run(service.start(FakePlatform::as("dev"), {.prompt = "x", .capsule = "tester"}));
  ASSERT_FALSE(fresh);
  EXPECT_EQ(fresh.error().code, "capsule_changed");
  EXPECT_TRUE(fresh.error().message.contains("new version"));
  const auto next =
      platform.loops.run(service.post(FakePlatform::as("dev"), {.session_id = session.session_id, .prompt = "x"}));
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code, "capsule_changed");
  const auto elsewhere =
      platform.loops.run(service.start(FakePlatform::as("dev", {}, "other"), {.prompt = "x", .capsule = "tester"}));
  EXPECT_TRUE(elsewhere) << "another tenant never ran the old text";
  if (elsewhere) {
    auto stream =
        platform.loops.run(service.watch(FakePlatform::as("dev", {}, "other"), {.run_id = elsewhere->run_id}));
    ASSERT_TRUE(stream);
    for (auto item = platform.loops.run((*stream)->next()); item && *item;)
      item = platform.loops.run((*stream)->next());
  }
}

TEST_F(LongSessionTest, a_run_is_not_resumed_under_another_text_of_its_capsule) {
  platform.policy.verdicts["journal"] = policy::Verdict::review;
  const auto started = platform.start(R"(call journal {"text":"hi"})");
  const auto review = platform.open_review(started.run_id);
  platform.down();
  platform.capsules = *CapsuleSet::load({});
  ASSERT_TRUE(platform.capsules.add(
      *parse_capsule(R"({"name":"tester","version":1,"system_prompt":"Be evil.","tools":["journal"]})")));
  platform.up();
  ASSERT_TRUE(platform.answer(FakePlatform::boss(), {.review_id = review.review_id, .answer = ReviewAnswer::approve}));
  platform.watch(started.run_id);
  const auto run = platform.run(started.run_id);
  EXPECT_EQ(run.status, RunStatus::failed);
  EXPECT_TRUE(run.reason->starts_with("capsule_changed: tester@1")) << *run.reason;
  EXPECT_TRUE(platform.effects.empty());
}

TEST_F(LongSessionTest, the_audit_record_of_a_runs_end_carries_its_capsules_hash) {
  outbox::AuditOutbox outbox(
      platform.live->database, [&]() -> policy::PolicyPort& { return platform.policy; }, [](std::size_t) {},
      platform.log);
  ASSERT_TRUE(
      platform.live->tasks.spawn(platform.loops.at(0), "outbox", outbox.deliver(platform.live->tasks.stopping())));
  const auto started = platform.start("hello");
  platform.watch(started.run_id);
  const auto id = started.run_id.str() + "/run.finished";
  platform.policy.wait_for_audit(id);
  platform.down();
  EXPECT_EQ(text_at(platform.policy.audit.at(id), "capsule_hash"), platform.capsules.find("tester")->hash);
}

}  // namespace
}  // namespace writ::orchestrator
