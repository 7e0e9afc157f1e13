// SQL of what was asked to be reviewed.
#pragma once

#include "policy/judgement.h"
#include "sql/database.h"

namespace writ::policy {

/// What these decisions on the subject's own action asked to be reviewed; only those that are recorded as reviews.
[[nodiscard]] Result<AskedReviews> reviews_asked(sql::Reader& reader, const TenantId& tenant, const Subject& subject,
                                                 Action action, const std::vector<std::string>& decisions);

}  // namespace writ::policy
