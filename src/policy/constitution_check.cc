#include "policy/constitution_check.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <span>

#include <fmt/format.h>

#include "policy/rule_facts.h"
#include "scan/pattern_weight.h"

namespace writ::policy {
namespace {

using Problems = std::vector<Problem>;

/// Administration's actions and their group: in the schema for rules, asked by the services that administer.
constexpr std::array<std::string_view, 9> admin_actions{
    "admin",      "admin.audit",       "admin.budgets", "admin.capsules",  "admin.constitution",
    "admin.keys", "admin.kill_switch", "admin.models",  "admin.principals"};
/// Facts that the platform itself gives.
constexpr std::string_view platform_fact = "kill_switch";

std::optional<Action> action_named(std::string_view name) {
  for (const auto& [action, known] : schema::EnumNames<Action>::value)
    if (known == name) return action;
  return std::nullopt;
}

bool gives(const Constitution& c, Action action, std::string_view fact) {
  return std::ranges::any_of(c.detectors, [&](const Detector& detector) {
    return detector.fact == fact && std::ranges::find(detector.actions, action) != detector.actions.end();
  });
}

/// A whole number without sign, leading zero or anything after it.
std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || text.front() < '1' || text.front() > '9')
    return std::nullopt;
  return out;
}

/// One rule under examination.
class RuleCheck {
 public:
  RuleCheck(const Constitution& c, const cedar::Policy& rule, Problems& problems)
      : constitution_(c), rule_(rule), problems_(problems) {}

  void run() {
    actions();
    for (const auto& [name, value] : rule_.annotations) annotation(name, value);
  }

 private:
  void complain(std::string_view what) {
    problems_.push_back({"/policies", fmt::format("line {}, in policy `{}`: {}", rule_.line, rule_.id, what)});
  }

  void actions() {
    if (rule_.actions.empty()) complain("it applies to no action, so it can never match");
    for (const auto& name : rule_.actions)
      if (!action_named(name) && std::ranges::find(admin_actions, name) == admin_actions.end())
        complain(fmt::format("nobody asks for the action `{}`; policies/README.md lists those that exist", name));
  }

  // An obligation belongs to a permit, and only to actions that can carry it out.
  bool belongs(std::string_view annotation, std::span<const Action> carriers) {
    if (rule_.effect == cedar::Effect::forbid) {
      complain(fmt::format("@{} means nothing on a forbid: remove it, or write a permit", annotation));
      return false;
    }
    for (const auto& name : rule_.actions) {
      const auto action = action_named(name);
      if (action && std::ranges::find(carriers, *action) != carriers.end()) continue;
      std::string names;
      for (const auto carrier : carriers)
        names += fmt::format("{}{}", names.empty() ? "" : ", ", schema::name_of(carrier));
      complain(fmt::format("@{} is carried out for {} only, and the rule is for {}, too: name the action in its scope",
                           annotation, names, name));
      return false;
    }
    return true;
  }

  void annotation(std::string_view name, const std::string& value) {
    static constexpr std::array model_call{Action::model_call};
    static constexpr std::array reviewable{Action::run_start, Action::model_call, Action::tool_call};
    if (name == "id" || name == "description") return;
    if (name == "cap_tokens") {
      if (belongs(name, model_call)) cap(value);
    } else if (name == "release") {
      if (belongs(name, model_call) && value != "hold" && value != "window")
        complain(fmt::format("@release(\"{}\") is unknown: write \"hold\" or \"window\"", value));
    } else if (name == "redact") {
      complain("@redact is not carried out yet: forbid what the detector finds, or let a person review it");
    } else if (name == "review") {
      if (belongs(name, reviewable) && !is_review_scope(value))
        complain(
            fmt::format("@review(\"{}\") is no scope of a review: write \"reviews:decide\", or reviews: and a name "
                        "of small letters, digits, - and _",
                        value));
    } else {
      complain(fmt::format("the annotation @{} is unknown: nothing would carry it out", name));
    }
  }

  void cap(const std::string& value) {
    const auto tokens = value.empty() ? std::nullopt : number_of(value);
    if (!tokens) return complain(fmt::format("@cap_tokens(\"{}\") is no whole number from 1 on", value));
    if (*tokens > constitution_.max_tokens_per_call)
      complain(fmt::format("@cap_tokens(\"{}\") is above max_tokens_per_call, {}, so it would cap nothing", value,
                           constitution_.max_tokens_per_call));
  }

