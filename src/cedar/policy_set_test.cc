#include "cedar/policy_set.h"

#include <atomic>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "cedar/boundary.h"

namespace writ::cedar {
namespace {

constexpr std::string_view schema = R"(
entity User;
entity Group;
entity Person in [Group] { level: Long };
entity Thing;
type Approval = { decision_id: String, approver: String };
action "read", "write" appliesTo {
  principal: [User, Person], resource: Thing,
  context: { facts: Set<String>, size?: Long, approvals?: Set<Approval> }
};
action "admin";
action "admin.keys" in ["admin"] appliesTo { principal: [User, Person], resource: Thing, context: {} };
)";

constexpr std::string_view policies = R"(// The rules of the test.
@id("read")
permit (principal, action == Action::"read", resource);

@id("write-after-review") @review("things:approve") @cap_tokens("512")
permit (principal, action in [Action::"write"], resource);

@id("no-secrets")
forbid (principal, action in [Action::"read", Action::"write"], resource)
when { context.facts.contains("secret") };

@id("administer")
permit (principal, action in Action::"admin", resource);

@id("group-frozen")
forbid (principal in Group::"frozen", action, resource);

@id("too-big")
forbid (principal, action == Action::"write", resource)
when { context has size && context.size * 4 > 100 };
)";

PolicySet loaded() {
  auto set = PolicySet::load(policies, schema);
  if (!set) ADD_FAILURE() << set.error().message;
  return std::move(set.value());
}

json::object facts(std::initializer_list<std::string_view> names) {
  json::array list;
  for (auto name : names) list.emplace_back(json::string_view(name.data(), name.size()));
  return {{"facts", std::move(list)}};
}

Request ask(std::string action, json::object context) {
  return {{"User", "ann"}, std::move(action), {"Thing", "t1"}, std::move(context)};
}

Error refusal(std::string_view text, std::string_view vocabulary = schema) {
  auto set = PolicySet::load(text, vocabulary);
  if (set) {
    ADD_FAILURE() << "was accepted: " << text;
    return {};
  }
  return set.error();
}

TEST(PolicySet, allows_what_a_permit_matches_and_names_it) {
  const auto answer = loaded().decide(ask("read", facts({})));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer->allow);
  EXPECT_EQ(answer->matched, std::vector<std::string>{"read"});
  EXPECT_TRUE(answer->errors.empty());
}

TEST(PolicySet, a_matching_forbid_wins_and_is_named) {
  const auto answer = loaded().decide(ask("read", facts({"secret", "other"})));
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->allow);
  EXPECT_EQ(answer->matched, std::vector<std::string>{"no-secrets"});
}

TEST(PolicySet, all_matching_permits_are_named) {
  const auto set =
      PolicySet::load(std::string(policies) + R"(@id("read-too") permit (principal, action, resource);)", schema);
  ASSERT_TRUE(set);
  const auto answer = set->decide(ask("read", facts({})));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->matched, (std::vector<std::string>{"read", "read-too"}));
}

TEST(PolicySet, denies_what_nothing_permits) {
  const auto set = PolicySet::load(R"(@id("r") permit (principal, action == Action::"read", resource);)", schema);
  ASSERT_TRUE(set);
  const auto answer = set->decide(ask("write", facts({})));
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->allow);
  EXPECT_TRUE(answer->matched.empty());
}

TEST(PolicySet, annotations_effect_line_and_actions_of_every_policy_are_listed_in_text_order) {
  const auto set = loaded();
  ASSERT_EQ(set.policies().size(), 6U);
  EXPECT_EQ(set.policies()[0].id, "read");
  EXPECT_EQ(set.policies()[0].line, 2);
  const auto* reviewed = set.find("write-after-review");
  ASSERT_NE(reviewed, nullptr);
  EXPECT_EQ(reviewed->effect, Effect::permit);
  EXPECT_EQ(reviewed->line, 5);
  EXPECT_EQ(reviewed->actions, std::vector<std::string>{"write"});
  const auto* annotations = set.annotations("write-after-review");
  ASSERT_NE(annotations, nullptr);
  EXPECT_EQ(*annotations,
            (Annotations{{"cap_tokens", "512"}, {"id", "write-after-review"}, {"review", "things:approve"}}));
  EXPECT_EQ(set.find("no-secrets")->effect, Effect::forbid);
  EXPECT_EQ(set.annotations("no such policy"), nullptr);
}

