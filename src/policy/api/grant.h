// Grant: the proof of a decision that a guarded service demands. Issued and signed by policy only.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <queue>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/context.h"
#include "crypto/jwt.h"
#include "policy/api/types.h"

namespace writ::policy {

struct Grant {
  DecisionId decision_id;
  Action action = Action::model_call;
  TenantId tenant;
  Subject subject;
  std::string resource;       // model id, tool name, or memory key
  std::string request_hash;   // SHA-256 in hex of the request before obligations
  Obligations obligations;
  WallTime expires_at;
  static constexpr auto fields() {
    return std::tuple(field("decision_id", &Grant::decision_id, any, "Decision."),
                      field("action", &Grant::action, any, "Action."), field("tenant", &Grant::tenant, any, "Tenant."),
                      field("subject", &Grant::subject, any, "Principal."),
                      field("resource", &Grant::resource, any, "Resource id."),
                      field("request_hash", &Grant::request_hash, text(0, 64), "Hash of the guarded request."),
                      field("obligations", &Grant::obligations, any, "What the callee applies."),
                      field("expires_at", &Grant::expires_at, any, "End."));
  }
};

/// The compact signed form. Errors: internal.
[[nodiscard]] Result<std::string> sign_grant(const Grant& grant, const crypto::SigningKey& key);

/// SHA-256 in hex over the canonical JSON of a guarded request.
[[nodiscard]] std::string request_hash(const json::value& request);

/// What a tool.call grant is for: the tool's name and its arguments. A guarded service that a tool reaches computes it
/// again from what it is asked to do, so that a grant fits these arguments only.
[[nodiscard]] std::string tool_request_hash(std::string_view tool, const json::value& arguments);

/// Checks grants at a callee and accepts each decision once until the grant expires. Thread: any.
class GrantVerifier {
 public:
  /// `keys` gives policy's current public keys; it is asked for each grant, so it must be cheap (a snapshot).
  GrantVerifier(std::function<std::shared_ptr<const crypto::KeySet>()> keys, const Clock& clock);

  struct Expected {
    Action action;
    std::string resource;
    std::string request_hash;
  };
  /// Errors: forbidden (no_grant, grant_invalid, grant_expired, grant_mismatch, grant_used); unavailable
  /// (no_grant_keys, grants_full: more are alive than can be remembered).
  [[nodiscard]] Result<Grant> accept(const Context& ctx, std::string_view grant, const Expected& expected);

 private:
  std::function<std::shared_ptr<const crypto::KeySet>()> keys_;
  const Clock& clock_;
  // Decisions that were used, until their grants expire: those that end first are looked at first, so nothing is scanned.
  struct Shard {
    using End = std::pair<WallTime, std::string>;
    std::mutex mutex;
    std::unordered_set<std::string> used;
    std::priority_queue<End, std::vector<End>, std::greater<>> ends;
  };
  static constexpr std::size_t shard_count = 16;  // more than the loops that ask at once
  static constexpr std::size_t shard_max = 65'536;  // 8,000 grants a second of two minutes each, all shards together
  [[nodiscard]] Status use(const Grant& grant, WallTime now);
  std::array<Shard, shard_count> shards_;
};

}  // namespace writ::policy
