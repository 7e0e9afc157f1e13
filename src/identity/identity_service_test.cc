#include <map>

#include "identity/api/service_credentials.h"
#include "identity/identity_fixture.h"

namespace writ::identity {
namespace {

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
  PublicAuthenticator door(verifier_, *service_, &tokens_, system_clock());
  const auto created = *loops_.run(service_->create_key(ctx(), {.subject = Subject("bob"), .scopes = {"runs:read"}}));
  const auto with_key = "Bearer " + created.api_key;
  const auto entered = enter(door, {{"Authorization", with_key}});
  ASSERT_TRUE(entered) << entered.error().message;
  EXPECT_EQ(entered->principal.subject, Subject("bob"));
  EXPECT_TRUE(tokens_.shown(entered->principal));  // to act for bob elsewhere
  const auto bearer = "Bearer " + *tokens_.shown(entered->principal);
  EXPECT_TRUE(enter(door, {{"Authorization", bearer}}));
  ASSERT_TRUE(loops_.run(service_->revoke(ctx(), {.key_id = created.key_id})));
  ASSERT_TRUE(loops_.run(service_->revoke(ctx(), {.subject = Subject("bob")})));
  refresh();
  EXPECT_EQ(enter(door, {{"Authorization", with_key}}).error().code, "key_revoked");
  EXPECT_EQ(enter(door, {{"Authorization", bearer}}).error().code, "key_revoked") << "it came from the key";
}

TEST_F(IdentityServiceTest, a_revoked_token_does_not_take_the_principals_other_tokens_with_it) {
  trust();
  PublicAuthenticator door(verifier_, *service_, &tokens_, system_clock());
  const auto with_key = "Bearer " + std::string(api_key_.reveal());
  const auto first = issue("ann"), second = issue("ann");
  const auto with_first = "Bearer " + first, with_second = "Bearer " + second;
  ASSERT_TRUE(enter(door, {{"Authorization", with_first}}));
  ASSERT_TRUE(loops_.run(service_->revoke(ctx(), {.token = second})));
  refresh();
  EXPECT_TRUE(enter(door, {{"Authorization", with_key}}));
  EXPECT_TRUE(enter(door, {{"Authorization", with_first}}));
  EXPECT_EQ(enter(door, {{"Authorization", with_second}}).error().code, "token_revoked");
}

TEST_F(IdentityServiceTest, the_door_refuses_what_is_no_credential) {
  feed_ = std::make_unique<TrustFeed>(*service_, verifier_, system_clock());
  PublicAuthenticator door(verifier_, *service_, &tokens_, system_clock());
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
  ServiceAuthenticator door(verifier_, "policy");
  const auto service = "Bearer " + token(std::string(32, 's'))->access_token;
  const auto person = issue("ann");
  const auto proof = assertion(person, "gateway", "policy");
  const auto entered = enter(door, {{"Authorization", service}, {"Writ-Principal", proof}});
  ASSERT_TRUE(entered) << entered.error().message;
  EXPECT_EQ(entered->caller, "gateway");
  EXPECT_EQ(entered->principal.subject, Subject("ann"));
  const auto as_person = "Bearer " + person;
  EXPECT_EQ(enter(door, {{"Authorization", as_person}}).error().code, "wrong_audience");
  const auto as_key = "Bearer " + std::string(api_key_.reveal());
  EXPECT_FALSE(enter(door, {{"Authorization", as_key}}));
}

TEST_F(IdentityServiceTest, proof_of_a_principal_is_good_for_one_caller_at_one_callee) {
  trust();
  const auto person = issue("ann");
  const auto service = "Bearer " + token(std::string(32, 's'))->access_token;  // gateway's, for policy
  ServiceAuthenticator policy(verifier_, "policy");
  const auto code = [&](const std::string& proof) {
    return enter(policy, {{"Authorization", service}, {"Writ-Principal", proof}}).error().code;
  };
  EXPECT_EQ(code(person), "wrong_token_type") << "what a person shows outside is nothing inside";
  EXPECT_EQ(code(assertion(person, "gateway", "slm")), "wrong_audience");
  EXPECT_EQ(code(assertion(person, "orchestrator", "policy")), "wrong_caller");
  const auto proof = assertion(person, "gateway", "policy");
  PublicAuthenticator door(verifier_, *service_, nullptr, system_clock());
  const auto replayed = "Bearer " + proof;
  EXPECT_EQ(enter(door, {{"Authorization", replayed}}).error().kind, ErrorKind::unauthenticated);
  EXPECT_EQ(loops_.run(service_->exchange(as_service("slm"), {.token = proof, .audience = "policy"})).error().kind,
            ErrorKind::unauthenticated);
  ASSERT_TRUE(loops_.run(service_->revoke(ctx(), {.token = person})));
  refresh();
  EXPECT_EQ(code(proof), "token_revoked") << "proof ends with what it was made of";
}

TEST_F(IdentityServiceTest, a_service_asks_for_a_new_token_when_the_wall_clock_was_set) {
  class SetClock final : public Clock {
   public:
    [[nodiscard]] WallTime now() const override { return system_clock().now() + off; }
    [[nodiscard]] SteadyTime steady() const override { return system_clock().steady(); }
    Seconds off{0};
  } clock;
  PrincipalTokens tokens(clock);
  ServiceCredentials credentials(*service_, tokens, "gateway", Secret(std::string(32, 's')), clock);
  const auto shown = [&] { return loops_.run(credentials.service_token(ctx(), "policy")).value_or(""); };
  const auto first = shown();
  ASSERT_NE(first, "");
  EXPECT_EQ(shown(), first) << "held while it is good";
  clock.off = Seconds{3600};
  const auto second = shown();
  EXPECT_NE(second, first) << "to the others it has expired";
  clock.off = Seconds{0};
  EXPECT_NE(shown(), second) << "to the others it is of the future";
}

TEST_F(IdentityServiceTest, a_ring_that_cannot_be_decrypted_stops_the_start_and_stays) {
  EXPECT_EQ(open(Secret(std::string(40, 'x'))).error().code, "key_ring_undecryptable");
  EXPECT_TRUE(open(key_));
}

TEST_F(IdentityServiceTest, verify_says_inactive_for_what_does_not_hold_and_for_other_tenants) {
  const auto token = issue("ann");
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

/// What waits for the audit, by kind.
std::multimap<std::string, json::object> told(async::Loops& loops, sql::Database& database) {
  using Facts = std::multimap<std::string, json::object>;
  return *loops.run(database.read({}, [](sql::Reader& reader) -> Result<Facts> {
    WRIT_TRY(const auto rows, reader.rows("SELECT tenant, kind, data FROM outbox ORDER BY created_at, id"));
    Facts out;
    for (const auto& row : rows) {
      WRIT_TRY(auto data, parse_json(row.get<std::string>(2)));
      data.as_object()["tenant"] = row.get<std::string>(0);
      out.emplace(row.get<std::string>(1), std::move(data.as_object()));
    }
    return out;
  }));
}

TEST_F(IdentityServiceTest, every_change_of_keys_principals_and_tokens_is_told_to_the_audit_with_who_and_what) {
  ctx_.trace.trace_id = std::string(32, 'a');
  const auto key = loops_.run(service_->create_key(
      ctx(), {.subject = Subject("bob"), .kind = PrincipalKind::user, .scopes = {"runs:read"}, .tenant = {}}));
  ASSERT_TRUE(key);
  const auto token = issue("bob");
  ASSERT_TRUE(loops_.run(service_->revoke(ctx(), {.token = token})));
  ASSERT_TRUE(loops_.run(service_->revoke(ctx(), {.key_id = key->key_id})));
  ASSERT_TRUE(loops_.run(service_->revoke(ctx(), {.subject = Subject("bob")})));
  const auto facts = told(loops_, *database_);
  for (const auto* kind : {"token.issued", "token.revoked", "key.revoked", "principal.revoked"}) {
    ASSERT_EQ(facts.count(kind), 1U) << kind;
    const auto& fact = facts.find(kind)->second;
    EXPECT_EQ(text_at(fact, "by"), "ann") << kind;
    EXPECT_EQ(text_at(fact, "tenant"), "acme") << kind;
    EXPECT_EQ(text_at(fact, "trace_id"), ctx_.trace.trace_id) << kind;
  }
  bool found = false;
  for (auto [it, end] = facts.equal_range("key.created"); it != end; ++it) {
    EXPECT_EQ(to_text(it->second).find(key->api_key), std::string::npos) << "a secret is in the audit";
    found = found || (text_at(it->second, "key_id") == key->key_id.str() && text_at(it->second, "by") == "ann");
  }
  EXPECT_TRUE(found);
}

TEST_F(IdentityServiceTest, what_was_refused_is_not_told) {
  const auto before = told(loops_, *database_).size();
  EXPECT_FALSE(loops_.run(service_->revoke(ctx(), {.key_id = KeyId("key_none")})));
  EXPECT_EQ(told(loops_, *database_).size(), before);
}

}  // namespace
}  // namespace writ::identity
