#include "policy/policy_service.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "policy/api/grant.h"
#include "policy/audit_folder.h"
#include "policy/policy_fixture.h"

namespace writ::policy {
namespace {

TEST_F(PolicyServiceTest, an_allowed_call_has_a_reservation_a_grant_and_a_record) {
  const auto decision = evaluate(model_call("r1", 300));
  ASSERT_TRUE(decision) << decision.error().message;
  EXPECT_EQ(decision->decision, Verdict::allow);
  EXPECT_EQ(decision->reservation->tokens, Tokens{300});
  EXPECT_EQ(budget().left, Tokens{700});
  GrantVerifier verifier([this] { return service_->public_keys(); }, system_clock());
  EXPECT_TRUE(
      verifier.accept(ctx_, *decision->grant, {.action = Action::model_call, .resource = "m", .request_hash = "h"}));
  const auto records = audit();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(text_at(records[0].data, "decision_id"), decision->decision_id.str());
}

TEST_F(PolicyServiceTest, the_same_question_has_the_same_answer_and_another_body_is_a_conflict) {
  const auto first = evaluate(model_call("r1", 300)), again = evaluate(model_call("r1", 300));
  ASSERT_TRUE(first && again);
  EXPECT_EQ(first->decision_id, again->decision_id);
  EXPECT_EQ(first->grant, again->grant);
  EXPECT_EQ(budget().reserved, Tokens{300});  // once
  EXPECT_EQ(evaluate(model_call("r1", 301)).error().code, "request_reused");
  EXPECT_EQ(audit().size(), 1U);
}

TEST_F(PolicyServiceTest, a_spent_budget_refuses_and_records_the_refusal) {
  const auto first = evaluate(model_call("r1", 900));
  ASSERT_TRUE(first);
  ASSERT_TRUE(settle(*first, 900));
  const auto refused = evaluate(model_call("r2", 101));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "budget_spent");
  EXPECT_EQ(refused.error().kind, ErrorKind::quota_exceeded);
  EXPECT_TRUE(refused.error().retry_after);
  EXPECT_EQ(text_at(audit().back().data, "decision"), "deny");
  EXPECT_TRUE(evaluate(model_call("r3", 100)));  // what is left is not refused
}

TEST_F(PolicyServiceTest, settling_charges_what_was_used_once) {
  const auto decision = evaluate(model_call("r1", 300));
  ASSERT_TRUE(decision);
  EXPECT_EQ(settle(*decision, 120)->tokens_left, Tokens{880});
  EXPECT_EQ(settle(*decision, 120)->tokens_left, Tokens{880});
  EXPECT_EQ(settle(*decision, 121).error().code, "request_reused");
  EXPECT_EQ(settle({.decision_id = DecisionId("dec_none")}, 1, "t").error().code, "no_decision");
  EXPECT_EQ(budget().settled, Tokens{120});
}

TEST_F(PolicyServiceTest, an_expired_reservation_counts_as_presumed_until_it_is_settled) {
  reservation_life_ = Seconds{0};
  open();
  const auto decision = evaluate(model_call("r1", 300));
  ASSERT_TRUE(decision);
  EXPECT_EQ(loops_.run(service_->sweep(ctx())), Result<std::int64_t>(1));
  EXPECT_EQ(budget().presumed, Tokens{300});
  EXPECT_EQ(settle(*decision, 10)->tokens_left, Tokens{990});
  EXPECT_EQ(budget().presumed, Tokens{0});
}

TEST_F(PolicyServiceTest, an_approval_is_for_the_rule_that_asked_the_action_it_asked_about_and_whoever_was_asked) {
  auto two = small_constitution();
  two.version = 2;
  two.policies +=
      R"(@id("vault") @review("reviews:vault") permit (principal, action == Action::"tool.call", resource == Tool::"send");)";
  sign(two);
  ASSERT_TRUE(look());
  int n = 0;
  json::array approvals;
  const auto send = [&] {
    return *evaluate({.request_id = "r" + std::to_string(++n),
                      .action = Action::tool_call,
                      .resource = {"Tool", "send"},
                      .context = {{"approvals", approvals}},
                      .request_hash = "h"});
  };
  const auto approve = [&](const Decision& asked) {
    approvals.push_back({{"decision_id", asked.decision_id.str()}, {"argument_hash", "h"}, {"approver", "bob"}});
  };
  const auto first = send();
  EXPECT_EQ(first.review_rule, "asks");
  approve(first);
  open();  // what was asked is on record
  const auto second = send();
  EXPECT_EQ(second.decision, Verdict::review);
  EXPECT_EQ(second.review_rule, "vault");
  EXPECT_EQ(second.review_scope, "reviews:vault");
  approve(second);
  EXPECT_EQ(send().decision, Verdict::allow);
  ctx_.principal.subject = Subject("eve");
  EXPECT_EQ(send().decision, Verdict::review) << "they were asked about ann's action";
  approvals = json::array(65, approvals.front());
  EXPECT_EQ(evaluate({.request_id = "many",
                      .action = Action::tool_call,
                      .resource = {"Tool", "send"},
                      .context = {{"approvals", approvals}},
                      .request_hash = "h"})
                .error()
                .code,
            "too_many_approvals");
}

TEST_F(PolicyServiceTest, output_leaves_only_behind_the_window_and_stops_before_a_denied_term) {
  const auto decision = evaluate(model_call("r1", 300));
  ASSERT_TRUE(decision);
  const auto inspect = [&](std::int64_t offset, std::string text, bool last) {
    return loops_.run(service_->inspect(
        ctx(), {.decision_id = decision->decision_id, .offset = offset, .text = std::move(text), .last = last}));
  };
  const auto first = inspect(0, "all is well, the sec", false);
  ASSERT_TRUE(first);
  EXPECT_LE(first->release_upto, 17);  // "sec" may begin the term
  const auto gap = inspect(99, "x", false);
  ASSERT_TRUE(gap);
  EXPECT_LE(gap->resend_from.value_or(99), 17);
  EXPECT_LE(gap->release_upto, 17);
  const auto second = inspect(20, "ret is out", false);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->facts, std::vector<std::string>{"denied_term"});
  EXPECT_EQ(second->release_upto, 17);
  EvaluateRequest output{.request_id = "r1/out",
                         .action = Action::model_output,
                         .resource = {"Model", "m"},
                         .context = {},
                         .of = decision->decision_id};
  const auto finished = loops_.run(service_->finish(
      ctx(),
      {.output = output, .settle = {.request_id = "s", .decision_id = decision->decision_id, .actual = Tokens{50}}}));
  ASSERT_TRUE(finished) << finished.error().message;
  EXPECT_EQ(finished->decision.decision, Verdict::deny);  // the fact that inspection found counts
  EXPECT_EQ(budget().settled, Tokens{50});
}

