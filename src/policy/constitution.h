// Constitution: the signed bundle of rules, detectors and limits that policy loads, and nothing else.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "crypto/key_set.h"
#include "crypto/signature.h"
#include "policy/api/types.h"

namespace writ::policy {

/// Whose calls draw on one window.
enum class BudgetPer { tenant, principal, capsule };
enum class BudgetKind { tokens, calls, cost };

}  // namespace writ::policy

template <>
struct writ::schema::EnumNames<writ::policy::BudgetPer> {
  using P = writ::policy::BudgetPer;
  static constexpr auto value = std::array<std::pair<P, std::string_view>, 3>{
      {{P::tenant, "tenant"}, {P::principal, "principal"}, {P::capsule, "capsule"}}};
};
template <>
struct writ::schema::EnumNames<writ::policy::BudgetKind> {
  using K = writ::policy::BudgetKind;
  static constexpr auto value =
      std::array<std::pair<K, std::string_view>, 3>{{{K::tokens, "tokens"}, {K::calls, "calls"}, {K::cost, "cost"}}};
};

namespace writ::policy {

struct DetectorPattern {
  std::string kind;  // literal | regex
  std::string text;
  bool case_insensitive = false;
  std::int64_t max_match_length = 0;  // bytes; a regex must declare it
  static constexpr auto fields() {
    return std::tuple(
        field("kind", &DetectorPattern::kind, schema::text(1, 16), "literal or regex."),
        field("text", &DetectorPattern::text, schema::text(1, 4096), "Pattern."),
        field_or_default("case_insensitive", &DetectorPattern::case_insensitive, any, "Whether case matters not."),
        field_or_default("max_match_length", &DetectorPattern::max_match_length, number(0, 4096),
                         "Longest match, bytes."));
  }
};
/// Gives a fact to the rules where one of its patterns matches the content of one of its actions.
struct Detector {
  std::string id;
  std::string fact;
  std::vector<Action> actions;
  std::vector<DetectorPattern> patterns;
  static constexpr auto fields() {
    return std::tuple(field("id", &Detector::id, text(1, 64), "Id."),
                      field("fact", &Detector::fact, text(1, 64), "Fact."),
                      field("actions", &Detector::actions, list(1, 8), "Whose content it scans."),
                      field("patterns", &Detector::patterns, list(1, 10'000), "Patterns."));
  }
};
struct Release {
  ReleaseMode mode = ReleaseMode::window;
  std::int64_t window_bytes = 256;  // every detector's longest match of model.output fits in it
  static constexpr auto fields() {
    return std::tuple(field("mode", &Release::mode, any, "hold or window."),
                      field("window_bytes", &Release::window_bytes, number(1, 4096), "Scan window."));
  }
};
struct BudgetRule {
  std::string id;
  BudgetPer per = BudgetPer::tenant;
  BudgetKind kind = BudgetKind::tokens;
  std::int64_t limit = 0;
  std::int64_t window_seconds = 86'400;
  static constexpr auto fields() {
    return std::tuple(
        field("id", &BudgetRule::id, text(1, 64), "Id."),
        field("per", &BudgetRule::per, any, "Whose calls draw on one window."),
        field("kind", &BudgetRule::kind, any, "What is counted."),
        field("limit", &BudgetRule::limit, number(1, 1LL << 53), "Per window."),
        field("window_seconds", &BudgetRule::window_seconds, number(60, 366LL * 86'400), "Length of the window."));
  }
};
struct CapsuleGrant {
  std::string tenant;   // or "*"
  std::string capsule;  // or "*"
  static constexpr auto fields() {
    return std::tuple(field("tenant", &CapsuleGrant::tenant, name_text, "Tenant, or *."),
                      field("capsule", &CapsuleGrant::capsule, name_text, "Capsule, or *."));
  }
};

struct Constitution {
  std::int64_t format = 1;
  std::int64_t version = 1;
  WallTime valid_from;
  std::int64_t max_age_seconds = 0;  // after valid_from; then policy refuses
  std::string policies;              // Cedar
  std::string schema;                // Cedar schema
  std::vector<Detector> detectors;
  Release release;
  std::vector<BudgetRule> budgets;
  bool unlimited = false;  // said on purpose where there are no budgets
  std::optional<std::vector<RateRule>> rates{};  // none said: the built-in ones
  bool unlimited_rates = false;                  // said on purpose where rates are empty
  std::int64_t max_tokens_per_call = 4096;
  std::vector<CapsuleGrant> capsules;
  static constexpr auto fields() {
    return std::tuple(
        field("format", &Constitution::format, number(1, 1), "Format."),
        field("version", &Constitution::version, number(1, 1LL << 40), "Version."),
        field("valid_from", &Constitution::valid_from, any, "Start."),
        field("max_age_seconds", &Constitution::max_age_seconds, number(60, 3650LL * 86'400), "Refused after."),
        field("policies", &Constitution::policies, text(1, 1U << 20U), "Cedar policies."),
        field("schema", &Constitution::schema, text(1, 1U << 20U), "Cedar schema."),
        field("detectors", &Constitution::detectors, list(0, 64), "Detectors."),
        field("release", &Constitution::release, any, "How output leaves."),
        field("budgets", &Constitution::budgets, list(0, 16), "Budgets."),
        field_or_default("unlimited", &Constitution::unlimited, any, "Without budgets: that this is meant."),
        field("rates", &Constitution::rates, list(0, rates_max), "Rate limits of the public door."),
        field_or_default("unlimited_rates", &Constitution::unlimited_rates, any, "With no rates: that this is meant."),
        field("max_tokens_per_call", &Constitution::max_tokens_per_call, number(1, 1'000'000),
              "Upper bound of generated tokens."),
        field("capsules", &Constitution::capsules, list(0, 10'000), "Who may use which capsule."));
  }
};

/// Reads default.cedar (or every *.cedar in name order), schema.cedarschema, limits.json, detectors.json and grants.json.
/// Errors: invalid (bad_bundle) naming file and pointer.
[[nodiscard]] Result<Constitution> read_bundle(const std::filesystem::path& folder);

/// The rates in the text of a limits.json; nothing when it says none. Errors: invalid.
[[nodiscard]] Result<std::optional<std::vector<RateRule>>> rates_in(std::string_view limits_json);

/// The signed text: {constitution, hash, kid, signature}. The signature is over the SHA-256 of the canonical JSON.
/// Errors: internal.
[[nodiscard]] Result<std::string> sign_constitution(const Constitution& constitution, const crypto::SigningKey& key);

struct VerifiedConstitution {
  Constitution constitution;
  std::string hash;  // SHA-256 in hex of its canonical JSON
};
/// Errors: invalid (bad_constitution): not JSON, unknown format, wrong hash, unknown signer, bad signature.
[[nodiscard]] Result<VerifiedConstitution> verify_constitution(std::string_view signed_text,
                                                               const crypto::KeySet& signers);

}  // namespace writ::policy
