// Constitutions: which constitution is in force, which wait for their time, and which were refused. What was accepted is
// kept by policy's database; versions only rise, also over restarts.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>

#include "async/blocking_pool.h"
#include "policy/active_constitution.h"
#include "policy/constitution_store.h"

namespace writ::policy {

/// Where constitutions and the keys of those who may sign them come from.
struct ConstitutionFiles {
  std::filesystem::path constitution;
  std::filesystem::path signers;  // JWKS
};

/// Something that happened, for log and metrics.
struct ConstitutionEvent {
  enum class What { activated, pending, refused, unreadable };
  What what = What::activated;
  std::string version;  // "<version>@<first 12 hex of the hash>"; "" of what was refused
  std::optional<Error> error;  // of what was refused or could not be read
};

class Constitutions {
 public:
  Constitutions(sql::Database& database, ConstitutionFiles files, const Clock& clock)
      : store_(database), files_(std::move(files)), clock_(clock) {}

  /// What was in force goes on to be; then the file is looked at. Errors: invalid, conflict when nothing is in force or
  /// waiting then: the start must stop.
  [[nodiscard]] Task<Status> start(Context ctx);
  /// Looks at the file when it has changed, and at the clock for those that wait. What does not verify, compile or rise
  /// never becomes active, and the old one stays. From one task. Errors: why the file was refused, at its first look;
  /// unavailable.
  [[nodiscard]] Task<Status> refresh(Context ctx);

  /// Errors: unavailable (no_constitution, constitution_expired).
  [[nodiscard]] Result<std::shared_ptr<const ActiveConstitution>> active() const;
  /// The one in force, however old; none when there is none.
  [[nodiscard]] std::shared_ptr<const ActiveConstitution> in_force() const;
  /// What happened since it was asked last.
  [[nodiscard]] std::vector<ConstitutionEvent> take_events();
  /// For readiness: {version, hash, valid_from, stale_at, pending: [the same], refused: {at, code}}.
  [[nodiscard]] json::object detail() const;

 private:
  using Active = std::shared_ptr<const ActiveConstitution>;
  /// Verified and compiled, away from the loops. Errors: invalid.
  [[nodiscard]] Task<Result<Active>> compiled(Context ctx, std::string signed_text);
  [[nodiscard]] Task<Status> load_kept(Context ctx);
  /// Errors: invalid (bad_constitution, bad_policies, bad_patterns, …), conflict (constitution_version), unavailable.
  [[nodiscard]] Task<Status> accept(Context ctx, std::string signed_text);
  [[nodiscard]] Task<Status> activate_due(Context ctx);
  [[nodiscard]] Task<Status> refuse(Context ctx, std::string hash, Error error);
  void put_in_force(Active active);
  void put_waiting(Active active);
  void happened(ConstitutionEvent event);  // with the mutex

  ConstitutionStore store_;
  const ConstitutionFiles files_;
  const Clock& clock_;
  async::BlockingPool pool_{"constitution", 1, 8};  // a set of patterns takes seconds to compile
  std::string answered_;  // of the file's text that was answered last: its hash, or why it could not be read
  mutable std::mutex mutex_;
  Active active_;  // shared with questions that began before a swap
  std::map<std::int64_t, Active> pending_;
  std::optional<ConstitutionRefusal> refusal_;  // of the text that was offered last
  std::vector<ConstitutionEvent> events_;
};

}  // namespace writ::policy
