// What is reserved, replaced, settled and forgotten, and outputs that go on after a restart.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/encoding.h"
#include "policy/api/grant.h"
#include "policy/policy_fixture.h"

namespace writ::policy {
namespace {

std::string text_from(std::string_view text, std::int64_t from) {
  return std::string(text.substr(static_cast<std::size_t>(from)));
}

using PolicyBudget = PolicyServiceTest;  // a limit of 1000; calls may generate at most 100

TEST_F(PolicyBudget, an_attempt_takes_the_place_of_the_one_before_it) {
  const auto first = evaluate(attempt(1, 300, 90));
  ASSERT_TRUE(first);
  ASSERT_TRUE(inspect(*first, 0, "some words", false, Tokens{304}));
  const auto second = evaluate(attempt(2, 300, 90));
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->step_tokens, Tokens{304});
  EXPECT_EQ(budget().settled, Tokens{304});
  EXPECT_EQ(budget().reserved, Tokens{390});
  // A late word of the first corrects what was assumed of it.
  EXPECT_TRUE(settle(*first, 320, "late"));
  EXPECT_EQ(budget().settled, Tokens{320});
  EXPECT_EQ(budget().reserved, Tokens{390});
  const auto records = audit();
  EXPECT_TRUE(std::ranges::any_of(records, [](const AuditRecord& record) { return record.kind == "replace"; }));
}

TEST_F(PolicyBudget, an_attempt_whose_use_only_a_bill_tells_is_presumed_at_its_estimate) {
  auto upstream = attempt(1, 300, 90);
  upstream.generates.reset();
  const auto first = evaluate(upstream);
  ASSERT_TRUE(evaluate(attempt(2, 10, 20)));
  EXPECT_EQ(budget().presumed, Tokens{390});
  EXPECT_EQ(budget().reserved, Tokens{30});
  EXPECT_TRUE(settle(*first, 320, "bill"));
  EXPECT_EQ(budget().presumed, Tokens{0});
}

TEST_F(PolicyBudget, an_attempt_that_is_refused_still_takes_the_place_of_the_one_before_it) {
  ASSERT_TRUE(evaluate(attempt(1, 600, 90)));
  ASSERT_TRUE(evaluate(attempt(1, 200, 90, "run_2")));
  const auto second = evaluate(attempt(2, 620, 90));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "budget_spent");  // 600 are known to be used
  EXPECT_EQ(budget().settled, Tokens{600});
  EXPECT_EQ(budget().reserved, Tokens{290});
}

TEST_F(PolicyBudget, another_run_another_step_and_another_tenant_are_left_alone) {
  ASSERT_TRUE(evaluate(attempt(1, 100, 90)));
  ASSERT_TRUE(evaluate(attempt(2, 100, 90, "run_2")));
  EXPECT_EQ(budget().reserved, Tokens{380});
  ctx_.principal.tenant = TenantId("globex");
  ASSERT_TRUE(evaluate(attempt(2, 100, 90)));
  ctx_.principal.tenant = TenantId("acme");
  EXPECT_EQ(budget().reserved, Tokens{380});
}

TEST_F(PolicyBudget, an_attempt_that_expired_while_its_run_waited_is_replaced_too) {
  ASSERT_TRUE(evaluate(attempt(1, 300, 90)));
  clock_.step(Seconds{901});
  EXPECT_EQ(loops_.run(service_->sweep(ctx())), Result<std::int64_t>(1));
  EXPECT_EQ(budget().presumed, Tokens{390});
  ASSERT_TRUE(evaluate(attempt(2, 300, 90)));
  EXPECT_EQ(budget().presumed, Tokens{0});
  EXPECT_EQ(budget().settled, Tokens{300});
}

