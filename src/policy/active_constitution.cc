#include "policy/active_constitution.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "policy/constitution_check.h"
#include "scan/content_scan.h"

namespace writ::policy {
namespace {

std::vector<scan::Pattern> patterns_for(Action action, const std::vector<Detector>& detectors) {
  std::vector<scan::Pattern> out;
  for (const auto& detector : detectors) {
    if (std::ranges::find(detector.actions, action) == detector.actions.end()) continue;
    for (std::size_t i = 0; i < detector.patterns.size(); ++i) out.push_back(pattern_of(detector, i));
  }
  return out;
}

}  // namespace

Result<std::shared_ptr<const ActiveConstitution>> ActiveConstitution::activate(VerifiedConstitution verified) {
  const auto& text = verified.constitution;
  WRIT_TRY(auto rules, cedar::PolicySet::load(text.policies, text.schema));
  if (auto problems = problems_of(text, rules); !problems.empty()) {
    auto message = "the constitution would not do what it says: " + problems.front().message;
    return fail(invalid("bad_constitution", std::move(message), std::move(problems)));
  }
  std::map<Action, scan::Scanner> scanners;
  std::map<std::string, std::string> fact_of;
  for (const auto& [action, name] : schema::EnumNames<Action>::value) {
    const auto patterns = patterns_for(action, text.detectors);
    if (patterns.empty() && action != Action::model_output) continue;
    WRIT_TRY(auto scanner, scan::Scanner::compile(patterns));
    if (action == Action::model_output &&
        scanner.max_match_length() > static_cast<std::size_t>(text.release.window_bytes))
      return fail(invalid("window_too_small",
                          fmt::format("a detector of model.output can match {} bytes, the release window has {}",
                                      scanner.max_match_length(), text.release.window_bytes)));
    scanners.emplace(action, std::move(scanner));
  }
  for (const auto& detector : text.detectors)
    for (std::size_t i = 0; i < detector.patterns.size(); ++i)
      fact_of[fmt::format("{}#{}", detector.id, i)] = detector.fact;
  std::shared_ptr<ActiveConstitution> out(new ActiveConstitution(std::move(verified), std::move(rules)));
  out->scanners_ = std::move(scanners);
  out->fact_of_ = std::move(fact_of);
  out->version_ = fmt::format("{}@{}", out->text().version, out->hash().substr(0, 12));
  return out;
}

WallTime ActiveConstitution::stale_at() const { return text().valid_from + Seconds{text().max_age_seconds}; }

Result<std::vector<std::string>> ActiveConstitution::facts(Action action, std::string_view content,
                                                           std::span<const std::int64_t> breaks) const {
  const auto scanner = scanners_.find(action);
  if (scanner == scanners_.end()) return std::vector<std::string>{};
  // One below 0 is no place of the text, like one behind its end.
  const std::vector<std::size_t> places(breaks.begin(), breaks.end());
  WRIT_TRY(const auto patterns, scan::patterns_in(scanner->second, {.text = content, .breaks = places}));
  std::set<std::string> found;
  for (const auto& pattern : patterns) found.insert(fact_of_.at(pattern));
  return std::vector<std::string>(found.begin(), found.end());
}

const scan::Scanner& ActiveConstitution::output_scanner() const { return scanners_.at(Action::model_output); }

bool ActiveConstitution::grants(const TenantId& tenant, std::string_view capsule) const {
  return std::ranges::any_of(text().capsules, [&](const CapsuleGrant& grant) {
    return (grant.tenant == "*" || grant.tenant == tenant.str()) && (grant.capsule == "*" || grant.capsule == capsule);
  });
}

}  // namespace writ::policy
