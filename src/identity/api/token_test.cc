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
  return *sign_token({.principal = {.tenant = TenantId("acme"), .subject = Subject("bob")},
                      .audience = std::string(principal_audience),
                      .jti = "t1",
                      .issued_at = now,
                      .expires_at = now + Seconds{300}},
                     key);
}

TEST(TokenVerifier, a_remembered_token_ends_with_the_key_that_signed_it) {
  const auto old_key = new_key(), next_key = new_key();
  TokenVerifier verifier(system_clock());
  verifier.trust(trusting(old_key));
  const auto token = token_by(old_key);
  const auto claims = verifier.verify(token, principal_audience);
  ASSERT_TRUE(claims) << claims.error().message;
  EXPECT_TRUE(verifier.holds(*claims));

  auto both = trusting(next_key);
  both->keys.add(old_key.public_key());
  verifier.trust(both);  // a rotation keeps the old key for a while
  EXPECT_TRUE(verifier.verify(token, principal_audience));

  verifier.trust(trusting(next_key));
  EXPECT_EQ(verifier.verify(token, principal_audience).error().code, "unknown_kid");
  EXPECT_EQ(verifier.holds(*claims).error().code, "unknown_kid");
}

TEST(PrincipalTokens, a_held_token_ends_with_the_key_that_signed_it) {
  const auto old_key = new_key();
  TokenVerifier verifier(system_clock());
  verifier.trust(trusting(old_key));
  PrincipalTokens tokens(verifier, system_clock());
  const auto token = token_by(old_key);
  const auto principal = verifier.verify(token, principal_audience)->principal;
  tokens.remember(principal, token, system_clock().now() + Seconds{300});
  EXPECT_EQ(tokens.find(principal), token);
  verifier.trust(trusting(new_key()));
  EXPECT_FALSE(tokens.has(principal));
}

}  // namespace
}  // namespace writ::identity
