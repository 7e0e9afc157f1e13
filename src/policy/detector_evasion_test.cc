// The list of disguises in evasions.json, under every action that carries text.
#include <algorithm>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "policy/small_constitution.h"

namespace writ::policy {
namespace {

constexpr std::array with_text{Action::model_call, Action::model_output, Action::tool_call, Action::tool_result};

const ActiveConstitution& constitution() {
  static const auto active = [] {
    auto c = small_constitution();
    const std::vector<Action> actions(with_text.begin(), with_text.end());
    c.detectors = {
        {.id = "terms",
         .fact = "denied_term",
         .actions = actions,
         .patterns = {{.kind = "literal", .text = "secret", .case_insensitive = true}}},
        {.id = "phrases",
         .fact = "phrase",
         .actions = actions,
         .patterns = {{.kind = "literal", .text = "utmost rank"}}},
        {.id = "names", .fact = "name", .actions = actions, .patterns = {{.kind = "literal", .text = "Müller"}}},
        {.id = "codes",
         .fact = "code",
         .actions = actions,
         .patterns = {{.kind = "regex", .text = "код [0-9]{4}", .max_match_length = 11}}},
        {.id = "mail",
         .fact = "email",
         .actions = actions,
         .patterns = {{.kind = "regex", .text = "[a-z]{1,16}@[a-z]{1,16}", .max_match_length = 33}}}};
    return *ActiveConstitution::activate({.constitution = std::move(c), .hash = "0123456789abcdef"});
  }();
  return *active;
}

json::object list() {
  std::ifstream in(WRIT_EVASIONS, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  return parse_json(text)->as_object();
}

struct Case {
  std::string name, fact, text;
  bool over_strings = false;  // split over strings of JSON: seen in a whole text only
  std::vector<std::int64_t> breaks;
};

std::vector<Case> disguises() {
  std::vector<Case> out;
  for (const auto& item : list().at("found").as_array()) {
    const auto& object = item.as_object();
    Case c{.name = std::string(text_at(object, "name")),
           .fact = std::string(text_at(object, "fact")),
           .text = std::string(text_at(object, "text")),
           .breaks = {}};
    c.over_strings = object.contains("over_strings");
    if (c.fact.empty()) c.fact = "denied_term";
    if (const auto* parts = object.if_contains("parts")) {
      for (const auto& part : parts->as_array()) {
        if (!c.text.empty()) {
          c.breaks.push_back(static_cast<std::int64_t>(c.text.size()));
          c.text += '\n';
        }
        c.text += view(part.as_string());
      }
    }
    out.push_back(std::move(c));
  }
  return out;
}

TEST(DetectorEvasion, every_disguise_of_the_list_is_seen_under_every_action) {
  const auto all = disguises();
  EXPECT_GE(all.size(), 100U);
  for (const auto& c : all)
    for (const auto action : with_text) {
      const auto facts = constitution().facts(action, c.text, c.breaks);
      ASSERT_TRUE(facts) << c.name;
      EXPECT_TRUE(std::ranges::find(*facts, c.fact) != facts->end())
          << c.name << " under " << schema::name_of(action) << ": " << c.text;
    }
}

TEST(DetectorEvasion, nothing_of_a_disguise_leaves_in_an_output_before_it_is_seen) {
  const std::string before(300, '.');
  for (const auto& c : disguises()) {
    if (c.over_strings || !c.breaks.empty()) continue;
    const auto text = before + c.text + before;
    for (const std::size_t size : {5U, 48U, 4096U}) {
      scan::WindowScanner scanner(constitution().output_scanner());
      bool found = false;
      std::size_t released = 0;
      for (std::size_t at = 0; at < text.size() && !found; at += size) {
        const auto window = scanner.feed(at, std::string_view(text).substr(at, size));
        ASSERT_TRUE(window) << c.name;
        for (const auto& match : window->matches) {
          EXPECT_GE(match.from, released) << c.name << " in pieces of " << size;
          found = found || constitution().fact_of(match.pattern) == c.fact;
        }
        released = window->release_upto;
      }
      EXPECT_TRUE(found) << c.name << " in pieces of " << size;
    }
  }
}

TEST(DetectorEvasion, what_is_no_disguise_gives_no_fact) {
  for (const auto& text : list().at("not_found").as_array())
    for (const auto action : with_text)
      EXPECT_EQ(constitution().facts(action, view(text.as_string())), std::vector<std::string>{})
          << view(text.as_string());
}

TEST(DetectorEvasion, breaks_that_are_none_are_refused) {
  const std::vector<std::int64_t> negative{-1}, beyond{10};
  EXPECT_EQ(constitution().facts(Action::model_call, "abc", negative).error().code, "bad_text");
  EXPECT_EQ(constitution().facts(Action::model_call, "abc", beyond).error().code, "bad_text");
}

}  // namespace
}  // namespace writ::policy
