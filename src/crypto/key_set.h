// KeySet: the public keys a verifier trusts, found by key id, and their JWKS form (RFC 7517).
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "core/json.h"
#include "core/result.h"
#include "crypto/signature.h"

namespace writ::crypto {

/// An issuer has its active key and a few previous ones; more is a fault or an attack on the verifier.
inline constexpr std::size_t key_set_keys_max = 64;

/// A value; const use from any thread.
class KeySet {
 public:
  /// Keys of unknown kinds and uses are left out, as RFC 7517 section 5 wants; broken ones of known kinds are refused.
  /// A key without `kid` goes by its thumbprint. Errors: invalid (bad_jwks).
  [[nodiscard]] static Result<KeySet> from_jwks(const json::value& jwks);
  /// {"keys": […]}, each with its kid.
  [[nodiscard]] json::object to_jwks() const;

  /// Adds under the thumbprint; a key that is there already stays once.
  void add(PublicKey key);
  /// Null when no key has this id.
  [[nodiscard]] const PublicKey* find(std::string_view kid) const;
  [[nodiscard]] std::size_t size() const { return keys_.size(); }

 private:
  std::map<std::string, PublicKey, std::less<>> keys_;
};

}  // namespace writ::crypto
