// Inspections: the scan state of the outputs that are on their way out, by model.call decision.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "policy/active_constitution.h"

namespace writ::policy {

/// Where the scan of an output stands, without its text: committed with each release, so that it can go on after a restart.
struct OutputPlace {
  std::int64_t release_upto = 0;  // bytes that may leave
  std::int64_t held_from = 0, decided = 0, scanned = 0;  // scan::WindowScanner::Place
  std::string held_hash;  // SHA-256 in hex of the text from held_from to scanned
  std::vector<std::string> facts;  // found so far
};

/// Held in memory, a bounded number, and rebuilt where it is missing: the caller sends the text again that the scan held
/// (Inspection::resend_from), and its hash must be the committed one. A part of a match that came before is thus seen again,
/// and nothing that was not scanned leaves. Thread: any; one piece of one output at a time.
class Inspections {
 public:
  struct Seen {
    std::int64_t release_upto = 0;
    std::vector<std::string> new_facts;
    std::optional<std::int64_t> resend_from;  // nothing was taken
    OutputPlace place;
  };
  /// Begins to follow an allowed model call. `expires_at`: when it may be forgotten.
  void begin(const TenantId& tenant, const DecisionId& decision, std::shared_ptr<const ActiveConstitution> active,
             WallTime expires_at);
  [[nodiscard]] bool follows(const TenantId& tenant, const DecisionId& decision) const;
  /// A piece of an output that is followed. One that was taken before is not taken twice; the answer to it may have been
  /// lost, so it gives all facts again and releases nothing new. One that does not follow asks for the held text.
  /// Errors: not_found (no_decision), conflict (output_changed: not the text that was scanned), invalid (bad_text).
  [[nodiscard]] Result<Seen> feed(const TenantId& tenant, const InspectRequest& piece);
  /// The same for one that is no longer followed and whose scan stood at `place`.
  [[nodiscard]] Result<Seen> resume(const TenantId& tenant, const InspectRequest& piece, const OutputPlace& place,
                                    std::shared_ptr<const ActiveConstitution> active, WallTime expires_at);
  /// Facts found so far, for the last decision; nothing when it is not followed.
  [[nodiscard]] std::vector<std::string> facts(const TenantId& tenant, const DecisionId& decision) const;
  void end(const TenantId& tenant, const DecisionId& decision);
  /// Forgets what is over. Gives how many are followed.
  std::size_t prune(WallTime now);

 private:
  struct Output {
    std::shared_ptr<const ActiveConstitution>
        active;  // the scanner refers to it; a newer one may be in force meanwhile
    scan::WindowScanner scanner;
    WallTime expires_at;
    std::set<std::string> facts;
    std::size_t release_upto = 0;
    bool finished = false;
  };
  using Key = std::pair<TenantId, DecisionId>;
  static constexpr std::size_t outputs_max = 10'000;  // about 1 KiB each
  void make_room(const TenantId& tenant);
  [[nodiscard]] static Result<Seen> feed(Output& output, const InspectRequest& piece);

  mutable std::mutex mutex_;
  std::map<Key, Output> outputs_;
};

}  // namespace writ::policy
