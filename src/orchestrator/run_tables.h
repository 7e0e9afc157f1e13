// The tables of the orchestrator, and what one transaction does with them. Only orchestrator_store.cc uses it.
#pragma once

#include "orchestrator/orchestrator_store.h"

namespace writ::orchestrator::tables {

/// A run's row as far as writes need it.
struct RunRow {
  TenantId tenant;
  RunId id;
  SessionId session;
  Subject subject;       // whose run
  Subject data_subject;  // whose content
  std::int64_t fence = 0, last_seq = 0;
  std::int64_t nth = 0;  // of its session's runs, from 1
  bool owned = false, ended = false;
};
/// Errors: not_found (no_run).
[[nodiscard]] Result<RunRow> find_row(sql::Reader& reader, const TenantId& tenant, const RunId& run);

/// Who has the run after a write: the host goes on, or gives it back when it waits or has ended.
enum class Write { by_host, by_person };

[[nodiscard]] Status insert_session(sql::Transaction& tx, const TenantId& tenant, const Subject& subject,
                                    const NewSession& session);
/// The row and its first event, due at once. Errors: conflict (run_active).
[[nodiscard]] Status insert_run(sql::Transaction& tx, const content::ContentStore& content, const TenantId& tenant,
                                const SessionId& session, const Subject& data_subject, const NewRun& run);
inline constexpr std::int64_t all_events = 1LL << 40;  // a run's own limits bound them
/// Stored events after a seq, with content ids.
[[nodiscard]] Result<std::vector<Event>> read_events(sql::Reader& reader, const TenantId& tenant, const RunId& run,
                                                     std::int64_t after, std::int64_t limit);
/// Stores drafts behind state.last_seq, with their content, reviews and outbox rows, and the run's new summary.
[[nodiscard]] Result<Appended> write_events(sql::Transaction& tx, const content::ContentStore& content,
                                            const RunRow& row, RunState state, std::vector<Draft> drafts, WallTime at,
                                            Write by);
/// One text, unless it is there already or was erased.
[[nodiscard]] Status read_text(sql::Reader& reader, const content::ContentStore& content, const RunRow& row,
                               const ContentId& id, Texts& out);
/// The texts of the events' content fields.
[[nodiscard]] Status read_texts(sql::Reader& reader, const content::ContentStore& content, const RunRow& row,
                                std::vector<Event> events, Texts& out);

[[nodiscard]] Result<std::optional<Review>> find_review(sql::Reader& reader, const content::ContentStore& content,
                                                        const TenantId& tenant, const ReviewId& id);
[[nodiscard]] Result<std::vector<Review>> list_reviews(sql::Reader& reader, const content::ContentStore& content,
                                                       const TenantId& tenant, const std::optional<RunId>& run);

/// The stored response of the same request, if there is one younger than a day. Errors: conflict (idempotency_mismatch).
[[nodiscard]] Result<std::optional<json::value>> find_response(sql::Reader& reader, const TenantId& tenant,
                                                               const IdempotencyKey& key);
[[nodiscard]] Status keep_response(sql::Transaction& tx, const TenantId& tenant, const IdempotencyKey& key,
                                   const json::value& response);

}  // namespace writ::orchestrator::tables
