#include "settings/catalogue.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/assert.h"

namespace writ::settings {
namespace {

constexpr std::string_view prefix = "WRIT_";
constexpr std::array<std::string_view, 2> well_known{"PORT",
                                                     "TEMPORAL_ENABLED"};  // OTEL_* are read by the exporter itself

bool is_variable_name(std::string_view name) {
  return std::ranges::all_of(name, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; });
}

/// Edits (insert, delete, replace, swap neighbours) between two names.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i)
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  return d[a.size()][b.size()];
}

bool is_number(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

bool is_service_link(std::string_view variable) {
  if (!variable.starts_with(prefix)) return false;
  return variable.ends_with("_SERVICE_HOST") || variable.ends_with("_PORT") ||
         variable.find("_SERVICE_PORT_") != std::string_view::npos || variable.find("_PORT_") != std::string_view::npos;
}

void Catalogue::add_row(std::string_view section, const SettingInfo& info) {
  WRIT_ASSERT(is_variable_name(info.variable), "a variable is A-Z, 0-9 and _");
  WRIT_ASSERT(info.variable.starts_with(prefix) || std::ranges::find(well_known, info.variable) != well_known.end(),
              "a setting begins with WRIT_ or is well known");
  WRIT_ASSERT(!is_service_link(info.variable), "Kubernetes makes variables of this name for its services");
  const bool is_new = rows_.emplace(info.variable, Row{std::string(section), info}).second;
  WRIT_ASSERT(is_new, "a setting is declared once");
  bool is_free = known_.emplace(info.variable).second;
  if (info.rule.type == Type::secret) is_free = known_.emplace(std::string(info.variable) + "_FILE").second && is_free;
  WRIT_ASSERT(is_free, "no setting has the name of another's _FILE");
}

void Catalogue::retire(std::string_view variable, std::string_view instead) {
  WRIT_ASSERT(!known_.contains(variable), "a retired setting is no longer declared");
  retired_.emplace(variable, instead);
}

void Catalogue::for_scripts(std::string_view variable) { known_.emplace(variable); }

Catalogue::Findings Catalogue::check(const Environment& environment) const {
  Findings findings;
  for (const auto& [variable, value] : environment.variables()) {
    if (!variable.starts_with(prefix) || known_.contains(variable)) continue;
    if (const auto retired = retired_.find(variable); retired != retired_.end()) {
      findings.warnings.push_back({variable, "is no longer read: " + retired->second});
    } else if (variable == "WRIT_PORT" && !value.empty() && is_number(value)) {
      findings.problems.push_back({variable, "is not a setting: use PORT"});
    } else if (!is_service_link(variable)) {
      const auto near = nearest(variable);
      findings.problems.push_back({variable, near.empty()
                                                 ? "is not a setting: unset it (`writ describe` lists all settings)"
                                                 : fmt::format("is not a setting: did you mean {}?", near)});
    }
  }
  return findings;
}

std::string Catalogue::nearest(std::string_view variable) const {
  // More edits than that and the guess is worse than none; a short name allows fewer.
  const auto distance_max = std::min<std::size_t>(3, 1 + (variable.size() - prefix.size()) / 4);
  std::string best;
  std::size_t best_distance = distance_max + 1;
  for (const auto& name : known_) {
    const auto edits = distance(variable, name);
    if (edits >= best_distance) continue;
    best = name;
    best_distance = edits;
  }
  return best;
}

json::array Catalogue::describe() const {
  json::array out;
  for (const auto& [variable, row] : rows_) {
    const auto& info = row.info;
    json::object one{{"variable", variable}, {"section", row.section}, {"type", to_string(info.rule.type)}};
    one["required"] = info.fallback.kind() == Default::Kind::required;
    if (info.fallback.kind() == Default::Kind::text) one["default"] = info.fallback.text();
    switch (info.rule.type) {
      case Type::flag:
      case Type::url:
      case Type::path: break;
      case Type::choice: {
        json::array choices;
        for (auto name : info.rule.choices) choices.emplace_back(name);
        one["choices"] = std::move(choices);
        break;
      }
      case Type::duration:
      case Type::size:
        one["min"] = format_bound(info.rule, info.rule.min);
        one["max"] = format_bound(info.rule, info.rule.max);
        break;
      default: one["min"] = info.rule.min; one["max"] = info.rule.max;
    }
    if (info.rule.type == Type::secret) one["file_variable"] = variable + "_FILE";
    one["doc"] = info.doc;
    if (!info.reason.empty()) one["reason"] = info.reason;
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace writ::settings
