// SQL of what was released of outputs, and where their scans stand.
#pragma once

#include "policy/inspections.h"
#include "sql/database.h"

namespace writ::policy {

/// An upper bound of what left of an output, and where its scan stands.
struct Released {
  TenantId tenant;
  DecisionId decision_id;
  std::int64_t upto = 0;
  std::string chunk_hash;  // of the text inspected last
  OutputPlace place;
  std::optional<Tokens> used;  // by the call so far, its prompt included
};
/// The audit chain is told of a release in steps of so many bytes: a record then covers the step that it opens.
inline constexpr std::int64_t release_step = 1024;

/// The run that a question or settlement is about: its id is run/step/attempt/action/n; "" for a direct call.
[[nodiscard]] std::string run_of(const std::string& request_id);
/// How far an output has been released, with the hash of what was looked at last.
[[nodiscard]] Result<std::optional<json::object>> released_of(sql::Reader& reader, const TenantId& tenant,
                                                              const DecisionId& decision);
[[nodiscard]] Status put_release(sql::Transaction& tx, const Released& r);
/// The chain is told an upper bound before anything can leave, in steps, so that an output costs few records; the exact
/// end stands in the records of the output's decision and of the settlement.
[[nodiscard]] Status tell_bound(sql::Transaction& tx, const Released& r);
/// What is settled leaves no further: its records hold how far it went.
[[nodiscard]] Status forget_release(sql::Transaction& tx, const TenantId& tenant, const DecisionId& decision);
/// Where the scan of an allowed call's output stood when it was last committed. Errors: not_found (no_decision).
[[nodiscard]] Result<OutputPlace> find_place(sql::Reader& reader, const TenantId& tenant, const DecisionId& decision);

}  // namespace writ::policy
