#include "policy/review_store.h"

namespace writ::policy {

Result<AskedReviews> reviews_asked(sql::Reader& reader, const TenantId& tenant, const Subject& subject, Action action,
                                   const std::vector<std::string>& decisions) {
  AskedReviews out;
  for (const auto& id : decisions) {
    WRIT_TRY(const auto row,
             reader.row("SELECT answer FROM decisions WHERE tenant = ?1 AND decision_id = ?2 AND subject = ?3 AND "
                        "action = ?4 AND verdict = 'review'",
                        tenant, id, subject, schema::name_of(action)));
    if (!row) continue;
    WRIT_TRY(const auto document, parse_json(row->get<std::string>(0)));
    WRIT_TRY(auto asked, schema::decode<Decision>(document, {.unknown = schema::Unknown::ignore}));
    out[id] = {.rule = asked.review_rule.value_or(""), .scope = asked.review_scope.value_or("")};
  }
  return out;
}

}  // namespace writ::policy