TEST_F(PolicyBudget, runs_whose_attempts_all_expired_wait_for_one_another_and_go_on) {
  const auto run = [](int n) { return "run_" + std::to_string(n); };
  for (int n = 1; n <= 4; ++n) ASSERT_TRUE(evaluate(attempt(1, 10, 90, run(n))));
  ASSERT_TRUE(evaluate(model_call("direct", 600)));
  clock_.step(Seconds{901});
  ASSERT_TRUE(loops_.run(service_->sweep(ctx())));
  EXPECT_EQ(budget().left, Tokens{0});
  const auto first = evaluate(attempt(2, 10, 90, run(1)));
  ASSERT_FALSE(first) << "10 are used of its own";
  EXPECT_EQ(first.error().code, "budget_reserved") << "the others will say what they used";
  for (const int n : {2, 3, 4, 1}) {
    const auto next = evaluate(attempt(3, 10, 90, run(n)));
    ASSERT_TRUE(next) << n << next.error().message;
    ASSERT_TRUE(settle(*next, 12, run(n) + "/s"));
  }
  EXPECT_EQ(budget().settled, Tokens{4 * (10 + 12)});
  EXPECT_EQ(budget().presumed, Tokens{600});
}

TEST_F(PolicyBudget, what_others_hold_is_waited_for_and_what_is_used_is_not) {
  const auto other = evaluate(attempt(1, 800, 90));
  ASSERT_TRUE(other);
  const auto held = evaluate(attempt(1, 100, 90, "run_2"));
  ASSERT_FALSE(held);
  EXPECT_EQ(held.error().code, "budget_reserved");
  EXPECT_EQ(held.error().kind, ErrorKind::quota_exceeded);
  EXPECT_EQ(held.error().retry_after, Seconds{1});
  ASSERT_TRUE(settle(*other, 900));
  const auto spent = evaluate(attempt(2, 100, 90, "run_2"));
  ASSERT_FALSE(spent);
  EXPECT_EQ(spent.error().code, "budget_spent");
}

TEST_F(PolicyBudget, what_is_reserved_is_what_the_grant_permits) {
  const auto decision = evaluate(attempt(1, 500, 900));  // the rule permits 100
  ASSERT_TRUE(decision) << decision.error().message;
  EXPECT_EQ(decision->reservation->tokens, Tokens{600});
  EXPECT_EQ(decision->obligations.max_tokens, Tokens{100});
  EXPECT_EQ(budget().reserved, Tokens{600});
}

TEST_F(PolicyBudget, the_attempts_of_a_step_together_keep_to_what_the_run_has_left) {
  auto first = attempt(1, 100, 90);
  first.step_tokens_max = Tokens{250};
  ASSERT_TRUE(evaluate(first));
  auto second = attempt(2, 100, 90);
  second.step_tokens_max = Tokens{250};
  const auto cut = evaluate(second);  // 100 are charged for the first
  ASSERT_TRUE(cut) << cut.error().message;
  EXPECT_EQ(cut->obligations.max_tokens, Tokens{50});
  EXPECT_EQ(cut->reservation->tokens, Tokens{150});
  GrantVerifier verifier([this] { return service_->public_keys(); }, clock_);
  EXPECT_EQ(verifier.accept(ctx_, *cut->grant, {.action = Action::model_call, .resource = "m", .request_hash = "h"})
                ->obligations.max_tokens,
            Tokens{50});
  auto third = attempt(3, 100, 90);
  third.step_tokens_max = Tokens{250};
  const auto none = evaluate(third);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, "token_limit");
  EXPECT_EQ(none.error().retry_after, std::nullopt);
  EXPECT_EQ(budget().reserved, Tokens{0});
}

TEST_F(PolicyBudget, a_run_that_has_ended_holds_nothing) {
  const auto call = evaluate(attempt(1, 300, 90));
  ASSERT_TRUE(call);
  finish_run("run_1");
  EXPECT_EQ(budget().reserved, Tokens{0});
  EXPECT_EQ(budget().settled, Tokens{300});
  EXPECT_TRUE(settle(*call, 310));  // its charge was on its way
  EXPECT_EQ(budget().settled, Tokens{310});
}

