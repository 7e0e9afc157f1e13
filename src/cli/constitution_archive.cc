#include "cli/constitution_archive.h"

#include "sql/read_only.h"

namespace writ::cli {
namespace {

constexpr std::int64_t history_max = 10'000;

Result<std::int64_t> version_in_force(sql::Reader& reader) {
  WRIT_TRY(const auto history, policy::read_history(reader, history_max));
  for (const auto& record : history.constitutions)
    if (record.state == policy::ConstitutionState::active) return record.version;
  return fail(not_found("no_constitution", "no constitution has been in force yet; see writ policy history"));
}

}  // namespace

Result<policy::ConstitutionHistory> ConstitutionArchive::history(std::int64_t limit) const {
  std::error_code error;
  policy::ConstitutionHistory out;
  if (!std::filesystem::exists(database_, error)) return out;
  WRIT_TRY(const auto database, sql::open_read_only(database_));
  WRIT_CHECK(database->read([&](sql::Reader& reader) -> Status {
    WRIT_TRY(out, policy::read_history(reader, limit));
    return {};
  }));
  return out;
}

Result<json::object> ConstitutionArchive::signed_document(std::optional<std::int64_t> version) const {
  std::error_code error;
  if (!std::filesystem::exists(database_, error))
    return fail(not_found("no_constitution", "no policy-engine has run on this data folder yet"));
  WRIT_TRY(const auto database, sql::open_read_only(database_));
  std::string text;
  WRIT_CHECK(database->read([&](sql::Reader& reader) -> Status {
    if (!version) { WRIT_TRY(version, version_in_force(reader)); }
    WRIT_TRY(text, policy::read_signed_text(reader, *version));
    return {};
  }));
  WRIT_TRY(auto document, parse_json(text));
  if (!document.is_object()) return fail(internal("the kept text is no object", "cli"));
  return std::move(document.get_object());
}

Result<json::object> constitution_in(const json::object& signed_document) {
  const auto* found = signed_document.if_contains("constitution");
  if (found == nullptr || !found->is_object()) return fail(internal("the kept text holds no constitution", "cli"));
  return found->get_object();
}

}  // namespace writ::cli
