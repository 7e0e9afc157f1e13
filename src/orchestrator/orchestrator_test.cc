#include "orchestrator/orchestrator.h"

#include <gtest/gtest.h>

#include "orchestrator/fake_platform.h"

namespace writ::orchestrator {
namespace {

using policy::Verdict;

class OrchestratorTest : public testing::Test {
 protected:
  void SetUp() override { platform.up(); }
  static std::vector<std::string> types_of(const std::vector<RunEvent>& events) {
    std::vector<std::string> out;
    for (const auto& event : events)
      if (event.seq) out.push_back(event.type);
    return out;
  }
  static void expect_gapless(const std::vector<RunEvent>& events, std::int64_t after = 0) {
    for (const auto& event : events)
      if (event.seq) EXPECT_EQ(*event.seq, ++after);
  }
  FakePlatform platform;
};

TEST_F(OrchestratorTest, a_run_decides_thinks_acts_and_answers) {
  const auto started = platform.start(R"(call save {"text":"hi"})");
  const auto events = platform.watch(started.run_id);
  expect_gapless(events);
  EXPECT_EQ(types_of(events),
            (std::vector<std::string>{"run_started", "decided", "step_started", "decided", "decided", "model_output",
                                      "decided", "step_started", "tool_returned", "decided", "tool_result",
                                      "step_started", "decided", "decided", "model_output", "run_finished"}));
  const auto run = platform.run(started.run_id);
  EXPECT_EQ(run.status, RunStatus::completed);
  EXPECT_EQ(run.answer, R"(The tool said {"written":true})");
  EXPECT_EQ(run.steps, 2);
  EXPECT_EQ(run.usage.prompt, Tokens{20});
  EXPECT_EQ(run.last_seq, 16);
  EXPECT_EQ(platform.effects.size(), 1U);
  EXPECT_GE(platform.identity.resolved, 4);  // before every step
}

TEST_F(OrchestratorTest, deltas_of_a_call_make_up_its_text_and_are_never_stored) {
  const auto started = platform.start("hello");
  const auto live = platform.watch(started.run_id);
  std::string text;
  for (const auto& event : live) {
    if (event.type != "delta") continue;
    EXPECT_EQ(event.data.at("offset").as_uint64(), text.size());
    text += std::string(text_at(event.data, "text"));
  }
  if (!text.empty()) EXPECT_EQ(text, "You said: hello");  // a watcher may come after the fact
  for (const auto& event : platform.watch(started.run_id)) EXPECT_TRUE(event.seq) << event.type;
}

TEST_F(OrchestratorTest, a_watcher_goes_on_from_its_cursor_without_loss_or_duplicate) {
  const auto started = platform.start(R"(call save {"text":"hi"})");
  const auto all = platform.watch(started.run_id);
  for (std::int64_t after = 0; after <= 16; ++after) {
    const auto rest = platform.watch(started.run_id, after);
    expect_gapless(rest, after);
    EXPECT_EQ(std::ssize(rest), 16 - after);
  }
  (void)all;
}

TEST_F(OrchestratorTest, the_public_view_shows_texts_and_no_content_ids) {
  const auto started = platform.start(R"(call save {"text":"hi"})");
  for (const auto& event : platform.watch(started.run_id))
    EXPECT_EQ(to_text(event.data).find("cnt_"), std::string::npos) << to_text(event.data);
}

TEST_F(OrchestratorTest, a_denied_start_ends_the_run_before_the_model_is_asked) {
  platform.policy.verdicts["tester"] = Verdict::deny;
  const auto started = platform.start("hello");
  platform.watch(started.run_id);
  EXPECT_EQ(platform.run(started.run_id).status, RunStatus::denied);
  EXPECT_TRUE(platform.slm.prompts.empty());
}

TEST_F(OrchestratorTest, a_denied_tool_is_told_to_the_model_and_has_no_effect) {
  platform.policy.verdicts["save"] = Verdict::deny;
  const auto started = platform.start(R"(call save {"text":"hi"})");
  platform.watch(started.run_id);
  const auto run = platform.run(started.run_id);
  EXPECT_EQ(run.status, RunStatus::completed);
  EXPECT_EQ(run.answer, R"(The tool said {"error":"denied","message":"the test says so"})");
  EXPECT_TRUE(platform.effects.empty());
}

TEST_F(OrchestratorTest, a_tool_that_the_capsule_does_not_have_is_told_to_the_model) {
  const auto started = platform.start("call calculator {}");
  platform.watch(started.run_id);
  EXPECT_NE(platform.run(started.run_id).answer->find("no_tool"), std::string::npos);
}

TEST_F(OrchestratorTest, a_review_is_answered_by_somebody_else_with_the_rules_scope) {
  platform.policy.verdicts["journal"] = Verdict::review;
  const auto started = platform.start(R"(call journal {"text":"hi"})");
  const auto review = platform.open_review(started.run_id);
  EXPECT_EQ(review.scope, "reviews:decide");
  EXPECT_EQ(to_text(review.arguments), R"({"text":"hi"})");
  EXPECT_EQ(platform.run(started.run_id).status, RunStatus::waiting_review);

  const AnswerReview approve{.review_id = review.review_id, .answer = ReviewAnswer::approve};
  const auto own = platform.answer(FakePlatform::as("dev", {"reviews:decide"}), approve);
  ASSERT_FALSE(own);
  EXPECT_EQ(own.error().code, "own_request");
  const auto scopeless = platform.answer(FakePlatform::as("other"), approve);
  ASSERT_FALSE(scopeless);
  EXPECT_EQ(scopeless.error().code, "missing_scope");
  const auto misfit =
      platform.answer(FakePlatform::boss(), {.review_id = review.review_id, .answer = ReviewAnswer::retry});
  ASSERT_FALSE(misfit);
  EXPECT_EQ(misfit.error().code, "bad_answer");
  const auto bad = platform.answer(
      FakePlatform::boss(),
      {.review_id = review.review_id, .answer = ReviewAnswer::approve, .arguments = json::object{{"text", 1}}});
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().problems.at(0).pointer, "/arguments/text");