  static bool is_review_scope(std::string_view scope) {
    constexpr std::string_view prefix = "reviews:";
    if (!scope.starts_with(prefix) || scope.size() == prefix.size() || scope.size() > 64) return false;
    return std::ranges::all_of(scope.substr(prefix.size()), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
  }

  const Constitution& constitution_;
  const cedar::Policy& rule_;
  Problems& problems_;
};

// A second thing of one name would make the first unreachable, or both ambiguous.
template <class Range, class Name>
void unique(Problems& problems, std::string_view at, const Range& things, Name name) {
  std::set<std::string> seen;
  std::size_t i = 0;
  for (const auto& thing : things) {
    const std::string text = name(thing);
    if (!seen.insert(text).second)
      problems.push_back({fmt::format("{}/{}", at, i), fmt::format("`{}` is there twice: remove or rename one", text)});
    ++i;
  }
}

void check_budgets(Problems& problems, const Constitution& c) {
  if (c.budgets.empty() && !c.unlimited)
    problems.push_back({"/budgets", "there is no budget: add one, or say \"unlimited\": true"});
  if (!c.budgets.empty() && c.unlimited)
    problems.push_back({"/unlimited", "there are budgets: remove \"unlimited\", or the budgets"});
  unique(problems, "/budgets", c.budgets, [](const BudgetRule& budget) { return budget.id; });
  for (std::size_t i = 0; i < c.budgets.size(); ++i) {
    if (c.budgets[i].kind == BudgetKind::cost)
      problems.push_back({fmt::format("/budgets/{}/kind", i),
                          "cost cannot be counted, because no model here has a price: use tokens or calls"});
    if (c.budgets[i].per != BudgetPer::tenant)
      problems.push_back({fmt::format("/budgets/{}/per", i), "only budgets per tenant are enforced: use tenant"});
    if (c.budgets[i].kind == BudgetKind::calls)
      problems.push_back({fmt::format("/budgets/{}/kind", i), "only budgets of tokens are enforced: use tokens"});
  }
}

// Whether `a` never refuses what `b` lets through, so that it would do nothing.
bool is_covered(const RateRule& a, const RateRule& b) {
  const bool counts_the_same = a.kind == b.kind && (a.per == b.per || b.per == RatePer::tenant);
  return counts_the_same && b.burst <= a.burst && b.count * a.per_seconds <= a.count * b.per_seconds;
}

void check_rates(Problems& problems, const Constitution& c) {
  if (!c.rates) {
    if (c.unlimited_rates)
      problems.push_back({"/unlimited_rates", "say \"rates\": [], too: without it the built-in rates hold"});
    return;
  }
  const auto& rates = *c.rates;
  if (rates.empty() && !c.unlimited_rates)
    problems.push_back({"/rates",
                        "there is no rate: add one, leave `rates` out for the built-in ones, or say "
                        "\"unlimited_rates\": true"});
  if (!rates.empty() && c.unlimited_rates)
    problems.push_back({"/unlimited_rates", "there are rates: remove \"unlimited_rates\", or the rates"});
  unique(problems, "/rates", rates, [](const RateRule& rate) { return rate.id; });
  for (std::size_t i = 0; i < rates.size(); ++i) {
    const auto at = fmt::format("/rates/{}", i);
    if (auto problem = problem_of(rates[i])) problems.push_back({at + problem->pointer, std::move(problem->message)});
    for (std::size_t j = 0; j < rates.size(); ++j)
      if (i != j && is_covered(rates[i], rates[j]) && (i > j || !is_covered(rates[j], rates[i])))
        problems.push_back({at, fmt::format("`{}` is never reached, because `{}` is not higher: remove it, or lower it",
                                            rates[i].id, rates[j].id)});
  }
}

// A set of patterns that takes minutes to compile would keep its constitution from coming into force.
void check_weights(Problems& problems, const Constitution& c) {
  std::size_t all = 0;
  for (std::size_t d = 0; d < c.detectors.size(); ++d) {
    const auto& detector = c.detectors[d];
    for (std::size_t p = 0; p < detector.patterns.size(); ++p) {
      const auto at = fmt::format("/detectors/{}/patterns/{}", d, p);
      const auto weight = scan::weight_of(pattern_of(detector, p));
      if (!weight) {
        problems.push_back({at, weight.error()});
      } else if (*weight > scan::pattern_weight_max && detector.patterns[p].kind == "regex") {
        problems.push_back(
            {at, fmt::format("it is too costly to compile: it weighs {}, at most {}: repeat less, or name "
                             "the characters instead of `.`",
                             *weight, scan::pattern_weight_max)});
      }
      all += weight.value_or(0) * detector.actions.size();
    }
  }
  if (all > scan::total_weight_max)
    problems.push_back({"/detectors", fmt::format("all patterns are too costly to compile: they weigh {}, each counted "
                                                  "once for every action, at most {}",
                                                  all, scan::total_weight_max)});
}

void check_detectors(Problems& problems, const Constitution& c) {
  unique(problems, "/detectors", c.detectors, [](const Detector& detector) { return detector.id; });
  std::size_t patterns = 0;
  for (std::size_t d = 0; d < c.detectors.size(); ++d) {
    const auto& detector = c.detectors[d];
    const auto at = fmt::format("/detectors/{}", d);
    if (detector.fact == platform_fact)
      problems.push_back({at + "/fact", "kill_switch is the platform's own fact: give another name"});
    unique(problems, at + "/actions", detector.actions,
           [](Action action) { return std::string(schema::name_of(action)); });
    for (std::size_t a = 0; a < detector.actions.size(); ++a)
      if (!has_content(detector.actions[a]))
        problems.push_back(
            {fmt::format("{}/actions/{}", at, a),
             fmt::format("{} has no text to scan: use model.call, model.output, tool.call or tool.result",
                         schema::name_of(detector.actions[a]))});
    unique(problems, at + "/patterns", detector.patterns, [](const DetectorPattern& p) {
      return fmt::format("{} {}{}", p.kind, p.text, p.case_insensitive ? " (case_insensitive)" : "");
    });
    for (std::size_t p = 0; p < detector.patterns.size(); ++p)
      if (detector.patterns[p].kind != "literal" && detector.patterns[p].kind != "regex")
        problems.push_back({fmt::format("{}/patterns/{}/kind", at, p), "must be literal or regex"});
    patterns += detector.patterns.size();
  }
  check_weights(problems, c);
  if (patterns > scan::patterns_max)
    problems.push_back({"/detectors", fmt::format("{} patterns in all, at most {}", patterns, scan::patterns_max)});
}

// A rule that reads a fact which nobody gives would never do anything, and nothing would say so.
void check_facts(Problems& problems, const Constitution& c, const cedar::PolicySet& rules) {
  for (const auto& read : facts_read(c.policies)) {
    if (read.fact == platform_fact) continue;
    const auto after = std::ranges::find_if(
        rules.policies(), [&](const cedar::Policy& rule) { return static_cast<std::size_t>(rule.line) > read.line; });
    if (after == rules.policies().begin()) continue;
    const auto& rule = *std::prev(after);
    const bool given = std::ranges::any_of(rule.actions, [&](const std::string& name) {
      const auto action = action_named(name);
      return action && gives(c, *action, read.fact);
    });
    if (!given)
      problems.push_back(
          {"/policies", fmt::format("line {}, in policy `{}`: it reads the fact `{}`, which no detector of its actions "
                                    "gives: add a detector, or mend the name",
                                    read.line, rule.id, read.fact)});
  }
}

}  // namespace

scan::Pattern pattern_of(const Detector& detector, std::size_t number) {
  const auto& pattern = detector.patterns.at(number);
  return {.id = fmt::format("{}#{}", detector.id, number),
          .kind = pattern.kind == "regex" ? scan::PatternKind::regex : scan::PatternKind::literal,
          .text = pattern.text,
          .case_insensitive = pattern.case_insensitive,
          .max_match_length = static_cast<std::size_t>(pattern.max_match_length)};
}

bool has_content(Action action) {
  return action == Action::model_call || action == Action::model_output || action == Action::tool_call ||
         action == Action::tool_result;
}

std::vector<Problem> problems_of(const Constitution& constitution, const cedar::PolicySet& rules) {
  Problems problems;
  for (const auto& rule : rules.policies()) RuleCheck(constitution, rule, problems).run();
  check_facts(problems, constitution, rules);
  check_budgets(problems, constitution);
  check_rates(problems, constitution);
  check_detectors(problems, constitution);
  unique(problems, "/capsules", constitution.capsules,
         [](const CapsuleGrant& grant) { return fmt::format("{} {}", grant.tenant, grant.capsule); });
  return problems;
}

}  // namespace writ::policy