TEST_F(PolicyServiceTest, a_revocation_stops_an_output_between_two_windows) {
  ctx_.principal.credential = {.key_id = KeyId("key_1"), .token_id = "jti-1"};
  const auto call = evaluate(model_call("r1", 100));
  ASSERT_TRUE(call);
  EXPECT_EQ(to_text(audit().back().data.at("credential")), R"({"key_id":"key_1","token_id":"jti-1"})");
  ASSERT_TRUE(inspect(*call, 0, "text"));
  fresh_ = fail(unauthenticated("key_revoked", "the key was revoked"));
  EXPECT_EQ(inspect(*call, 4, "more").error().code, "key_revoked");
  EXPECT_EQ(evaluate(model_call("r2", 100)).error().code, "key_revoked");
  EXPECT_TRUE(settle(*call, 20)) << "what was used is charged";
}

TEST_F(PolicyServiceTest, nothing_is_decided_while_identity_is_stale_or_the_constitution_is_too_old) {
  fresh_ = fail(unavailable("identity_stale", "stale"));
  EXPECT_EQ(evaluate(model_call("r1", 1)).error().code, "identity_stale");
  fresh_ = {};
  auto old = small_constitution();
  old.version = 2;
  let_expire(old);
  EXPECT_EQ(evaluate(model_call("r2", 1)).error().code, "constitution_expired");
  EXPECT_TRUE(audit().empty());
}