  const auto done = platform.answer(
      FakePlatform::boss(),
      {.review_id = review.review_id, .answer = ReviewAnswer::approve, .arguments = json::object{{"text", "edited"}}});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->status, ReviewStatus::approved);
  EXPECT_EQ(done->answered_by, Subject("boss"));
  const auto again = platform.answer(FakePlatform::boss(), approve);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, "review_answered");
  platform.watch(started.run_id);
  EXPECT_EQ(platform.run(started.run_id).status, RunStatus::completed);
  ASSERT_EQ(platform.effects.size(), 1U);
  EXPECT_TRUE(platform.effects.begin()->ends_with(" edited"));
}

TEST_F(OrchestratorTest, a_denied_output_ends_the_run) {
  const auto started = platform.start("forbidden words");
  platform.watch(started.run_id);
  const auto run = platform.run(started.run_id);
  EXPECT_EQ(run.status, RunStatus::denied);
  EXPECT_TRUE(run.reason->starts_with("output_denied"));
  EXPECT_FALSE(run.answer);
}

TEST_F(OrchestratorTest, a_repeatable_tool_whose_answer_is_lost_is_called_again) {
  platform.lost_answers = 2;
  const auto started = platform.start(R"(call save {"text":"hi"})");
  platform.watch(started.run_id);
  EXPECT_EQ(platform.run(started.run_id).status, RunStatus::completed);
  EXPECT_EQ(platform.effects.size(), 3U);
  EXPECT_EQ(std::set<std::string>(platform.effects.begin(), platform.effects.end()).size(), 1U);  // one idempotency key
}

TEST_F(OrchestratorTest, a_repeatable_tool_that_always_breaks_ends_the_run) {
  platform.lost_answers = 100;
  const auto started = platform.start(R"(call save {"text":"hi"})");
  platform.watch(started.run_id);
  EXPECT_TRUE(platform.run(started.run_id).reason->starts_with("cut_off"));
  EXPECT_EQ(platform.effects.size(), 1U + restarts_max);
}

