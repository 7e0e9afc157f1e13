#include "identity/identity_service.h"

#include <gtest/gtest.h>

#include "async/loops.h"
#include "core/encoding.h"
#include "crypto/api_key.h"
#include "identity/api/authenticators.h"
#include "identity/api/trust_feed.h"
#include "sql/scratch_folder.h"
#include "sql/sqlite.h"

namespace writ::identity {
namespace {

class IdentityServiceTest : public testing::Test {
 protected:
  IdentityServiceTest() {
    open(key_);
    ctx_.principal = {
        .tenant = TenantId("acme"), .subject = Subject("ann"), .kind = PrincipalKind::user, .scopes = {"*"}};
  }
  Status open(const Secret& key) {
    service_.reset();
    store_.reset();
    database_.reset();
    database_ = *sql::open_sqlite(folder_.path() / "identity.db", identity_migrations());
    store_ = std::make_unique<IdentityStore>(*database_);
    service_ = std::make_unique<IdentityService>(*store_, IdentitySettings{}, key, system_clock(), system_random());
    return loops_.run(
        service_->start(Context{}.within(Seconds{10}),
                        {.clients = {{.client_id = "gateway", .secret = std::string(32, 's'), .scopes = {"x"}}},
                         .keys = {{.tenant = TenantId("acme"),
                                   .subject = Subject("ann"),
                                   .scopes = {"runs:read"},
                                   .key_hash = to_hex(stored_hash(key, api_key_.reveal()))}}}));
  }
  [[nodiscard]] Context ctx() const { return ctx_.within(Seconds{10}); }
  [[nodiscard]] Result<TokenResponse> token(std::string secret, std::string scope = {}) {
    return loops_.run(service_->token(ctx(), {.grant_type = "client_credentials",
                                              .client_id = "gateway",
                                              .client_secret = std::move(secret),
                                              .audience = "policy",
                                              .scope = std::move(scope)}));
  }
  void refresh() { ASSERT_TRUE(loops_.run(feed_->refresh(Context{}.within(Seconds{5})))); }
  [[nodiscard]] Result<http::Authenticated> enter(http::Authenticator& door, std::vector<http::HeaderView> headers) {
    const http::RequestHead head{.method = "GET", .target = "/", .peer = "", .headers = headers};
    return loops_.run(door.authenticate(ctx(), head, op::jwks.info));
  }

