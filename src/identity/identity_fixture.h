// A whole identity-service on a database of its own, with a verifier; for this room's tests.
#pragma once

#include <gtest/gtest.h>

#include "async/loops.h"
#include "core/encoding.h"
#include "core/scratch_folder.h"
#include "crypto/api_key.h"
#include "identity/api/authenticators.h"
#include "identity/api/trust_feed.h"
#include "identity/identity_service.h"
#include "sql/sqlite.h"

namespace writ::identity {

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
                                   .key_hash = to_hex(stored_hash(key, api_key_.reveal()))},
                                  {.tenant = TenantId("acme"),
                                   .subject = Subject("root"),
                                   .scopes = {"*"},
                                   .key_hash = to_hex(stored_hash(key, "root's"))}}}));
  }
  [[nodiscard]] Context ctx() const { return ctx_.within(Seconds{10}); }
  [[nodiscard]] Result<TokenResponse> token(std::string secret, std::string scope = {}) {
    return loops_.run(service_->token(ctx(), {.grant_type = "client_credentials",
                                              .client_id = "gateway",
                                              .client_secret = std::move(secret),
                                              .audience = "policy",
                                              .scope = std::move(scope)}));
  }
  /// A token of a principal, asked for by ann's key with all scopes.
  [[nodiscard]] std::string issue(const char* subject, std::int64_t ttl = 300) {
    auto made = loops_.run(service_->issue(ctx(), {.subject = Subject(subject), .ttl_seconds = ttl}));
    EXPECT_TRUE(made) << made.error().message;
    return made ? made->access_token : "";
  }
  [[nodiscard]] static Context as_service(std::string name) {
    Context ctx;
    ctx.caller = std::move(name);
    return ctx.within(Seconds{10});
  }
  [[nodiscard]] std::string assertion(std::string token, std::string caller, std::string callee) {
    auto made = loops_.run(
        service_->exchange(as_service(std::move(caller)), {.token = std::move(token), .audience = std::move(callee)}));
    EXPECT_TRUE(made) << made.error().message;
    return made ? *made->token : "";
  }
  void ann_has(std::vector<std::string> scopes) {
    ASSERT_TRUE(loops_.run(store_->set_scopes(ctx(), TenantId("acme"), Subject("ann"), std::move(scopes))));
  }
  void trust() {
    feed_ = std::make_unique<TrustFeed>(*service_, verifier_, system_clock());
    refresh();
  }
  void refresh() { ASSERT_TRUE(loops_.run(feed_->refresh(Context{}.within(Seconds{5})))); }
  [[nodiscard]] Result<http::Authenticated> enter(http::Authenticator& door, std::vector<http::HeaderView> headers) {
    const http::RequestHead head{.method = "GET", .target = "/", .peer = "", .headers = headers};
    return loops_.run(door.authenticate(ctx(), head, op::jwks.info));
  }

  ScratchFolder folder_;
  async::Loops loops_{1};
  const Secret key_{std::string(40, 'k')};
  const Secret api_key_ = crypto::make_api_key(system_random());
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<IdentityStore> store_;
  std::unique_ptr<IdentityService> service_;
  TokenVerifier verifier_{system_clock()};
  PrincipalTokens tokens_{system_clock()};
  std::unique_ptr<TrustFeed> feed_;
  Context ctx_;
};

}  // namespace writ::identity