class LostOnce : public OrchestratorTest, public testing::WithParamInterface<ReviewAnswer> {};

TEST_P(LostOnce, a_once_tool_whose_answer_is_lost_waits_for_each_kind_of_answer) {
  platform.lost_answers = 1;
  const auto started = platform.start(R"(call journal {"text":"hi"})");
  const auto review = platform.open_review(started.run_id);
  EXPECT_EQ(review.kind, ReviewKind::unknown_outcome);
  EXPECT_EQ(platform.effects.size(), 1U);
  AnswerReview answer{.review_id = review.review_id, .answer = GetParam()};
  if (GetParam() == ReviewAnswer::done) answer.result = json::object{{"written", "by hand"}};
  ASSERT_TRUE(platform.answer(FakePlatform::boss(), answer));
  platform.watch(started.run_id);
  const auto run = platform.run(started.run_id);
  EXPECT_EQ(run.status, RunStatus::completed);
  EXPECT_EQ(platform.effects.size(), GetParam() == ReviewAnswer::retry ? 2U : 1U);
  if (GetParam() == ReviewAnswer::done) EXPECT_EQ(run.answer, R"(The tool said {"written":"by hand"})");
  if (GetParam() == ReviewAnswer::deny)
    EXPECT_NE(run.answer->find("it is unknown whether it happened"), std::string::npos);
}
INSTANTIATE_TEST_SUITE_P(Answers, LostOnce,
                         testing::Values(ReviewAnswer::retry, ReviewAnswer::done, ReviewAnswer::deny));

TEST_F(OrchestratorTest, a_sessions_model_is_that_of_all_its_runs) {
  auto& service = platform.live->service;
  const auto first = platform.loops.run(
      service.start(FakePlatform::as("dev"), {.prompt = "one", .capsule = "tester", .model = "big"}));
  ASSERT_TRUE(first);
  platform.watch(first->run_id);
  const auto second =
      platform.loops.run(service.post(FakePlatform::as("dev"), {.session_id = first->session_id, .prompt = "two"}));
  ASSERT_TRUE(second);
  platform.watch(second->run_id);
  EXPECT_EQ(platform.run(second->run_id).model, "big");
  EXPECT_EQ(platform.slm.prompts.back().model, "big");
}

TEST_F(OrchestratorTest, a_review_can_be_approved_after_a_restart) {
  platform.policy.verdicts["journal"] = Verdict::review;
  const auto started = platform.start(R"(call journal {"text":"hi"})");
  const auto review = platform.open_review(started.run_id);
  platform.down();
  platform.up();
  ASSERT_TRUE(platform.answer(FakePlatform::boss(), {.review_id = review.review_id, .answer = ReviewAnswer::approve}));
  platform.watch(started.run_id);
  EXPECT_EQ(platform.run(started.run_id).status, RunStatus::completed);
  EXPECT_EQ(platform.effects.size(), 1U);
}

TEST_F(OrchestratorTest, a_review_that_nobody_answers_is_denied) {
  platform.policy.verdicts["journal"] = Verdict::review;
  const auto started = platform.start(R"(call journal {"text":"hi"})");
  const auto review = platform.open_review(started.run_id);
  platform.clock.advance(std::chrono::hours{73});
  platform.live->engine.wake();
  platform.watch(started.run_id);
  EXPECT_NE(platform.run(started.run_id).answer->find("nobody approved it in time"), std::string::npos);
  EXPECT_TRUE(platform.effects.empty());
  const auto late =
      platform.answer(FakePlatform::boss(), {.review_id = review.review_id, .answer = ReviewAnswer::approve});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, "review_answered");
}

