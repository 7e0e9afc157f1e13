// Revocations: which credentials hold no more, and which have less than they say; looked up by hash.
#pragma once

#include <unordered_map>

#include "core/result.h"
#include "identity/api/principal_name.h"
#include "identity/api/recent_map.h"
#include "identity/api/types.h"

namespace writ::identity {

/// The scopes that both lists have; `*` has all.
[[nodiscard]] std::vector<std::string> common_scopes(const std::vector<std::string>& a,
                                                     const std::vector<std::string>& b);

/// A value: built by one reader of the feed, then shared as a constant.
class Revocations {
 public:
  void add(const Revocation& row);
  /// Drops what names nothing that can be alive.
  void forget(WallTime now);
  [[nodiscard]] std::size_t size() const;

  /// jti: of the token itself where there is one. Errors: unauthenticated (token_revoked, key_revoked, principal_revoked).
  [[nodiscard]] Status holds(const Principal& principal, std::string_view jti) const;
  /// Takes away the scopes that the principal or its key lost since.
  void narrow(Principal& principal) const;

 private:
  struct Limit {
    std::vector<std::string> scopes;
    WallTime until;
  };
  struct Floor {
    std::int64_t generation = 0;  // older ones are dead
    WallTime until;
  };
  TextMap<WallTime> tokens_, keys_;  // until when it matters
  std::unordered_map<PrincipalName, Floor, PrincipalNameHash> subjects_;
  std::unordered_map<PrincipalName, Limit, PrincipalNameHash> subject_limits_;
  TextMap<Limit> key_limits_;
};

}  // namespace writ::identity