  sql::ScratchFolder folder_;
  async::Loops loops_{1};
  const Secret key_{std::string(40, 'k')};
  const Secret api_key_ = crypto::make_api_key(system_random());
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<IdentityStore> store_;
  std::unique_ptr<IdentityService> service_;
  TokenVerifier verifier_{system_clock()};
  PrincipalTokens tokens_{verifier_, system_clock()};
  std::unique_ptr<TrustFeed> feed_;
  Context ctx_;
};

TEST_F(IdentityServiceTest, client_credentials_give_a_token_for_one_audience) {
  feed_ = std::make_unique<TrustFeed>(*service_, verifier_, system_clock());
  refresh();
  const auto made = token(std::string(32, 's'));
  ASSERT_TRUE(made) << made.error().message;
  const auto claims = verifier_.verify(made->access_token, "policy");
  ASSERT_TRUE(claims) << claims.error().message;
  EXPECT_EQ(claims->principal.subject, Subject("svc:gateway"));
  EXPECT_EQ(verifier_.verify(made->access_token, "slm").error().code, "wrong_audience");
  EXPECT_EQ(token("wrong").error().code, "invalid_client");
  EXPECT_EQ(token(std::string(32, 's'), "more").error().code, "invalid_scope");
}

TEST_F(IdentityServiceTest, nobody_hands_out_more_than_they_have) {
  ctx_.principal.scopes = {"admin.keys", "runs:read"};
  EXPECT_EQ(loops_.run(service_->create_key(ctx(), {.subject = Subject("bob"), .scopes = {"runs:write"}})).error().code,
            "scope_not_granted");
  EXPECT_EQ(loops_
                .run(service_->create_key(
                    ctx(), {.subject = Subject("bob"), .scopes = {"runs:read"}, .tenant = TenantId("globex")}))
                .error()
                .code,
            "scope_not_granted");
  EXPECT_TRUE(loops_.run(service_->create_key(ctx(), {.subject = Subject("bob"), .scopes = {"runs:read"}})));
  ctx_.principal.scopes = {};
  EXPECT_EQ(loops_.run(service_->issue(ctx(), {.subject = Subject("bob")})).error().code, "scope_not_granted");
  EXPECT_EQ(loops_.run(service_->issue(ctx(), {.subject = Subject("nobody")})).error().code, "no_principal");
}

TEST_F(IdentityServiceTest, the_door_takes_keys_and_tokens_until_they_are_revoked) {
  feed_ = std::make_unique<TrustFeed>(*service_, verifier_, system_clock());
  refresh();
  PublicAuthenticator door(verifier_, *service_, tokens_, system_clock());
  const auto created = *loops_.run(service_->create_key(ctx(), {.subject = Subject("bob"), .scopes = {"runs:read"}}));
  const auto with_key = "Bearer " + created.api_key;
  const auto entered = enter(door, {{"Authorization", with_key}});
  ASSERT_TRUE(entered) << entered.error().message;
  EXPECT_EQ(entered->principal.subject, Subject("bob"));
  EXPECT_TRUE(tokens_.find(entered->principal));  // to act for bob elsewhere
  const auto bearer = "Bearer " + *tokens_.find(entered->principal);
  EXPECT_TRUE(enter(door, {{"Authorization", bearer}}));
  ASSERT_TRUE(loops_.run(service_->revoke(ctx(), {.key_id = created.key_id})));
  ASSERT_TRUE(loops_.run(service_->revoke(ctx(), {.subject = Subject("bob")})));
  refresh();
  EXPECT_EQ(enter(door, {{"Authorization", with_key}}).error().code, "key_revoked");
  EXPECT_EQ(enter(door, {{"Authorization", bearer}}).error().code, "token_revoked");
}

TEST_F(IdentityServiceTest, a_revoked_token_does_not_take_the_principals_other_tokens_with_it) {
  feed_ = std::make_unique<TrustFeed>(*service_, verifier_, system_clock());
  refresh();
  PublicAuthenticator door(verifier_, *service_, tokens_, system_clock());
  const auto with_key = "Bearer " + std::string(api_key_.reveal());
  const auto entered = *enter(door, {{"Authorization", with_key}});
  const auto second =
      loops_.run(service_->resolve(ctx(), {.tenant = TenantId("acme"), .subject = Subject("ann")}))->token;
  const auto bearer = "Bearer " + second;
  ASSERT_TRUE(enter(door, {{"Authorization", bearer}}));
  ASSERT_TRUE(loops_.run(service_->revoke(ctx(), {.token = second})));
  refresh();
  ASSERT_TRUE(enter(door, {{"Authorization", with_key}}));
  EXPECT_TRUE(tokens_.find(entered.principal));
  EXPECT_NE(tokens_.find(entered.principal), second);
}

TEST_F(IdentityServiceTest, the_door_refuses_what_is_no_credential) {
  feed_ = std::make_unique<TrustFeed>(*service_, verifier_, system_clock());
  PublicAuthenticator door(verifier_, *service_, tokens_, system_clock());
  const auto with_key = "Bearer " + std::string(api_key_.reveal());
  EXPECT_EQ(enter(door, {{"Authorization", with_key}}).error().code, "identity_stale");  // before any trust
  refresh();
  EXPECT_TRUE(enter(door, {{"Authorization", with_key}}));
  EXPECT_EQ(enter(door, {}).error().code, "no_credentials");
  EXPECT_EQ(enter(door, {{"Authorization", "Basic eDp5"}}).error().code, "malformed_credentials");
  EXPECT_EQ(enter(door, {{"Authorization", with_key}, {"Authorization", with_key}}).error().code,
            "malformed_credentials");
  EXPECT_EQ(enter(door, {{"Authorization", "Bearer writ_0000"}}).error().code, "invalid_key");
  const auto unknown = "Bearer " + std::string(crypto::make_api_key(system_random()).reveal());
  EXPECT_EQ(enter(door, {{"Authorization", unknown}}).error().code, "invalid_key");
  EXPECT_EQ(enter(door, {{"Authorization", "Bearer a.b.c"}}).error().kind, ErrorKind::unauthenticated);
}

TEST_F(IdentityServiceTest, a_services_address_lets_services_in_and_nobody_else) {
  feed_ = std::make_unique<TrustFeed>(*service_, verifier_, system_clock());
  refresh();
  ServiceAuthenticator door(verifier_, tokens_, "policy");
  const auto service = "Bearer " + token(std::string(32, 's'))->access_token;
  const auto person =
      loops_.run(service_->resolve(ctx(), {.tenant = TenantId("acme"), .subject = Subject("ann")}))->token;
  const auto entered = enter(door, {{"Authorization", service}, {"Writ-Principal", person}});
  ASSERT_TRUE(entered) << entered.error().message;
  EXPECT_EQ(entered->caller, "gateway");
  EXPECT_EQ(entered->principal.subject, Subject("ann"));
  const auto as_person = "Bearer " + person;
  EXPECT_EQ(enter(door, {{"Authorization", as_person}}).error().code, "wrong_audience");
  const auto as_key = "Bearer " + std::string(api_key_.reveal());
  EXPECT_FALSE(enter(door, {{"Authorization", as_key}}));
}

TEST_F(IdentityServiceTest, a_ring_that_cannot_be_decrypted_stops_the_start_and_stays) {
  EXPECT_EQ(open(Secret(std::string(40, 'x'))).error().code, "key_ring_undecryptable");
  EXPECT_TRUE(open(key_));
}

TEST_F(IdentityServiceTest, verify_says_inactive_for_what_does_not_hold_and_for_other_tenants) {
  const auto token =
      loops_.run(service_->resolve(ctx(), {.tenant = TenantId("acme"), .subject = Subject("ann")}))->token;
  const auto active = [&](std::string text) {
    return loops_.run(service_->verify(ctx(), {.token = std::move(text)}))->active;
  };
  EXPECT_TRUE(active(token));
  EXPECT_TRUE(active(std::string(api_key_.reveal())));
  EXPECT_FALSE(active("nonsense"));
  ASSERT_TRUE(loops_.run(service_->revoke(ctx(), {.token = token})));
  EXPECT_FALSE(active(token));
  ctx_.principal.tenant = TenantId("globex");
  EXPECT_FALSE(active(std::string(api_key_.reveal())));
}

}  // namespace
}  // namespace writ::identity
