#include <gtest/gtest.h>

#include "core/encoding.h"
#include "crypto/hash.h"
#include "policy/judgement.h"
#include "policy/small_constitution.h"

namespace writ::policy {
namespace {

crypto::SigningKey new_key() {
  return *crypto::SigningKey::generate(crypto::SignatureAlgorithm::ed25519, system_random());
}

TEST(Constitution, is_what_was_signed_and_nothing_else) {
  const auto key = new_key();
  crypto::KeySet signers;
  signers.add(key.public_key());
  auto text = *sign_constitution(small_constitution(), key);
  const auto verified = verify_constitution(text, signers);
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->constitution.budgets.front().limit, 1000);

  auto forged = text;
  forged.replace(forged.find("\"limit\":1000"), 12, "\"limit\":9000");
  EXPECT_EQ(verify_constitution(forged, signers).error().code, "bad_constitution");
  EXPECT_EQ(verify_constitution(text, crypto::KeySet{}).error().code, "bad_constitution");
  crypto::KeySet strangers;
  strangers.add(new_key().public_key());
  EXPECT_FALSE(verify_constitution(text, strangers));
  EXPECT_FALSE(verify_constitution("{}", signers));
}

TEST(Constitution, a_text_from_before_there_were_rates_is_what_it_was) {
  const auto key = new_key();
  crypto::KeySet signers;
  signers.add(key.public_key());
  auto document = schema::encode(small_constitution());
  for (const auto* later : {"rates", "unlimited_rates"}) document.as_object().erase(later);
  const auto digest = crypto::sha256(canonical_json(document));
  const auto text = canonical_json(json::value{{"constitution", document},
                                               {"hash", to_hex(digest)},
                                               {"kid", key.public_key().kid()},
                                               {"signature", to_base64url(*key.sign(digest))}});
  const auto verified = verify_constitution(text, signers);
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->hash, to_hex(digest));
  EXPECT_EQ(verified->constitution.rates, std::nullopt);
}

TEST(Constitution, does_not_become_active_with_bad_rules_or_a_window_that_is_too_small) {
  auto bad = small_constitution();
  bad.policies += "permit (principal, action, resource) when { context.nothing };";
  EXPECT_EQ(ActiveConstitution::activate({.constitution = bad, .hash = "h"}).error().code, "bad_policies");
  auto narrow = small_constitution();
  narrow.release.window_bytes = 3;
  EXPECT_EQ(ActiveConstitution::activate({.constitution = narrow, .hash = "h"}).error().code, "window_too_small");
}

class JudgementTest : public testing::Test {
 protected:
  [[nodiscard]] Judgement ask(Action action, std::string type, std::string id,
                              std::optional<std::string> content = std::nullopt, json::array approvals = {}) const {
    EvaluateRequest question{.request_id = "r",
                             .action = action,
                             .resource = {std::move(type), std::move(id)},
                             .context = {},
                             .request_hash = "abc",
                             .content = std::move(content)};
    if (!approvals.empty()) question.context["approvals"] = std::move(approvals);
    return *judge(*active_, principal_, question, {}, asked_);
  }
  [[nodiscard]] static json::object approval(std::string decision, std::string approver, std::string hash = "abc") {
    return {
        {"decision_id", std::move(decision)}, {"argument_hash", std::move(hash)}, {"approver", std::move(approver)}};
  }
  [[nodiscard]] Judgement send(json::array approvals = {}) const {
    return ask(Action::tool_call, "Tool", "send", std::nullopt, std::move(approvals));
  }
  /// The small constitution with these rules, too.
  void also(std::string_view rules) {
    auto c = small_constitution();
    c.policies += rules;
    active_ = *ActiveConstitution::activate({.constitution = c, .hash = std::string(64, 'a')});
  }
  AskedReviews asked_{{"dec_1", {.rule = "asks", .scope = "reviews:decide"}}};
  std::shared_ptr<const ActiveConstitution> active_ =
      *ActiveConstitution::activate({.constitution = small_constitution(), .hash = std::string(64, 'a')});
  Principal principal_{
      .tenant = TenantId("acme"), .subject = Subject("ann"), .kind = PrincipalKind::user, .scopes = {"runs:write"}};
};

TEST_F(JudgementTest, unites_the_obligations_of_all_matching_permits) {
  const auto judged = ask(Action::model_call, "Model", "small");
  EXPECT_EQ(judged.verdict, Verdict::allow);
  EXPECT_EQ(judged.obligations.max_tokens, Tokens{40});  // the minimum
}

