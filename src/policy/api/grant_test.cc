#include "policy/api/grant.h"

#include <gtest/gtest.h>

namespace writ::policy {
namespace {

class MovedClock final : public Clock {
 public:
  WallTime now() const override { return at; }
  SteadyTime steady() const override { return {}; }
  WallTime at = *parse_rfc3339("2026-11-23T12:00:00Z");
};

class GrantTest : public testing::Test {
 protected:
  GrantTest() : key_(*crypto::SigningKey::generate(crypto::SignatureAlgorithm::ed25519, system_random())) {
    auto keys = std::make_shared<crypto::KeySet>();
    keys->add(key_.public_key());
    keys_ = keys;
    ctx_.principal = {.tenant = TenantId("acme"), .subject = Subject("ann")};
  }
  [[nodiscard]] Grant grant() const {
    return {.decision_id = DecisionId("dec_1"),
            .action = Action::tool_call,
            .tenant = TenantId("acme"),
            .subject = Subject("ann"),
            .resource = "remember",
            .request_hash = tool_request_hash("remember", json::value{{"key", "k"}}),
            .obligations = {.max_tokens = Tokens{7}},
            .expires_at = clock_.at + Seconds{60}};
  }
  [[nodiscard]] GrantVerifier::Expected expected() const {
    return {.action = Action::tool_call,
            .resource = "remember",
            .request_hash = tool_request_hash("remember", json::value{{"key", "k"}})};
  }
  [[nodiscard]] std::string code_of(const Grant& g, const GrantVerifier::Expected& e) {
    const auto accepted = verifier_.accept(ctx_, *sign_grant(g, key_), e);
    return accepted ? "accepted" : accepted.error().code;
  }

  MovedClock clock_;
  crypto::SigningKey key_;
  std::shared_ptr<const crypto::KeySet> keys_;
  GrantVerifier verifier_{[this] { return keys_; }, clock_};
  Context ctx_;
};

TEST_F(GrantTest, is_accepted_once_and_carries_its_obligations) {
  const auto text = *sign_grant(grant(), key_);
  const auto accepted = verifier_.accept(ctx_, text, expected());
  ASSERT_TRUE(accepted) << accepted.error().message;
  EXPECT_EQ(accepted->obligations.max_tokens, Tokens{7});
  EXPECT_EQ(verifier_.accept(ctx_, text, expected()).error().code, "grant_used");
}

TEST_F(GrantTest, is_refused_for_anything_but_what_was_decided) {
  auto other = expected();
  other.resource = "recall";
  EXPECT_EQ(code_of(grant(), other), "grant_mismatch");
  other = expected();
  other.action = Action::model_call;
  EXPECT_EQ(code_of(grant(), other), "grant_mismatch");
  other = expected();
  other.request_hash = tool_request_hash("remember", json::value{{"key", "another"}});
  EXPECT_EQ(code_of(grant(), other), "grant_mismatch");
  auto foreign = grant();
  foreign.tenant = TenantId("globex");
  EXPECT_EQ(code_of(foreign, expected()), "grant_mismatch");
  foreign = grant();
  foreign.subject = Subject("bob");
  EXPECT_EQ(code_of(foreign, expected()), "grant_mismatch");
}

TEST_F(GrantTest, is_refused_when_it_is_absent_late_or_signed_by_somebody_else) {
  EXPECT_EQ(verifier_.accept(ctx_, "", expected()).error().code, "no_grant");
  EXPECT_EQ(verifier_.accept(ctx_, "x.y.z", expected()).error().code, "grant_invalid");
  auto late = grant();
  late.expires_at = clock_.at;
  EXPECT_EQ(code_of(late, expected()), "grant_expired");
  const auto stranger = *crypto::SigningKey::generate(crypto::SignatureAlgorithm::ed25519, system_random());
  EXPECT_EQ(verifier_.accept(ctx_, *sign_grant(grant(), stranger), expected()).error().code, "grant_invalid");
  keys_ = nullptr;
  EXPECT_EQ(code_of(grant(), expected()), "no_grant_keys");
}

}  // namespace
}  // namespace writ::policy