TEST_F(OrchestratorTest, a_run_parks_while_policy_is_down_and_resumes) {
  platform.policy.down = true;
  const auto started = platform.start("hello");
  platform.watch(started.run_id, 0, "waiting_dependency");
  const auto parked = platform.run(started.run_id);
  EXPECT_EQ(parked.status, RunStatus::waiting_dependency);
  EXPECT_EQ(parked.reason, "policy_down");
  platform.policy.down = false;
  platform.clock.advance(Seconds{31});
  platform.live->engine.wake();
  platform.watch(started.run_id);
  EXPECT_EQ(platform.run(started.run_id).status, RunStatus::completed);
}

TEST_F(OrchestratorTest, a_dependency_that_stays_down_fails_the_run_at_its_deadline) {
  platform.policy.down = true;
  const auto started = platform.start("hello");
  platform.watch(started.run_id, 0, "waiting_dependency");
  platform.clock.advance(std::chrono::hours{1});
  platform.live->engine.wake();
  platform.watch(started.run_id);
  const auto run = platform.run(started.run_id);
  EXPECT_EQ(run.status, RunStatus::failed);
  EXPECT_TRUE(run.reason->starts_with("time_limit")) << *run.reason;
}

TEST_F(OrchestratorTest, a_revoked_principal_ends_the_run_clearly) {
  platform.identity.revoked = true;
  const auto started = platform.start("hello");
  platform.watch(started.run_id);
  EXPECT_TRUE(platform.run(started.run_id).reason->starts_with("principal_gone"));
}

TEST_F(OrchestratorTest, cancel_drops_the_models_stream_and_ends_the_run) {
  const auto started = platform.start("wait");
  platform.slm.wait_until_waiting();
  ASSERT_TRUE(platform.loops.run(platform.live->service.cancel(FakePlatform::as("dev"), {.run_id = started.run_id})));
  const auto events = platform.watch(started.run_id);
  expect_gapless(events);
  const auto run = platform.run(started.run_id);
  EXPECT_EQ(run.status, RunStatus::cancelled);
  EXPECT_EQ(run.reason, "cancelled by dev");
  EXPECT_EQ(platform.slm.dropped, 1);
  const auto again =
      platform.loops.run(platform.live->service.cancel(FakePlatform::as("dev"), {.run_id = started.run_id}));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->last_seq, run.last_seq);
}

TEST_F(OrchestratorTest, cancel_ends_a_run_that_waits_for_a_person_and_closes_its_review) {
  platform.policy.verdicts["journal"] = Verdict::review;
  const auto started = platform.start(R"(call journal {"text":"hi"})");
  const auto review = platform.open_review(started.run_id);
  ASSERT_TRUE(platform.loops.run(platform.live->service.cancel(FakePlatform::as("dev"), {.run_id = started.run_id})));
  platform.watch(started.run_id);
  EXPECT_EQ(platform.run(started.run_id).status, RunStatus::cancelled);
  EXPECT_FALSE(platform.answer(FakePlatform::boss(), {.review_id = review.review_id, .answer = ReviewAnswer::approve}));
  EXPECT_TRUE(platform.effects.empty());
}

TEST_F(OrchestratorTest, another_tenants_ids_are_not_found) {
  platform.policy.verdicts["journal"] = Verdict::review;
  const auto started = platform.start(R"(call journal {"text":"hi"})");
  const auto review = platform.open_review(started.run_id);
  const auto ctx = FakePlatform::as("dev", {"*"}, "other");
  auto& service = platform.live->service;
  const auto expect_not_found = [](const auto& result) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::not_found);
  };
  expect_not_found(platform.loops.run(service.run(ctx, {.run_id = started.run_id})));
  expect_not_found(platform.loops.run(service.session(ctx, {.session_id = started.session_id})));
  expect_not_found(platform.loops.run(service.post(ctx, {.session_id = started.session_id, .prompt = "x"})));
  expect_not_found(platform.loops.run(service.watch(ctx, {.run_id = started.run_id})));
  expect_not_found(platform.loops.run(service.cancel(ctx, {.run_id = started.run_id})));
  expect_not_found(platform.answer(ctx, {.review_id = review.review_id, .answer = ReviewAnswer::approve}));
  EXPECT_TRUE(platform.loops.run(service.reviews(ctx, {}))->reviews.empty());
}