TEST_F(JudgementTest, a_forbid_wins_and_says_why) {
  const auto judged = ask(Action::model_call, "Model", "bad");
  EXPECT_EQ(judged.verdict, Verdict::deny);
  ASSERT_EQ(judged.reasons.size(), 1U);
  EXPECT_EQ(judged.reasons.front().rule, "never");
  EXPECT_EQ(judged.reasons.front().message, "not this one");
}

TEST_F(JudgementTest, what_no_rule_permits_is_denied) {
  EXPECT_EQ(ask(Action::tool_call, "Tool", "rm").reasons.front().rule, "default");
}

TEST_F(JudgementTest, a_question_that_does_not_fit_the_schema_is_denied) {
  EvaluateRequest question{
      .request_id = "r", .action = Action::tool_call, .resource = {"Tool", "calc"}, .context = {{"unheard_of", 1}}};
  const auto judged = judge(*active_, principal_, question);
  ASSERT_TRUE(judged);
  EXPECT_EQ(judged->verdict, Verdict::deny);
}

TEST_F(JudgementTest, a_review_ends_with_an_approval_of_exactly_these_arguments) {
  const auto waiting = send();
  EXPECT_EQ(waiting.verdict, Verdict::review);
  EXPECT_EQ(waiting.review_scope, "reviews:decide");
  EXPECT_EQ(waiting.review_rule, "asks");
  EXPECT_EQ(send({approval("dec_1", "bob")}).verdict, Verdict::allow);
  EXPECT_EQ(send({approval("dec_1", "bob", "other")}).verdict, Verdict::review);
  EXPECT_EQ(send({approval("dec_2", "bob")}).verdict, Verdict::review) << "policy never asked that";
}

TEST_F(JudgementTest, each_rule_that_wants_a_review_has_its_own) {
  also(
      R"(@id("vault") @review("reviews:vault") permit (principal, action == Action::"tool.call", resource == Tool::"send");
@id("zeal") @review("reviews:decide") permit (principal, action == Action::"tool.call", resource == Tool::"send");)");
  EXPECT_EQ(send().review_rule, "asks");
  const auto second = send({approval("dec_1", "bob")});
  EXPECT_EQ(second.verdict, Verdict::review);
  EXPECT_EQ(second.review_rule, "vault");
  EXPECT_EQ(second.review_scope, "reviews:vault");
  EXPECT_EQ(send({approval("dec_1", "bob"), approval("dec_1", "eve")}).review_rule, "vault")
      << "two approvals of one rule are one";
  asked_["dec_2"] = {.rule = "vault", .scope = "reviews:vault"};
  EXPECT_EQ(send({approval("dec_1", "bob"), approval("dec_2", "eve")}).review_rule, "zeal")
      << "another rule of the same scope has its own, too";
  asked_["dec_3"] = {.rule = "zeal", .scope = "reviews:decide"};
  EXPECT_EQ(send({approval("dec_1", "bob"), approval("dec_2", "eve"), approval("dec_3", "bob")}).verdict,
            Verdict::allow);
  EXPECT_EQ(send({approval("dec_1", "bob", "old"), approval("dec_2", "eve"), approval("dec_3", "bob")}).review_rule,
            "asks")
      << "edited arguments are approved by all";
}

TEST_F(JudgementTest, an_approval_for_one_scope_is_none_once_the_rule_names_another) {
  asked_["dec_1"] = {.rule = "asks", .scope = "reviews:anybody"};
  EXPECT_EQ(send({approval("dec_1", "bob")}).verdict, Verdict::review);
}

TEST_F(JudgementTest, nobodys_own_approval_ends_a_review) {
  EXPECT_EQ(send({approval("dec_1", "ann")}).verdict, Verdict::review);
  EXPECT_EQ(send({approval("dec_1", "")}).verdict, Verdict::review);
  principal_.act = {"bob"};
  EXPECT_EQ(send({approval("dec_1", "bob")}).verdict, Verdict::review) << "bob acts for ann";
}

TEST_F(JudgementTest, detectors_give_facts_to_the_rules) {
  EXPECT_EQ(ask(Action::model_output, "Model", "m", "all fine").verdict, Verdict::allow);
  const auto denied = ask(Action::model_output, "Model", "m", "the secret is out");
  EXPECT_EQ(denied.verdict, Verdict::deny);
  EXPECT_EQ(denied.facts, std::vector<std::string>{"denied_term"});
}

}  // namespace
}  // namespace writ::policy
