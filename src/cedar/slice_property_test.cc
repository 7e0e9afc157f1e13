// The slice of an action answers as the whole set does, for any policies and requests.
#include <array>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "cedar/policy_set.h"

namespace writ::cedar {
namespace {

constexpr std::string_view schema = R"(
entity User;
entity Thing;
action "inner"; action "outer";
action "a" in ["inner"] appliesTo { principal: User, resource: Thing, context: { facts: Set<String> } };
action "b" in ["inner", "outer"] appliesTo { principal: User, resource: Thing, context: { facts: Set<String> } };
action "c" in ["outer"] appliesTo { principal: User, resource: Thing, context: { facts: Set<String> } };
action "d" appliesTo { principal: User, resource: Thing, context: { facts: Set<String> } };
)";
constexpr std::array<std::string_view, 4> actions{"a", "b", "c", "d"};
constexpr std::array<std::string_view, 3> facts{"f", "g", "h"};
constexpr std::array<std::string_view, 8> action_scopes{"action",
                                                        R"(action == Action::"a")",
                                                        R"(action == Action::"c")",
                                                        R"(action in [Action::"a", Action::"d"])",
                                                        R"(action in Action::"inner")",
                                                        R"(action in Action::"outer")",
                                                        R"(action in [Action::"outer", Action::"d"])",
                                                        R"(action in [Action::"inner", Action::"outer"])"};

template <class Items>
auto one_of(const Items& items) {
  return items[*rc::gen::inRange<std::size_t>(0, items.size())];
}

std::string a_policy(int n) {
  const bool permit = *rc::gen::arbitrary<bool>();
  const auto principal = *rc::gen::arbitrary<bool>() ? "principal" : R"(principal == User::"ann")";
  return fmt::format("@id(\"p{}\") {} ({}, {}, resource) when {{ context.facts.contains(\"{}\") }};\n", n,
                     permit ? "permit" : "forbid", principal, one_of(action_scopes), one_of(facts));
}

TEST(Slices, answer_as_the_whole_set) {
  const bool held = rc::check([] {
    std::string text;
    const int count = *rc::gen::inRange(0, 12);
    for (int i = 0; i < count; ++i) text += a_policy(i);
    const auto set = PolicySet::load(text, schema);
    RC_ASSERT(set.has_value());
    for (auto action : actions) {
      Request request{{"User", *rc::gen::arbitrary<bool>() ? "ann" : "bob"}, std::string(action), {"Thing", "t"}, {}};
      json::array list;
      for (auto fact : facts)
        if (*rc::gen::arbitrary<bool>()) list.emplace_back(json::string_view(fact.data(), fact.size()));
      request.context["facts"] = std::move(list);
      const auto slice = set->decide(request);
      const auto whole = set->decide(request, Scope::whole_set);
      RC_ASSERT(slice.has_value() && whole.has_value());
      RC_ASSERT(slice->allow == whole->allow);
      RC_ASSERT(slice->matched == whole->matched);
    }
  });
  EXPECT_TRUE(held);
}

}  // namespace
}  // namespace writ::cedar
