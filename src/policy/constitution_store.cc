#include "policy/constitution_store.h"

#include <fmt/format.h>

#include "policy/api/audit_kinds.h"
#include "policy/audit_store.h"

namespace writ::policy {
namespace {

constexpr std::int64_t current_max = 64;    // waiting ones that a start looks at
constexpr std::int64_t refusals_max = 100;  // kept beside the audit, for people

constexpr std::string_view select_kept =
    "SELECT version, hash, kid, valid_from, accepted_at, active_from, "
    "(SELECT max(version) FROM constitutions WHERE active_from IS NOT NULL) AS in_force, signed_text "
    "FROM constitutions ";

ConstitutionRecord kept_record(const sql::Row& row) {
  ConstitutionRecord out{.version = row.get<std::int64_t>(0),
                         .hash = row.get<std::string>(1),
                         .kid = row.get<std::string>(2),
                         .state = ConstitutionState::pending,
                         .valid_from = row.get<WallTime>(3),
                         .accepted_at = row.get<WallTime>(4),
                         .active_from = row.get<std::optional<WallTime>>(5)};
  const auto in_force = row.get<std::optional<std::int64_t>>(6).value_or(0);
  if (out.version == in_force) out.state = ConstitutionState::active;
  else if (out.active_from) out.state = ConstitutionState::superseded;
  else if (out.version < in_force) out.state = ConstitutionState::passed_over;
  return out;
}

// A folder is also read where nothing has migrated it.
Result<bool> keeps_constitutions(sql::Reader& reader) {
  WRIT_TRY(const auto row, reader.row("SELECT count(*) FROM sqlite_master WHERE name = 'constitutions'"));
  return row->get<std::int64_t>(0) > 0;
}

Result<std::optional<ConstitutionRecord>> find(sql::Reader& reader, std::int64_t version) {
  WRIT_TRY(const auto row, reader.row(std::string(select_kept) + "WHERE version = ?1", version));
  if (!row) return std::nullopt;
  return kept_record(*row);
}

// Constitutions are the platform's, not a tenant's.
Status tell(sql::Transaction& tx, const AuditKind& kind, json::object data) {
  WRIT_CHECK(append_record(tx, TenantId(std::string(platform_tenant)), kind.kind, std::move(data), {}));
  return {};
}

Status tell(sql::Transaction& tx, const AuditKind& kind, const ConstitutionRecord& r) {
  return tell(
      tx, kind,
      json::object{{"version", r.version}, {"hash", r.hash}, {"kid", r.kid}, {"valid_from", to_rfc3339(r.valid_from)}});
}

Error not_above(std::string message) {
  return conflict("constitution_version", message + ", and versions never go back");
}

// A text that is over does not come back: rollback signs it anew.
Status check_above_all(sql::Reader& reader, const OfferedConstitution& offered) {
  WRIT_TRY(const auto row, reader.row("SELECT coalesce(max(version), 0) FROM constitutions"));
  const auto floor = row->get<std::int64_t>(0);
  if (offered.version > floor) return {};
  return fail(
      not_above(fmt::format("version {} is not above version {}, which was accepted before: sign it as version "
                            "{} (writ policy sign, writ policy rollback)",
                            offered.version, floor, floor + 1)));
}

Result<ConstitutionRecord> accept_in(sql::Transaction& tx, const OfferedConstitution& offered) {
  WRIT_TRY(const auto before, find(tx, offered.version));
  const bool is_current =
      before && (before->state == ConstitutionState::active || before->state == ConstitutionState::pending);
  if (is_current && before->hash == offered.hash) return *before;
  WRIT_CHECK(check_above_all(tx, offered));
  const bool at_once = offered.valid_from <= tx.now();
  WRIT_TRY(const auto document, parse_json(offered.signed_text));
  WRIT_CHECK(
      tx.run("INSERT INTO constitutions (version, hash, kid, signed_text, valid_from, accepted_at, active_from) "
             "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
             offered.version, offered.hash, text_at(document.as_object(), "kid"), offered.signed_text,
             offered.valid_from, tx.now(), at_once ? std::optional(tx.now()) : std::nullopt));
  WRIT_TRY(const auto made, find(tx, offered.version));
  WRIT_CHECK(tell(tx, at_once ? audit_kind::constitution_activated : audit_kind::constitution_pending, *made));
  return *made;
}

Result<ConstitutionRecord> activate_in(sql::Transaction& tx, std::int64_t version) {
  WRIT_TRY(const auto before, find(tx, version));
  if (before && before->state == ConstitutionState::active) return *before;
  if (!before || before->state != ConstitutionState::pending)
    return fail(not_above(fmt::format("version {} does not wait any more", version)));
  WRIT_CHECK(tx.run("UPDATE constitutions SET active_from = ?2 WHERE version = ?1", version, tx.now()));
  WRIT_TRY(const auto made, find(tx, version));
  WRIT_CHECK(tell(tx, audit_kind::constitution_activated, *made));
  return *made;
}

Status refuse_in(sql::Transaction& tx, const ConstitutionRefusal& refusal) {
  WRIT_TRY(const auto last,
           tx.row("SELECT hash, code, message FROM constitution_refusals ORDER BY number DESC LIMIT 1"));
  if (last && last->get<std::string>(0) == refusal.hash && last->get<std::string>(1) == refusal.code &&
      last->get<std::string>(2) == refusal.message)
    return {};
  WRIT_CHECK(tx.run("INSERT INTO constitution_refusals (at, hash, code, message) VALUES (?1, ?2, ?3, ?4)", tx.now(),
                    refusal.hash, refusal.code, refusal.message));
  WRIT_CHECK(
      tx.run("DELETE FROM constitution_refusals WHERE number <= (SELECT max(number) FROM constitution_refusals) - ?1",
             refusals_max));
  return tell(tx, audit_kind::constitution_refused,
              json::object{{"hash", refusal.hash}, {"code", refusal.code}, {"message", refusal.message}});
}

}  // namespace

sql::Migration constitution_migration() {
  return {.name = "policy/0006_constitutions", .sql = R"(
-- Of the platform, so without a tenant. Rows are never deleted: the highest version is the floor of what is accepted.
CREATE TABLE constitutions (
  version     INTEGER PRIMARY KEY,
  hash        TEXT NOT NULL,     -- SHA-256 in hex of the canonical JSON
  kid         TEXT NOT NULL,     -- of the key that signed it
  signed_text TEXT NOT NULL,
  valid_from  INTEGER NOT NULL,
  accepted_at INTEGER NOT NULL,
  active_from INTEGER            -- null while it waits for valid_from, or when a higher version was active before
) STRICT;
CREATE TABLE constitution_refusals (
  number  INTEGER PRIMARY KEY AUTOINCREMENT,
  at      INTEGER NOT NULL,
  hash    TEXT NOT NULL,         -- SHA-256 in hex of the text
  code    TEXT NOT NULL,
  message TEXT NOT NULL
) STRICT;
)"};
}

Result<bool> was_any_accepted(sql::Reader& reader) {
  WRIT_TRY(const auto are_kept, keeps_constitutions(reader));
  if (!are_kept) return false;
  WRIT_TRY(const auto row, reader.row("SELECT EXISTS (SELECT 1 FROM constitutions)"));
  return row->get<std::int64_t>(0) != 0;
}

Result<ConstitutionHistory> read_history(sql::Reader& reader, std::int64_t limit) {
  ConstitutionHistory out;
  WRIT_TRY(const auto are_kept, keeps_constitutions(reader));
  if (!are_kept) return out;
  WRIT_TRY(const auto rows, reader.rows(std::string(select_kept) + "ORDER BY version DESC LIMIT ?1", limit));
  for (const auto& row : rows) out.constitutions.push_back(kept_record(row));
  WRIT_TRY(
      const auto refused,
      reader.rows("SELECT at, hash, code, message FROM constitution_refusals ORDER BY number DESC LIMIT ?1", limit));
  for (const auto& row : refused)
    out.refused.push_back({.at = row.get<WallTime>(0),
                           .hash = row.get<std::string>(1),
                           .code = row.get<std::string>(2),
                           .message = row.get<std::string>(3)});
  return out;
}

Result<std::string> read_signed_text(sql::Reader& reader, std::int64_t version) {
  WRIT_TRY(const auto row, reader.row("SELECT signed_text FROM constitutions WHERE version = ?1", version));
  if (!row)
    return fail(not_found("no_constitution", fmt::format("no constitution of version {} was ever accepted; see writ "
                                                         "policy history",
                                                         version)));
  return row->get<std::string>(0);
}

Task<Result<ConstitutionRecord>> ConstitutionStore::accept(Context ctx, OfferedConstitution offered) {
  return database_.write(std::move(ctx),
                         [offered = std::move(offered)](sql::Transaction& tx) { return accept_in(tx, offered); });
}

Task<Result<ConstitutionRecord>> ConstitutionStore::activate(Context ctx, std::int64_t version) {
  return database_.write(std::move(ctx), [version](sql::Transaction& tx) { return activate_in(tx, version); });
}

Task<Status> ConstitutionStore::refuse(Context ctx, ConstitutionRefusal refusal) {
  return database_.write(std::move(ctx),
                         [refusal = std::move(refusal)](sql::Transaction& tx) { return refuse_in(tx, refusal); });
}

Task<Result<std::vector<ConstitutionStore::Kept>>> ConstitutionStore::current(Context ctx) {
  return database_.read(std::move(ctx), [](sql::Reader& reader) -> Result<std::vector<Kept>> {
    WRIT_TRY(const auto rows, reader.rows(std::string(select_kept) +
                                              "WHERE version >= coalesce((SELECT max(version) FROM constitutions WHERE "
                                              "active_from IS NOT NULL), 0) ORDER BY version LIMIT ?1",
                                          current_max));
    std::vector<Kept> out;
    for (const auto& row : rows) out.push_back({kept_record(row), row.get<std::string>(7)});
    return out;
  });
}

}  // namespace writ::policy
