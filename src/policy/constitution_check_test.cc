#include "policy/constitution_check.h"

#include <gtest/gtest.h>

#include "policy/rule_facts.h"
#include "policy/small_constitution.h"

namespace writ::policy {
namespace {

/// "pointer: message" of everything that is wrong with it; "" when it would become active.
std::string refusal(const Constitution& c) {
  const auto made = ActiveConstitution::activate({.constitution = c, .hash = std::string(64, 'a')});
  if (made) return "";
  std::string out = made.error().message;
  for (const auto& problem : made.error().problems) out += "\n" + problem.pointer + ": " + problem.message;
  return out;
}
std::string with_rule(std::string_view rule) {
  auto c = small_constitution();
  c.policies += rule;
  return refusal(c);
}
template <class Change>
std::string with(Change change) {
  auto c = small_constitution();
  change(c);
  return refusal(c);
}
std::string decoded(std::string_view budget) {
  auto document = schema::encode(small_constitution());
  document.as_object()["budgets"] = json::array{*parse_json(budget)};
  const auto c = schema::decode<Constitution>(document);
  if (c) return refusal(*c);
  std::string out;
  for (const auto& problem : c.error().problems) out += problem.pointer + ": " + problem.message + "\n";
  return out;
}

constexpr std::string_view call_rule = R"(permit (principal, action == Action::"model.call", resource);)";
constexpr std::string_view output = R"(permit (principal, action == Action::"model.output", resource);)";

std::string annotated(std::string_view annotations, std::string_view rule = call_rule) {
  return with_rule(R"(@id("x") )" + std::string(annotations) + " " + std::string(rule));
}

#define EXPECT_HAS(text, part) EXPECT_PRED2([](std::string t, std::string p) { return t.contains(p); }, text, part)

TEST(ConstitutionCheck, the_small_constitution_is_one_that_does_what_it_says) {
  EXPECT_EQ(refusal(small_constitution()), "");
}

TEST(ConstitutionCheck, an_annotation_that_nobody_knows_is_refused_with_its_line) {
  const auto text = annotated("@future(\"x\")");
  EXPECT_HAS(text, "/policies: line ");
  EXPECT_HAS(text, "in policy `x`: the annotation @future is unknown");
}

TEST(ConstitutionCheck, a_cap_is_a_whole_number_up_to_the_ceiling) {
  for (const auto* bad : {"", "x", "-1", "0", "+5", "007", "1e3", "5 ", "12.5", "99999999999999999999", "4097"})
    EXPECT_HAS(annotated("@cap_tokens(\"" + std::string(bad) + "\")"), "@cap_tokens(");
  EXPECT_EQ(annotated("@cap_tokens(\"4096\")"), "");
}

TEST(ConstitutionCheck, an_obligation_stands_where_it_can_be_carried_out) {
  EXPECT_HAS(annotated("@cap_tokens(\"5\")", output), "carried out for model.call only");
  EXPECT_HAS(annotated("@release(\"hold\")", output), "carried out for model.call only");
  EXPECT_HAS(annotated("@review(\"reviews:decide\")", output), "carried out for run.start, model.call, tool.call only");
  for (const auto* one : {"@cap_tokens(\"5\")", "@release(\"hold\")", "@review(\"reviews:decide\")"}) {
    EXPECT_HAS(annotated(one, R"(forbid (principal, action == Action::"model.call", resource);)"), "on a forbid");
    EXPECT_HAS(annotated(one, "permit (principal, action, resource);"), "name the action in its scope");
  }
}

TEST(ConstitutionCheck, a_release_and_a_scope_of_review_are_known_ones) {
  EXPECT_HAS(annotated("@release(\"later\")"), "write \"hold\" or \"window\"");
  for (const auto* bad : {"", "reviews:", "decide", "*", "reviews:A b", "models:use"})
    EXPECT_HAS(annotated("@review(\"" + std::string(bad) + "\")"), "is no scope of a review");
  EXPECT_EQ(annotated("@review(\"reviews:vault-2\")"), "");
}

TEST(ConstitutionCheck, a_redaction_is_refused_because_nothing_carries_it_out) {
  EXPECT_HAS(annotated("@redact(\"email\")"), "@redact is not carried out yet");
  EXPECT_HAS(annotated("@redact(\"denied_term\")", output), "@redact is not carried out yet");
}

TEST(ConstitutionCheck, a_fact_that_is_read_is_one_that_is_given) {
  EXPECT_HAS(with_rule(R"(@id("x") forbid (principal, action == Action::"model.output", resource)
                          when { context.facts.contains("denied_trem") };)"),
             "in policy `x`: it reads the fact `denied_trem`");
  EXPECT_HAS(with_rule(R"(@id("x") forbid (principal, action == Action::"model.output", resource)
                          when { context.facts.containsAny(["denied_term", "email"]) };)"),
             "it reads the fact `email`");
  EXPECT_EQ(
      with_rule(R"(@id("x") forbid (principal, action, resource) when { context.facts.contains("kill_switch") };)"),
      "");
}

TEST(ConstitutionCheck, facts_in_comments_and_strings_are_not_read) {
  const auto read = facts_read(
      "// facts.contains(\"a\")\n@d(\"facts.contains(\\\"b\\\")\")\nfacts . contains ( \"c\" )\n"
      "facts.containsAll([\"d\", \"e\"]) scopes.contains(\"f\") facts.isEmpty()");
  ASSERT_EQ(read.size(), 3U);
  EXPECT_EQ(read[0].fact, "c");
  EXPECT_EQ(read[0].line, 3U);
  EXPECT_EQ(read[2].fact, "e");
  EXPECT_TRUE(facts_read("\"open").empty());
  EXPECT_TRUE(facts_read("facts.contains(\"").size() <= 1);
}

TEST(ConstitutionCheck, an_action_that_nobody_asks_for_has_no_rules) {
  auto c = small_constitution();
  c.schema += R"(action "model.cal" appliesTo { principal: [User], resource: Model, context: {} };)";
  c.policies += R"(@id("x") permit (principal, action == Action::"model.cal", resource);)";
  EXPECT_HAS(refusal(c), "nobody asks for the action `model.cal`");
  EXPECT_HAS(with_rule(R"(@id("y") permit (principal, action == Action::"nowhere", resource);)"), "nowhere");
}

TEST(ConstitutionCheck, no_budget_is_said_on_purpose) {
  EXPECT_HAS(with([](Constitution& c) { c.budgets.clear(); }), "/budgets: there is no budget");
  EXPECT_HAS(with([](Constitution& c) { c.unlimited = true; }), "/unlimited: there are budgets");
  EXPECT_EQ(with([](Constitution& c) {
              c.budgets.clear();
              c.unlimited = true;
            }),
            "");
}

TEST(ConstitutionCheck, names_are_there_once) {
  EXPECT_HAS(with([](Constitution& c) { c.budgets.push_back(c.budgets.front()); }), "/budgets/1: `day` is there twice");
  EXPECT_HAS(with([](Constitution& c) { c.detectors.push_back(c.detectors.front()); }), "/detectors/2: `terms`");
  EXPECT_HAS(with([](Constitution& c) {
               auto& patterns = c.detectors.front().patterns;
               patterns.push_back(patterns.front());
             }),
             "/detectors/0/patterns/1: ");
  EXPECT_HAS(with([](Constitution& c) { c.detectors.front().actions.push_back(Action::model_output); }),
             "/detectors/0/actions/1: ");
  EXPECT_HAS(with([](Constitution& c) { c.capsules = {{"a", "b"}, {"a", "b"}}; }), "/capsules/1: ");
  EXPECT_HAS(with_rule(R"(@id("call") permit (principal, action == Action::"model.call", resource);)"), "call");
}

TEST(ConstitutionCheck, a_detector_has_patterns_and_text_to_look_at) {
  EXPECT_HAS(with([](Constitution& c) { c.detectors.front().actions = {Action::run_start}; }), "run.start has no text");
  EXPECT_HAS(with([](Constitution& c) { c.detectors.front().fact = "kill_switch"; }), "/detectors/0/fact");
  EXPECT_HAS(with([](Constitution& c) { c.detectors.front().patterns.front().kind = "glob"; }),
             "must be literal or regex");
  auto document = schema::encode(small_constitution());
  document.at("detectors").at(0).at("patterns") = json::array();
  EXPECT_FALSE(schema::decode<Constitution>(document));
  document.at("detectors").at(0).at("patterns") = schema::encode(small_constitution().detectors.front().patterns);
  document.at("detectors").at(0).at("actions") = json::array{"model.inptu"};
  EXPECT_FALSE(schema::decode<Constitution>(document));
}

TEST(ConstitutionCheck, patterns_that_would_take_minutes_to_compile_are_refused_before_they_are) {
  const auto with_pattern = [](std::string text) {
    return with([&](Constitution& c) {
      c.detectors.front().patterns = {{.kind = "regex", .text = std::move(text), .max_match_length = 4096}};
    });
  };
  EXPECT_HAS(with_pattern(".{1,1000}x"), "/detectors/0/patterns/0: it is too costly to compile");
  EXPECT_HAS(with_pattern(std::string(100, '(') + "a" + std::string(100, ')')), "nested too deeply");
  EXPECT_EQ(with_pattern("[a-z]{1,64}"), "");
  auto many = small_constitution();
  auto& detector = many.detectors.front();
  detector.patterns.clear();
  for (int i = 0; i < 9'000; ++i)
    detector.patterns.push_back({.kind = "literal", .text = "a denied term, number " + std::to_string(i)});
  const auto rules = cedar::PolicySet::load(many.policies, many.schema);
  ASSERT_TRUE(rules);
  EXPECT_TRUE(problems_of(many, *rules).empty());
  detector.actions = {Action::model_output, Action::tool_result};
  const auto problems = problems_of(many, *rules);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_HAS(problems.front().message, "all patterns are too costly to compile");
}

TEST(ConstitutionCheck, a_budget_is_one_that_is_enforced) {
  EXPECT_HAS(decoded(R"({"id":"a","per":"tenant","kind":"cost","limit":5,"window_seconds":60})"), "has a price");
  EXPECT_HAS(decoded(R"({"id":"a","per":"everybody","kind":"tokens","limit":5,"window_seconds":60})"),
             "/budgets/0/per");
  EXPECT_HAS(decoded(R"({"id":"a","per":"tenant","kind":"words","limit":5,"window_seconds":60})"), "/budgets/0/kind");
  for (const auto* seconds : {"0", "-60", "59", "31622401", "1e30", "9223372036854775808", "null", "\"60\"", "60.5"})
    EXPECT_HAS(
        decoded(R"({"id":"a","per":"tenant","kind":"tokens","limit":5,"window_seconds":)" + std::string(seconds) + "}"),
        "/budgets/0/window_seconds");
  for (const auto* limit : {"0", "-1", "9007199254740993", "1e400", "null", "{}"}) {
    const auto text =
        R"({"id":"a","per":"tenant","kind":"tokens","window_seconds":60,"limit":)" + std::string(limit) + "}";
    if (parse_json(text)) EXPECT_HAS(decoded(text), "/budgets/0/limit");
  }
  EXPECT_HAS(decoded(R"({"id":"a","per":"tenant","kind":"tokens","limit":5,"window_seconds":60,"hard":true})"),
             "/budgets/0/hard");
}

using Rates = std::vector<RateRule>;
constexpr std::int64_t mib = 1 << 20;

std::string with_rates(std::optional<Rates> rates, bool unlimited = false) {
  return with([&](Constitution& c) {
    c.rates = std::move(rates);
    c.unlimited_rates = unlimited;
  });
}
RateRule rate(std::string id, RatePer per, RateKind kind, std::int64_t count, std::int64_t per_seconds,
              std::int64_t burst) {
  return {.id = std::move(id), .per = per, .kind = kind, .count = count, .per_seconds = per_seconds, .burst = burst};
}

TEST(ConstitutionCheck, rates_may_be_left_out_and_none_are_said_on_purpose) {
  EXPECT_EQ(with_rates(std::nullopt), "");
  EXPECT_HAS(with_rates(Rates{}), "/rates: there is no rate");
  EXPECT_EQ(with_rates(Rates{}, true), "");
  EXPECT_HAS(with_rates(std::nullopt, true), "/unlimited_rates: say \"rates\": []");
  EXPECT_HAS(with_rates(Rates{rate("a", RatePer::tenant, RateKind::requests, 1, 1, 1)}, true),
             "/unlimited_rates: there are rates");
}

TEST(ConstitutionCheck, a_rate_lets_every_single_request_pass) {
  EXPECT_EQ(with_rates(Rates{rate("a", RatePer::principal, RateKind::bytes, mib, 60, mib)}), "");
  EXPECT_HAS(with_rates(Rates{rate("a", RatePer::principal, RateKind::bytes, mib, 60, mib - 1)}),
             "/rates/0/burst: a request of 1048576 bytes could never pass");
}

TEST(ConstitutionCheck, a_rate_is_free_again_within_an_hour) {
  EXPECT_EQ(with_rates(Rates{rate("a", RatePer::principal, RateKind::requests, 1, 3600, 1)}), "");
  EXPECT_HAS(with_rates(Rates{rate("a", RatePer::principal, RateKind::requests, 1, 3600, 2)}),
             "/rates/0/burst: it would take more than an hour to fill");
}

TEST(ConstitutionCheck, a_rate_that_another_covers_is_refused) {
  const auto tight = rate("tight", RatePer::tenant, RateKind::requests, 10, 1, 10);
  EXPECT_HAS(with_rates(Rates{rate("wide", RatePer::principal, RateKind::requests, 600, 60, 10), tight}),
             "/rates/0: `wide` is never reached, because `tight` is not higher");
  EXPECT_EQ(with_rates(Rates{rate("short", RatePer::principal, RateKind::requests, 20, 1, 5), tight}), "");
  EXPECT_EQ(with_rates(Rates{rate("slow", RatePer::principal, RateKind::requests, 5, 1, 20), tight}), "");
  EXPECT_EQ(with_rates(Rates{rate("other", RatePer::principal, RateKind::bytes, mib, 1, 2 * mib), tight}), "");
  auto again = tight;
  again.id = "again";
  const auto twice = with_rates(Rates{tight, again});
  EXPECT_HAS(twice, "/rates/1: `again` is never reached");
  EXPECT_FALSE(twice.contains("/rates/0"));
  EXPECT_HAS(with_rates(Rates{tight, tight}), "/rates/1: `tight` is there twice");
}

TEST(ConstitutionCheck, what_is_absurd_is_no_rate) {
  const auto text = [](std::string_view rates) {
    auto document = schema::encode(small_constitution());
    document.as_object()["rates"] = *parse_json(rates);
    const auto c = schema::decode<Constitution>(document);
    if (c) return refusal(*c);
    std::string out;
    for (const auto& problem : c.error().problems) out += problem.pointer + ": " + problem.message + "\n";
    return out;
  };
  EXPECT_EQ(text(R"([{"id":"a","per":"tenant","kind":"requests","count":1,"per_seconds":1,"burst":1}])"), "");
  EXPECT_HAS(text(R"([{"id":"a","per":"tenant","kind":"requests","count":0,"per_seconds":1,"burst":1}])"),
             "/rates/0/count");
  EXPECT_HAS(text(R"([{"id":"a","per":"tenant","kind":"requests","count":1,"per_seconds":0,"burst":-1}])"),
             "/rates/0/burst");
  EXPECT_HAS(text(R"([{"id":"a","per":"tenant","kind":"bytes","count":1,"per_seconds":1,"burst":2147483649}])"),
             "/rates/0/burst");
  EXPECT_HAS(text(R"([{"id":"a","per":"capsule","kind":"tokens","count":1,"per_seconds":1,"burst":1}])"),
             "/rates/0/per");
}

}  // namespace
}  // namespace writ::policy