TEST_F(PolicyBudget, what_a_process_held_is_over_when_it_starts_again) {
  const auto held_by = [](EvaluateRequest question, std::string name, std::string life) {
    question.generates = *question.estimate - Tokens{10};
    question.holder = Holder{.name = std::move(name), .life = std::move(life)};
    return question;
  };
  ASSERT_TRUE(evaluate(held_by(model_call("call_1", 90), "gateway", "a")));
  ASSERT_TRUE(evaluate(held_by(model_call("call_2", 90), "gateway", "a")));
  ASSERT_TRUE(evaluate(held_by(model_call("call_3", 90), "other", "a")));
  EXPECT_EQ(budget().reserved, Tokens{270});
  ASSERT_TRUE(evaluate(held_by(model_call("call_4", 90), "gateway", "b")));
  EXPECT_EQ(budget().reserved, Tokens{180});
  EXPECT_EQ(budget().settled, Tokens{20});
  // The same question from the next life of its process is the same question.
  EXPECT_TRUE(evaluate(held_by(model_call("call_4", 90), "gateway", "c")));
}

TEST_F(PolicyBudget, a_settlement_never_waits_for_trust_or_a_constitution) {
  const auto call = evaluate(attempt(1, 300, 90));
  ASSERT_TRUE(call);
  auto old = small_constitution();
  old.version = 2;
  let_expire(old);
  fresh_ = fail(unavailable("identity_stale", "stale"));
  ASSERT_TRUE(settle(*call, 310)) << "what happened is charged";
  EXPECT_EQ(settle(*call, 310)->settled, Tokens{310});
}

TEST_F(PolicyBudget, settled_calls_are_forgotten_and_live_ones_kept) {
  const auto direct = evaluate(model_call("call_1", 100));
  ASSERT_TRUE(inspect(*direct, 0, "text"));
  ASSERT_TRUE(settle(*direct, 10, "s1"));
  EXPECT_EQ(rows("releases"), 0);
  const auto of_run = evaluate(attempt(1, 100, 50));
  ASSERT_TRUE(settle(*of_run, 120, "s2"));
  ASSERT_TRUE(evaluate(model_call("call_2", 100)));
  clock_.step(settled_kept + Seconds{1});
  ASSERT_TRUE(loops_.run(service_->prune(ctx())));
  EXPECT_EQ(rows("reservations"), 2) << "of the run that goes on and of the call that is not settled";
  EXPECT_EQ(evaluate(attempt(2, 100, 50))->step_tokens, Tokens{120});
  finish_run("run_1");
  clock_.step(settled_kept + Seconds{1});
  ASSERT_TRUE(loops_.run(service_->prune(ctx())));
  EXPECT_EQ(rows("reservations"), 1);
  clock_.step(windows_kept + quota::daily);
  ASSERT_TRUE(loops_.run(service_->prune(ctx())));
  EXPECT_EQ(rows("reservations"), 0);
  EXPECT_EQ(rows("budget_windows"), 0);
}

TEST_F(PolicyBudget, an_output_goes_on_after_a_restart_from_what_was_committed) {
  const auto call = evaluate(attempt(1, 10, 90));
  ASSERT_TRUE(call);
  const std::string before = "all is well and nobody needs to know the sec", after = "ret of it";
  const auto first = inspect(*call, 0, before);
  ASSERT_TRUE(first);
  EXPECT_LE(first->release_upto, 41);
  open();
  const auto size = static_cast<std::int64_t>(before.size());
  const auto lost = inspect(*call, size, after);
  ASSERT_TRUE(lost) << lost.error().message;
  ASSERT_TRUE(lost->resend_from);
  EXPECT_EQ(lost->release_upto, first->release_upto);
  EXPECT_LE(*lost->resend_from, first->release_upto);
  const auto again = inspect(*call, *lost->resend_from, text_from(before + after, *lost->resend_from));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_FALSE(again->resend_from);
  EXPECT_EQ(again->facts, std::vector<std::string>{"denied_term"}) << "the match began before the restart";
  EXPECT_LE(again->release_upto, 41);
}

