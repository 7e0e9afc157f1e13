#include <algorithm>
#include <string>
#include <vector>

#include "identity/identity_fixture.h"

namespace writ::identity {
namespace {

TEST_F(IdentityServiceTest, what_comes_of_a_narrowed_token_has_no_more_than_the_token) {
  trust();
  ann_has({"runs:read", "runs:write", "tokens:issue"});
  const auto narrow =
      *loops_.run(service_->issue(ctx(), {.subject = Subject("ann"), .scopes = {"runs:read", "tokens:issue"}}));
  const auto claims = *verifier_.verify(narrow.access_token, principal_audience);
  const auto resolved = loops_.run(
      service_->resolve(as_service("orchestrator"), {.tenant = TenantId("acme"),
                                                     .subject = Subject("ann"),
                                                     .credential = CredentialInfo::of(claims.principal.credential),
                                                     .scopes = claims.principal.scopes}));
  ASSERT_TRUE(resolved) << resolved.error().message;
  EXPECT_EQ(resolved->principal.scopes, (std::vector<std::string>{"runs:read", "tokens:issue"}));
  auto as_narrow = ctx();
  as_narrow.principal = claims.principal;
  EXPECT_EQ(loops_.run(service_->issue(as_narrow, {.subject = Subject("ann")})).error().code, "scope_not_granted");
  ann_has({"runs:write", "tokens:issue"});
  const auto later = loops_.run(
      service_->resolve(as_service("orchestrator"), {.tenant = TenantId("acme"),
                                                     .subject = Subject("ann"),
                                                     .credential = CredentialInfo::of(claims.principal.credential),
                                                     .scopes = claims.principal.scopes}));
  EXPECT_EQ(later->principal.scopes, (std::vector<std::string>{"tokens:issue"}));
  refresh();
  EXPECT_EQ(verifier_.verify(narrow.access_token, principal_audience)->principal.scopes,
            (std::vector<std::string>{"tokens:issue"}))
      << "the scopes that were taken away are gone from tokens made before";
}

TEST_F(IdentityServiceTest, a_token_made_with_a_token_ends_with_it) {
  trust();
  auto by = ctx();
  by.principal = verifier_.verify(issue("ann", 100), principal_audience)->principal;
  const auto child = *loops_.run(service_->issue(by, {.subject = Subject("ann"), .ttl_seconds = 3600}));
  EXPECT_LE(child.expires_in, 100);
  EXPECT_LE(verifier_.verify(child.access_token, principal_audience)->expires_at, *by.principal.credential.expires_at);
}

TEST_F(IdentityServiceTest, a_revocation_reaches_a_token_through_all_its_renewals) {
  trust();
  for (const bool first : {true, false}) {
    auto text = issue("ann");
    std::vector<std::string> line{text};
    for (int i = 0; i < 30; ++i) {
      auto by = ctx();
      by.principal = verifier_.verify(text, principal_audience)->principal;
      text = loops_.run(service_->issue(by, {.subject = Subject("ann")}))->access_token;
      line.push_back(text);
    }
    ASSERT_TRUE(loops_.run(service_->revoke(ctx(), {.token = first ? line.front() : line[10]})));
    auto by = ctx();
    by.principal = verifier_.verify(text, principal_audience)->principal;  // the feed has not told yet
    EXPECT_EQ(loops_.run(service_->issue(by, {.subject = Subject("ann")})).error().code, "token_revoked");
    refresh();
    EXPECT_FALSE(verifier_.verify(line.back(), principal_audience));
    EXPECT_EQ(verifier_.verify(line[5], principal_audience).has_value(), !first) << "what came before it holds";
  }
}

TEST_F(IdentityServiceTest, a_revoked_principal_loses_keys_tokens_and_what_it_gave_and_can_come_back) {
  trust();
  PublicAuthenticator door(verifier_, *service_, nullptr, system_clock());
  const auto key = "Bearer " + std::string(api_key_.reveal());
  const auto text = issue("ann");
  const auto with_token = "Bearer " + text;
  const auto principal = enter(door, {{"Authorization", key}})->principal;
  ASSERT_TRUE(enter(door, {{"Authorization", with_token}}));
  ASSERT_TRUE(loops_.run(service_->revoke(ctx(), {.subject = Subject("ann")})));
  refresh();
  EXPECT_EQ(enter(door, {{"Authorization", key}}).error().code, "key_revoked");
  EXPECT_EQ(enter(door, {{"Authorization", with_token}}).error().code, "token_revoked");
  EXPECT_EQ(
      loops_
          .run(service_->resolve(as_service("orchestrator"), {.tenant = TenantId("acme"),
                                                              .subject = Subject("ann"),
                                                              .credential = CredentialInfo::of(principal.credential)}))
          .error()
          .code,
      "token_revoked");
  EXPECT_EQ(verifier_.holds(principal).error().code, "token_revoked");
  // In the very second of the revocation: what is made afterwards holds.
  ctx_.principal.subject = Subject("root");
  ctx_.principal.credential = {};
  const auto again = loops_.run(service_->create_key(ctx(), {.subject = Subject("ann"), .scopes = {"runs:read"}}));
  ASSERT_TRUE(again) << again.error().message;
  const auto with_new = "Bearer " + again->api_key;
  refresh();
  EXPECT_TRUE(enter(door, {{"Authorization", with_new}}));
  EXPECT_FALSE(enter(door, {{"Authorization", with_token}}));
}

TEST_F(IdentityServiceTest, two_tenants_whose_names_join_to_one_text_are_two) {
  trust();
  ctx_.principal.subject = Subject("root");
  const auto key_of = [&](const char* tenant, const char* subject) {
    return "Bearer " +
           loops_
               .run(service_->create_key(
                   ctx(), {.subject = Subject(subject), .scopes = {"runs:read"}, .tenant = TenantId(tenant)}))
               ->api_key;
  };
  const auto one = key_of("acme", "emea/ann"), other = key_of("acme/emea", "ann");
  PublicAuthenticator door(verifier_, *service_, nullptr, system_clock());
  ASSERT_TRUE(enter(door, {{"Authorization", one}}));
  ASSERT_TRUE(enter(door, {{"Authorization", other}}));
  ASSERT_TRUE(loops_.run(service_->revoke(ctx(), {.subject = Subject("emea/ann")})));
  refresh();
  EXPECT_FALSE(enter(door, {{"Authorization", one}}));
  EXPECT_TRUE(enter(door, {{"Authorization", other}}));
}

TEST_F(IdentityServiceTest, a_verifier_that_starts_after_five_thousand_revocations_knows_them_all) {
  const auto victim = issue("ann");
  ASSERT_TRUE(loops_.run(service_->revoke(ctx(), {.token = victim})));
  const auto until = system_clock().now() + Seconds{300};
  for (int i = 0; i < 5000; ++i)
    ASSERT_TRUE(loops_.run(store_->revoke_token(ctx(), "other-" + std::to_string(i), until)));
  const auto last = issue("ann");
  ASSERT_TRUE(loops_.run(service_->revoke(ctx(), {.token = last})));
  EXPECT_FALSE(loops_.run(service_->verify(ctx(), {.token = victim}))->active);
  EXPECT_FALSE(loops_.run(service_->verify(ctx(), {.token = last}))->active);
  trust();  // one look
  EXPECT_EQ(verifier_.snapshot()->revocations->size(), 5002U);
  EXPECT_EQ(verifier_.verify(victim, principal_audience).error().code, "token_revoked");
  EXPECT_EQ(verifier_.verify(last, principal_audience).error().code, "token_revoked");
}

TEST_F(IdentityServiceTest, revocations_are_forgotten_when_nothing_they_name_can_be_alive) {
  ASSERT_TRUE(loops_.run(store_->revoke_token(ctx(), "over", system_clock().now() - Seconds{120})));
  ASSERT_TRUE(loops_.run(store_->revoke_token(ctx(), "alive", system_clock().now() + Seconds{120})));
  trust();
  EXPECT_EQ(verifier_.snapshot()->revocations->size(), 1U);
  ASSERT_TRUE(loops_.run(store_->forget_old(ctx())));
  // A run that the token began may wait for a person still: identity itself remembers.
  const auto resolved = loops_.run(service_->resolve(
      as_service("orchestrator"),
      {.tenant = TenantId("acme"), .subject = Subject("ann"), .credential = CredentialInfo{.token_id = "over"}}));
  EXPECT_EQ(resolved.error().code, "token_revoked");
}

TEST_F(IdentityServiceTest, names_have_one_form) {
  ctx_.principal.subject = Subject("root");
  const auto code = [&](std::string subject, std::string tenant = "acme") {
    const auto made = loops_.run(service_->create_key(
        ctx(),
        {.subject = Subject(std::move(subject)), .scopes = {"runs:read"}, .tenant = TenantId(std::move(tenant))}));
    return made ? std::string() : made.error().code;
  };
  for (const auto* good : {"bob", "b", "bob@corp.example", "team/bob-2", "a:b_c.d+e"})
    EXPECT_EQ(code(good), "") << good;
  for (const auto& bad :
       std::vector<std::string>{"", "Bob", "bob ", " bob", std::string("b\xD0\xBE") + "b", "bob\n", "bob/", ".bob",
                                "svc:gateway", "\xEF\xBD\x82ob", std::string("b\xC2\xAD") + "ob"})
    EXPECT_EQ(code(bad), "bad_subject") << bad;
  EXPECT_EQ(code(std::string("b\0b", 3)), "bad_subject");
  EXPECT_EQ(code(std::string(10'000, 'b')), "bad_subject");
  EXPECT_EQ(code("bob", "Acme"), "bad_tenant");
  EXPECT_EQ(code("bob", "writ"), "bad_tenant");
}

TEST_F(IdentityServiceTest, four_eyes_are_two_people) {
  trust();
  ctx_.principal.subject = Subject("root");
  const auto make = [&](const char* subject) {
    auto made = *loops_.run(
        service_->create_key(ctx(), {.subject = Subject(subject), .scopes = {"reviews:decide", "admin.keys"}}));
    return CredentialInfo{.key_id = made.key_id};
  };
  const auto be = [&](const char* subject, const CredentialInfo& credential) {
    ctx_.principal.subject = Subject(subject);
    ctx_.principal.credential = credential.credential();
  };
  const auto ann = make("ann2"), bob = make("bob");
  const auto check = [&](Party requester, Party approver) {
    const auto out = loops_.run(service_->check_approver(as_service("orchestrator"), {.tenant = TenantId("acme"),
                                                                                      .requester = std::move(requester),
                                                                                      .approver = std::move(approver),
                                                                                      .scope = "reviews:decide"}));
    EXPECT_TRUE(out) << out.error().message;
    return out ? out->code : "error";
  };
  const Party of_ann{.subject = Subject("ann2"), .credential = ann},
      of_bob{.subject = Subject("bob"), .credential = bob};
  EXPECT_EQ(check(of_ann, of_bob), "") << "two people whom one administrator made";
  EXPECT_EQ(check(of_ann, of_ann), "own_request");
  be("ann2", ann);
  const auto puppet = make("puppet"), key_of_bob = make("bob");
  const Party of_puppet{.subject = Subject("puppet"), .credential = puppet};
  EXPECT_EQ(check(of_ann, of_puppet), "not_independent") << "ann made it";
  EXPECT_EQ(check(of_puppet, of_ann), "not_independent");
  EXPECT_EQ(check(of_ann, {.subject = Subject("bob"), .credential = key_of_bob}), "not_independent")
      << "ann made the key";
  be("puppet", puppet);
  const auto second = make("second");
  EXPECT_EQ(check(of_ann, {.subject = Subject("second"), .credential = second}), "not_independent")
      << "through another";
  EXPECT_EQ(check(of_ann, {.subject = Subject("bob"), .credential = CredentialInfo{.made_by = {"ann2"}}}),
            "not_independent");
  EXPECT_EQ(check(of_ann, {.subject = Subject("agent"), .act = {"ann2"}}), "own_request")
      << "an agent is whom it acts for";
  EXPECT_EQ(check(of_ann, {.subject = Subject("nobody")}), "approver_gone");
  ctx_.principal.subject = Subject("root");
  ctx_.principal.credential = {};
  ASSERT_TRUE(loops_.run(service_->set_scopes(ctx(), {.subject = Subject("bob"), .scopes = {"runs:read"}})));
  EXPECT_EQ(check(of_ann, of_bob), "missing_scope");
  ASSERT_TRUE(loops_.run(service_->remove(ctx(), {.subject = Subject("bob")})));
  EXPECT_EQ(check(of_ann, of_bob), "approver_gone");
}

TEST_F(IdentityServiceTest, a_key_is_narrowed_for_good) {
  trust();
  ctx_.principal.subject = Subject("root");
  const auto made =
      *loops_.run(service_->create_key(ctx(), {.subject = Subject("bob"), .scopes = {"runs:read", "runs:write"}}));
  PublicAuthenticator door(verifier_, *service_, nullptr, system_clock());
  const auto key = "Bearer " + made.api_key;
  EXPECT_EQ(enter(door, {{"Authorization", key}})->principal.scopes.size(), 2U);
  EXPECT_EQ(loops_.run(service_->narrow_key(ctx(), {.key_id = made.key_id, .scopes = {"*"}})).error().code,
            "scope_not_granted");
  ASSERT_TRUE(loops_.run(service_->narrow_key(ctx(), {.key_id = made.key_id, .scopes = {"runs:read"}})));
  refresh();
  EXPECT_EQ(enter(door, {{"Authorization", key}})->principal.scopes, (std::vector<std::string>{"runs:read"}));
}

TEST_F(IdentityServiceTest, a_database_of_the_version_before_keeps_its_revocations_for_all_they_may_mean) {
  ScratchFolder folder;
  const auto file = folder.path() / "old.db";
  auto all = identity_migrations();
  {
    const auto added = std::ranges::find(all, "identity/0002_generations", &sql::Migration::name);
    ASSERT_NE(added, all.end());
    auto old = *sql::open_sqlite(file, sql::Migrations(all.begin(), added));
    const auto filled = loops_.run(old->write(ctx(), [](sql::Transaction& tx) -> Status {
      WRIT_CHECK(tx.run("INSERT INTO principals VALUES ('acme', 'emea/ann', 'user', '[\"a\"]', 0)"));
      WRIT_CHECK(tx.run("INSERT INTO principals VALUES ('acme/emea', 'ann', 'user', '[\"a\"]', 0)"));
      WRIT_CHECK(tx.run("INSERT INTO principals VALUES ('acme', 'bob', 'user', '[\"a\"]', 0)"));
      WRIT_CHECK(tx.run("INSERT INTO api_keys VALUES ('acme', 'key_1', 'bob', '[\"a\",\"b\"]', x'01', 0, NULL)"));
      WRIT_CHECK(tx.run("INSERT INTO revocations (kind, value, at) VALUES ('subject', 'acme/emea/ann', ?1)", tx.now()));
      return {};
    }));
    ASSERT_TRUE(filled);
  }
  auto now = *sql::open_sqlite(file, std::move(all));
  IdentityStore store(*now);
  const auto code = [&](const char* tenant, const char* subject) {
    const auto standing = loops_.run(store.standing(ctx(), TenantId(tenant), Subject(subject), {}));
    return standing ? "holds" : standing.error().code;
  };
  EXPECT_EQ(code("acme", "emea/ann"), "token_revoked");
  EXPECT_EQ(code("acme/emea", "ann"), "token_revoked");
  EXPECT_EQ(code("acme", "bob"), "holds");
  const auto bob = loops_.run(store.principal(ctx(), TenantId("acme"), Subject("bob")));
  EXPECT_EQ((*bob)->scopes, (std::vector<std::string>{"a", "b"})) << "what its key has, it has";
  EXPECT_EQ(loops_.run(store.revocations(ctx(), 0))->revocations.size(), 2U);
}

}  // namespace
}  // namespace writ::identity