TEST(PolicySet, slices_follow_the_action_scope_and_its_groups) {
  const auto set = loaded();
  EXPECT_EQ(set.find("read")->actions, std::vector<std::string>{"read"});
  EXPECT_EQ(set.find("no-secrets")->actions, (std::vector<std::string>{"read", "write"}));
  EXPECT_EQ(set.find("administer")->actions, (std::vector<std::string>{"admin", "admin.keys"}));
  EXPECT_EQ(set.find("group-frozen")->actions, (std::vector<std::string>{"admin", "admin.keys", "read", "write"}));
  const auto answer = set.decide(ask("admin.keys", {}));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer->allow);
}

TEST(PolicySet, attributes_and_parents_of_the_principal_count) {
  auto request = ask("read", facts({}));
  request.principal = {"Person", "bob"};
  const auto entities = parse_json(R"([{"uid":{"type":"Person","id":"bob"},"attrs":{"level":3},
    "parents":[{"type":"Group","id":"frozen"}]}])");
  ASSERT_TRUE(entities);
  request.entities = entities->as_array();
  const auto answer = loaded().decide(request);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_FALSE(answer->allow);
  EXPECT_EQ(answer->matched, std::vector<std::string>{"group-frozen"});
}

TEST(PolicySet, a_set_of_records_is_understood) {
  auto context = facts({});
  context["approvals"] = json::array{json::object{{"decision_id", "dec_1"}, {"approver", "eve"}}};
  const auto answer = loaded().decide(ask("write", context));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer->allow);
}

TEST(PolicySet, an_ill_typed_request_is_an_error_and_never_an_answer) {
  const auto set = loaded();
  auto approvals = facts({});
  approvals["approvals"] = json::array{json::object{{"decision_id", 7}, {"approver", "eve"}}};
  auto unknown = facts({});
  unknown["extra"] = 1;
  auto fraction = facts({});
  fraction["size"] = 1.5;
  Request strange_principal{{"Thing", "t"}, "read", {"Thing", "t"}, facts({})};
  Request strange_type{{"Nobody", "t"}, "read", {"Thing", "t"}, facts({})};
  for (const auto& request :
       {ask("read", {}), ask("read", {{"facts", "secret"}}), ask("read", {{"facts", json::array{1}}}),
        ask("read", unknown), ask("write", approvals), ask("write", fraction), ask("fly", facts({})), ask("admin", {}),
        strange_principal, strange_type}) {
    const auto answer = set.decide(request);
    ASSERT_FALSE(answer) << request.action << to_text(request.context);
    EXPECT_EQ(answer.error().code, "bad_policy_request");
    EXPECT_EQ(answer.error().kind, ErrorKind::invalid);
    EXPECT_FALSE(answer.error().message.empty());
  }
}

TEST(PolicySet, a_policy_that_fails_to_evaluate_denies_what_others_permit) {
  auto context = facts({});
  context["size"] = std::int64_t{1} << 62;  // times 4 overflows inside `too-big`
  const auto answer = loaded().decide(ask("write", context));
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->allow);
  ASSERT_EQ(answer->errors.size(), 1U);
  EXPECT_NE(answer->errors[0].find("too-big"), std::string::npos) << answer->errors[0];
}

TEST(PolicySet, a_syntax_error_names_the_policy_and_the_place) {
  const auto error = refusal(
      "@id(\"good\")\npermit (principal, action, resource);\n\n@id(\"bad\")\npermit (principal, action resource);\n");
  EXPECT_EQ(error.code, "bad_policies");
  ASSERT_FALSE(error.problems.empty());
  EXPECT_EQ(error.problems[0].pointer, "/policies");
  EXPECT_TRUE(error.problems[0].message.starts_with("line 5, column 27, in policy `bad`: "))
      << error.problems[0].message;
}

