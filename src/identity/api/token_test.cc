#include "identity/api/token.h"

#include <gtest/gtest.h>

#include "identity/api/principal_tokens.h"

namespace writ::identity {
namespace {

crypto::SigningKey new_key() {
  return *crypto::SigningKey::generate(crypto::SignatureAlgorithm::ed25519, system_random());
}

std::shared_ptr<TrustSnapshot> trusting(const crypto::SigningKey& key) {
  auto out = std::make_shared<TrustSnapshot>();  // shared with the verifier
  out->keys.add(key.public_key());
  out->fresh_at = system_clock().steady();
  return out;
}

std::string token_by(const crypto::SigningKey& key) {
  const auto now = system_clock().now();
  return *sign_token(
      {.principal = {.tenant = TenantId("acme"), .subject = Subject("bob"), .credential = {.token_id = "t1"}},
       .audience = std::string(principal_audience),
       .jti = "t1",
       .issued_at = now,
       .expires_at = now + Seconds{300}},
      TokenUse::access, key);
}

TEST(TokenVerifier, a_remembered_token_ends_with_the_key_that_signed_it) {
  const auto old_key = new_key(), next_key = new_key();
  TokenVerifier verifier(system_clock());
  verifier.trust(trusting(old_key));
  const auto token = token_by(old_key);
  const auto claims = verifier.verify(token, principal_audience);
  ASSERT_TRUE(claims) << claims.error().message;

  auto both = trusting(next_key);
  both->keys.add(old_key.public_key());
  verifier.trust(both);  // a rotation keeps the old key for a while
  EXPECT_TRUE(verifier.verify(token, principal_audience));

  verifier.trust(trusting(next_key));
  EXPECT_EQ(verifier.verify(token, principal_audience).error().code, "unknown_kid");
}

TEST(PrincipalTokens, what_is_held_is_for_one_principal_credential_and_audience) {
  PrincipalTokens tokens(system_clock());
  Principal bob{.tenant = TenantId("acme"), .subject = Subject("bob"), .scopes = {"a", "b"}};
  const auto soon = system_clock().now() + Seconds{300};
  tokens.keep(bob, "policy", "proof", soon);
  EXPECT_EQ(tokens.assertion(bob, "policy"), "proof");
  EXPECT_FALSE(tokens.assertion(bob, "slm"));
  auto other = bob;
  other.scopes = {"a b"};
  EXPECT_FALSE(tokens.assertion(other, "policy"));
  other = bob;
  other.credential.key_id = KeyId("key_1");
  EXPECT_FALSE(tokens.assertion(other, "policy"));
  other = bob;
  other.tenant = TenantId("acme\nbob");
  EXPECT_FALSE(tokens.assertion(other, "policy"));
  tokens.keep(bob, "slm", "late", system_clock().now() + Seconds{1});
  EXPECT_FALSE(tokens.assertion(bob, "slm"));
}

TEST(RecentMap, forgets_what_was_not_asked_for_and_keeps_its_bound) {
  RecentMap<int> map(320);
  map.put("kept", 1);
  for (int i = 0; i < 100'000; ++i) {
    map.put("passing-" + std::to_string(i), i);
    ASSERT_EQ(map.find("kept"), 1);
  }
  EXPECT_LE(map.size(), 320U);
  EXPECT_FALSE(map.find("passing-0"));
}

TEST(CompositeKey, no_two_lists_of_parts_have_one_text) {
  EXPECT_NE(CompositeKey().add("acme").add("emea/ann").text(), CompositeKey().add("acme/emea").add("ann").text());
  EXPECT_NE(CompositeKey().add("a").add("").text(), CompositeKey().add("").add("a").text());
  EXPECT_NE(CompositeKey().add("1:a").text(), CompositeKey().add("1").add("a").text());
}

}  // namespace
}  // namespace writ::identity
