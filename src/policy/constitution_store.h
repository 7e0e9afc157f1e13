// SQL of the accepted constitutions: every signed text is kept, and no version is accepted that is not above all others.
#pragma once

#include <string>
#include <vector>

#include "core/clock.h"
#include "schema/codec.h"
#include "sql/database.h"
#include "sql/migration.h"

namespace writ::policy {

/// ```
/// pending ──valid_from──> active ──a higher version──> superseded
///    └──a higher version is active──> passed_over
/// ```
enum class ConstitutionState { pending, active, superseded, passed_over };

}  // namespace writ::policy

template <>
struct writ::schema::EnumNames<writ::policy::ConstitutionState> {
  using S = writ::policy::ConstitutionState;
  static constexpr auto value = std::array<std::pair<S, std::string_view>, 4>{
      {{S::pending, "pending"}, {S::active, "active"}, {S::superseded, "superseded"}, {S::passed_over, "passed_over"}}};
};

namespace writ::policy {

/// One accepted constitution. Every one is kept; versions only rise.
struct ConstitutionRecord {
  std::int64_t version = 0;
  std::string hash;
  std::string kid;  // of the key that signed it
  ConstitutionState state = ConstitutionState::pending;
  WallTime valid_from;
  WallTime accepted_at;
  std::optional<WallTime> active_from;
  static constexpr auto fields() {
    return std::tuple(
        schema::field("version", &ConstitutionRecord::version, schema::any, "Version."),
        schema::field("hash", &ConstitutionRecord::hash, schema::any, "SHA-256 of the canonical JSON."),
        schema::field("kid", &ConstitutionRecord::kid, schema::any, "Key that signed it."),
        schema::field("state", &ConstitutionRecord::state, schema::any, "pending, active, superseded or passed_over."),
        schema::field("valid_from", &ConstitutionRecord::valid_from, schema::any, "Not in force before."),
        schema::field("accepted_at", &ConstitutionRecord::accepted_at, schema::any, "When it was taken."),
        schema::field("active_from", &ConstitutionRecord::active_from, schema::any, "When it came into force."));
  }
};
/// Why a text that was offered is not in force.
struct ConstitutionRefusal {
  WallTime at;
  std::string hash;  // SHA-256 of the offered text
  std::string code;
  std::string message;
  static constexpr auto fields() {
    return std::tuple(schema::field("at", &ConstitutionRefusal::at, schema::any, "When it was refused first."),
                      schema::field("hash", &ConstitutionRefusal::hash, schema::any, "SHA-256 of the text."),
                      schema::field("code", &ConstitutionRefusal::code, schema::any, "Stable code."),
                      schema::field("message", &ConstitutionRefusal::message, schema::any, "Why, with the place."));
  }
};
/// Both newest first.
struct ConstitutionHistory {
  std::vector<ConstitutionRecord> constitutions;
  std::vector<ConstitutionRefusal> refused;
  static constexpr auto fields() {
    return std::tuple(schema::field("constitutions", &ConstitutionHistory::constitutions, schema::any, "Accepted."),
                      schema::field("refused", &ConstitutionHistory::refused, schema::any, "The last refusals."));
  }
};
/// A verified text that is offered.
struct OfferedConstitution {
  std::int64_t version = 0;
  std::string hash;
  std::string signed_text;
  WallTime valid_from;
};

[[nodiscard]] sql::Migration constitution_migration();
/// Whether one was ever accepted; false for a database of before constitutions were kept.
[[nodiscard]] Result<bool> was_any_accepted(sql::Reader& reader);
/// Empty for a database of before constitutions were kept. limit: at least 1, of each list.
[[nodiscard]] Result<ConstitutionHistory> read_history(sql::Reader& reader, std::int64_t limit);
/// Errors: not_found (no_constitution).
[[nodiscard]] Result<std::string> read_signed_text(sql::Reader& reader, std::int64_t version);

class ConstitutionStore {
 public:
  explicit ConstitutionStore(sql::Database& database) : database_(database) {}

  /// Keeps it, with an audit record, in one commit: in force from now on when its valid_from has come, else waiting. The
  /// same text again changes nothing. Errors: conflict (constitution_version) when its version is not above every
  /// accepted one.
  [[nodiscard]] Task<Result<ConstitutionRecord>> accept(Context ctx, OfferedConstitution offered);
  /// A waiting one comes into force, with an audit record. Errors: conflict (constitution_version).
  [[nodiscard]] Task<Result<ConstitutionRecord>> activate(Context ctx, std::int64_t version);
  /// What did not become active, with an audit record unless it is what was refused last, too.
  [[nodiscard]] Task<Status> refuse(Context ctx, ConstitutionRefusal refusal);
  /// The one that was in force last and those that wait, by version, with their texts.
  struct Kept {
    ConstitutionRecord record;
    std::string signed_text;
  };
  [[nodiscard]] Task<Result<std::vector<Kept>>> current(Context ctx);

 private:
  sql::Database& database_;
};

}  // namespace writ::policy