TEST_F(PolicyBudget, a_disguised_term_is_seen_over_a_restart) {
  const std::string harmless = "all is well and nobody needs to know the ";
  const auto begin = static_cast<std::int64_t>(harmless.size());
  const std::string disguised = "ѕ\u200Bе\u00ADc\\u0072ｅ\u0301t";
  int attempts = 0;
  for (std::size_t cut = 0; cut <= disguised.size(); cut += 3) {
    if (!is_utf8(disguised.substr(0, cut))) continue;
    ++attempts;
    const auto call = evaluate(attempt(attempts, 1, 9, "run_" + std::to_string(attempts)));
    ASSERT_TRUE(call);
    const auto text = harmless + disguised + " of it, and more that follows";
    const auto first = inspect(*call, 0, text.substr(0, harmless.size() + cut));
    ASSERT_TRUE(first);
    EXPECT_LE(first->release_upto, begin) << cut;
    open();
    const auto lost =
        inspect(*call, begin + static_cast<std::int64_t>(cut), text_from(text, begin + static_cast<std::int64_t>(cut)));
    ASSERT_TRUE(lost && lost->resend_from) << cut;
    const auto again = inspect(*call, *lost->resend_from, text_from(text, *lost->resend_from));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->facts, std::vector<std::string>{"denied_term"}) << cut;
    EXPECT_LE(again->release_upto, begin) << cut;
  }
  EXPECT_GE(attempts, 4);
}

TEST_F(PolicyBudget, another_text_than_the_scanned_one_does_not_go_on) {
  const auto call = evaluate(attempt(1, 10, 90));
  ASSERT_TRUE(inspect(*call, 0, "all is well, the sec"));
  open();
  const auto from = *inspect(*call, 20, "ret")->resend_from;
  EXPECT_EQ(inspect(*call, from, text_from("all is well, the SEC", from) + "ret").error().code, "output_changed");
  EXPECT_TRUE(inspect(*call, from, text_from("all is well, the secret", from)));
  // Nor without a restart.
  EXPECT_EQ(inspect(*call, 18, "nothing").error().code, "output_changed");
}

TEST_F(PolicyBudget, what_was_found_and_not_told_is_told_again_and_stays) {
  const auto call = evaluate(attempt(1, 10, 90));
  const std::string text = "the secret is out, and more";
  ASSERT_EQ(inspect(*call, 0, text)->facts.size(), 1U);
  const auto repeated = inspect(*call, 0, text);  // the answer was lost
  ASSERT_TRUE(repeated);
  EXPECT_EQ(repeated->facts, std::vector<std::string>{"denied_term"});
  EXPECT_EQ(repeated->release_upto, 4);
  open();
  const auto lost = inspect(*call, 0, text);  // and again, with a restart
  ASSERT_TRUE(lost);
  const auto from = lost->resend_from.value_or(0);
  const auto told = lost->resend_from ? inspect(*call, from, text_from(text, from)) : lost;
  ASSERT_TRUE(told) << told.error().message;
  EXPECT_EQ(told->facts, std::vector<std::string>{"denied_term"});
  EXPECT_EQ(told->release_upto, 4);
}

TEST_F(PolicyBudget, an_output_that_is_settled_or_replaced_goes_no_further) {
  const auto call = evaluate(attempt(1, 10, 90));
  ASSERT_TRUE(inspect(*call, 0, "some words"));
  ASSERT_TRUE(settle(*call, 20));
  EXPECT_EQ(inspect(*call, 10, "more").error().code, "no_decision");
  const auto replaced = evaluate(attempt(2, 10, 90));
  ASSERT_TRUE(evaluate(attempt(3, 10, 90)));
  open();
  EXPECT_EQ(inspect(*replaced, 0, "some words").error().code, "no_decision");
  EXPECT_EQ(inspect({.decision_id = DecisionId("dec_none")}, 0, "x").error().code, "no_decision");
}

TEST_F(PolicyBudget, a_settlement_records_how_far_the_output_left) {
  const auto call = evaluate(attempt(1, 10, 90));
  const auto seen = inspect(*call, 0, std::string(200, 'a'));
  ASSERT_TRUE(settle(*call, 20));
  const auto record = audit().back();
  ASSERT_EQ(record.kind, "settle");
  EXPECT_EQ(record.data.at("released").at("upto"), seen->release_upto);
}

}  // namespace
}  // namespace writ::policy