TEST(PolicySet, every_type_error_is_reported_with_its_policy) {
  const auto error = refusal(R"(
@id("one") permit (principal, action == Action::"read", resource) when { context.fcts.contains("x") };
@id("two") permit (principal, action == Action::"read", resource) when { context.size > 3 };
@id("three") permit (principal == Robot::"r", action == Action::"read", resource);
@id("four") permit (principal, action == Action::"raed", resource);
)");
  std::string all;
  for (const auto& problem : error.problems) all += problem.message + "\n";
  for (auto expected :
       {"line 2, column 74, in policy `one`", "in policy `two`", "in policy `three`", "in policy `four`"})
    EXPECT_NE(all.find(expected), std::string::npos) << expected << "\nin\n" << all;
}

TEST(PolicySet, names_are_required_and_unique) {
  EXPECT_NE(refusal("permit (principal, action, resource);").message.find("@id"), std::string::npos);
  const auto twice =
      refusal("@id(\"a\") permit (principal, action, resource);\n@id(\"a\") forbid (principal, action, resource);");
  EXPECT_NE(twice.message.find("used by two policies"), std::string::npos) << twice.message;
  EXPECT_NE(refusal("@id(\"t\") permit (principal == ?principal, action, resource);").message.find("templates"),
            std::string::npos);
}

TEST(PolicySet, a_rule_that_can_never_apply_is_refused) {
  const auto error =
      refusal("@id(\"never\") forbid (principal, action == Action::\"read\", resource) when { 1 == 2 };");
  EXPECT_NE(error.message.find("`never`"), std::string::npos) << error.message;
}

TEST(PolicySet, a_bad_schema_is_refused_with_its_place_beside_the_problems_of_the_policies) {
  const auto error = refusal("permit (principal, action, resource);",
                             "entity User;\naction \"x\" appliesTo { principal: [Nobody] };\n");
  bool in_schema = false, in_policies = false;
  for (const auto& problem : error.problems) {
    in_schema |= problem.pointer == "/schema";
    in_policies |= problem.pointer == "/policies";
  }
  EXPECT_TRUE(in_schema && in_policies);
  const auto syntax = refusal(policies, "entity User;\nentity;;\n");
  ASSERT_FALSE(syntax.problems.empty());
  EXPECT_TRUE(syntax.problems[0].message.starts_with("line 2, column 7: ")) << syntax.problems[0].message;
}

TEST(PolicySet, text_that_is_not_utf8_is_refused) { EXPECT_EQ(refusal("\xff\xfe").code, "bad_policies"); }

TEST(PolicySet, places_are_found_past_comments_and_strings_that_hold_semicolons) {
  const auto set = PolicySet::load(
      "// a; comment; \"with\n@id(\"first\") permit (principal == User::\"a;\\\";b\", action, resource);\n\n// "
      "more;\n@id(\"second\")\nforbid (principal, action, resource);",
      schema);
  ASSERT_TRUE(set) << set.error().message;
  EXPECT_EQ(set->find("first")->line, 2);
  EXPECT_EQ(set->find("second")->line, 5);
}

TEST(PolicySet, decides_the_same_on_many_threads_at_once) {
  const auto set = loaded();
  std::vector<std::jthread> threads;
  std::atomic<int> allowed = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        const auto answer = set.decide(ask("read", i % 2 == 0 ? facts({}) : facts({"secret"})));
        if (answer && answer->allow) ++allowed;
      }
    });
  threads.clear();
  EXPECT_EQ(allowed, 100);
}

TEST(Boundary, a_panic_does_not_cross_and_becomes_an_internal_error) {
  Messages messages;
  EXPECT_EQ(writ_cedar_panic(Messages::receive, &messages), WRIT_CEDAR_FAILED);
  const auto error = messages.failure("bad_policy_request");
  EXPECT_EQ(error.kind, ErrorKind::internal);
  EXPECT_NE(error.message.find("on purpose"), std::string::npos);
}

}  // namespace
}  // namespace writ::cedar