TEST_F(OrchestratorTest, an_idempotency_key_gives_the_same_run_and_refuses_another_request) {
  auto ctx = FakePlatform::as("dev");
  ctx.idempotency_key = "once-please";
  auto& service = platform.live->service;
  const StartSession in{.prompt = "hello", .capsule = "tester"};
  const auto first = platform.loops.run(service.start(ctx, in));
  const auto second = platform.loops.run(service.start(ctx, in));
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->run_id, second->run_id);
  const auto other = platform.loops.run(service.start(ctx, {.prompt = "bye", .capsule = "tester"}));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, "idempotency_mismatch");
  ctx.principal.subject = Subject("someone");
  EXPECT_NE(platform.loops.run(service.start(ctx, in))->run_id, first->run_id);
  platform.watch(first->run_id);
}

TEST_F(OrchestratorTest, a_session_goes_on_with_what_was_said_and_has_one_active_run) {
  const auto first = platform.start("one");
  platform.watch(first.run_id);
  auto& service = platform.live->service;
  const auto second =
      platform.loops.run(service.post(FakePlatform::as("dev"), {.session_id = first.session_id, .prompt = "wait"}));
  ASSERT_TRUE(second);
  platform.slm.wait_until_waiting();
  const auto third =
      platform.loops.run(service.post(FakePlatform::as("dev"), {.session_id = first.session_id, .prompt = "three"}));
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, "run_active");
  EXPECT_EQ(
      to_text(platform.slm.prompts.back().messages),
      R"([{"role":"user","content":"one"},{"role":"assistant","content":"You said: one"},{"role":"user","content":"wait"}])");
  const auto session = platform.loops.run(service.session(FakePlatform::as("dev"), {.session_id = first.session_id}));
  ASSERT_TRUE(session);
  EXPECT_EQ(session->runs.size(), 2U);
  ASSERT_EQ(session->messages.size(), 3U);
  EXPECT_EQ(session->messages[1].content, "You said: one");
}

TEST_F(OrchestratorTest, a_host_with_an_older_fence_cannot_write) {
  platform.policy.verdicts["journal"] = Verdict::review;
  const auto started = platform.start(R"(call journal {"text":"hi"})");
  platform.open_review(started.run_id);
  const Claim stale{.tenant = TenantId("acme"), .run_id = started.run_id, .fence = 1};
  auto& store = platform.live->store;
  const auto loaded = platform.loops.run(store.load(FakePlatform::as("x"), stale));
  ASSERT_TRUE(loaded);
  const auto appended = platform.loops.run(
      store.append(FakePlatform::as("x"), stale, loaded->state, {RunFinished{}}, platform.clock.now()));
  ASSERT_FALSE(appended);
  EXPECT_EQ(appended.error().code, "fenced");
}

TEST_F(OrchestratorTest, the_audit_chain_is_told_of_ends_and_answers) {
  outbox::AuditOutbox outbox(
      platform.live->database, [&]() -> policy::PolicyPort& { return platform.policy; }, [](std::size_t) {},
      platform.log);
  ASSERT_TRUE(
      platform.live->tasks.spawn(platform.loops.at(0), "outbox", outbox.deliver(platform.live->tasks.stopping())));
  platform.policy.verdicts["journal"] = Verdict::review;
  const auto started = platform.start(R"(call journal {"text":"hi"})");
  const auto review = platform.open_review(started.run_id);
  ASSERT_TRUE(platform.answer(FakePlatform::boss(), {.review_id = review.review_id, .answer = ReviewAnswer::deny}));
  platform.watch(started.run_id);
  platform.policy.wait_for_audit(started.run_id.str() + "/run.finished");
  platform.policy.wait_for_audit(review.review_id.str() + "/review.answered");
  platform.down();
  EXPECT_EQ(text_at(platform.policy.audit.at(review.review_id.str() + "/review.answered"), "by"), "boss");
  EXPECT_EQ(platform.policy.audit.size(), 2U);
}

}  // namespace
}  // namespace writ::orchestrator