TEST_F(PolicyServiceTest, a_constitution_that_does_not_hold_never_replaces_the_one_in_force) {
  write(files_.constitution, "{}");
  EXPECT_FALSE(look());
  auto bad = small_constitution();
  bad.version = 2;
  bad.policies = "permit (";
  sign(bad);
  EXPECT_FALSE(look());
  auto older = small_constitution();
  older.version = 0 + 1;
  older.max_tokens_per_call = 500;
  auto newer = older;
  newer.version = 3;
  sign(newer);
  EXPECT_TRUE(look());
  sign(older);
  EXPECT_FALSE(look());
  auto same = newer;
  same.max_tokens_per_call = 400;
  sign(same);
  EXPECT_FALSE(look()) << "another text of the version in force";
  auto future = newer;
  future.version = 4;
  future.valid_from = *parse_rfc3339("2999-01-01T00:00:00Z");
  sign(future);
  EXPECT_TRUE(look());
  EXPECT_EQ(loops_.run(service_->constitution(ctx(), {}))->version, 3);
}

TEST_F(PolicyServiceTest, tenants_do_not_see_each_other_and_everything_survives_a_restart) {
  const auto decision = evaluate(model_call("r1", 300));
  ASSERT_TRUE(decision);
  ASSERT_TRUE(loops_.run(service_->checkpoint(ctx())));
  open();
  EXPECT_EQ(evaluate(model_call("r1", 300))->decision_id, decision->decision_id);
  const auto report = loops_.run(service_->verify_audit(ctx(), {}));
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->ok);
  EXPECT_EQ(report->checkpoints, 1);
  ctx_.principal.tenant = TenantId("globex");
  EXPECT_TRUE(audit().empty());
  EXPECT_EQ(settle(*decision, 1).error().code, "no_decision");
  EXPECT_EQ(budget().left, Tokens{1000});
  EXPECT_EQ(loops_.run(service_->verify_audit(ctx(), {}))->records, 0);
}

TEST_F(PolicyServiceTest, a_rewritten_row_is_found_by_verify) {
  ASSERT_TRUE(evaluate(model_call("r1", 1)));
  ASSERT_TRUE(evaluate(model_call("r2", 1)));
  ASSERT_TRUE(loops_.run(database_->write(
      ctx(), [](sql::Transaction& tx) { return tx.run("UPDATE audit SET data = '{}' WHERE seq = 1"); })));
  EXPECT_FALSE(loops_.run(service_->verify_audit(ctx(), {}))->ok);
}

TEST_F(PolicyServiceTest, what_may_have_left_of_an_output_is_told_before_it_can) {
  const auto decision = evaluate(model_call("r1", 300));
  ASSERT_TRUE(decision);
  const auto inspect = [&](std::int64_t offset, std::string text) {
    ASSERT_TRUE(loops_.run(service_->inspect(
        ctx(), {.decision_id = decision->decision_id, .offset = offset, .text = std::move(text), .last = false})));
  };
  inspect(0, std::string(300, 'x'));
  inspect(300, std::string(300, 'x'));
  auto records = audit();
  ASSERT_EQ(records.size(), 2U) << "one record covers a step";
  EXPECT_EQ(records[1].kind, "release");
  EXPECT_EQ(records[1].data.at("bound"), 1024);
  inspect(600, std::string(900, 'x'));
  EXPECT_EQ(audit().back().data.at("bound"), 2048);
  ASSERT_TRUE(settle(*decision, 10));
  EXPECT_GE(audit().back().data.at("released").at("upto").as_int64(), 1400);
}

TEST_F(PolicyServiceTest, facts_of_other_services_are_appended_once) {
  const AppendAudit fact{.tenant = TenantId("acme"), .id = "f1", .kind = "run.finished", .data = {{"run_id", "run_1"}}};
  const auto first = loops_.run(service_->append_audit(ctx(), fact)),
             again = loops_.run(service_->append_audit(ctx(), fact));
  ASSERT_TRUE(first && again);
  EXPECT_EQ(first->seq, again->seq);
  const auto page = loops_.run(service_->list_audit(ctx(), {.run_id = "run_1"}));
  EXPECT_EQ(page->records.size(), 1U);
}

}  // namespace
}  // namespace writ::policy
