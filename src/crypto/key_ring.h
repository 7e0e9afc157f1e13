// KeyRing: a signer's keys over time, with rotation that overlaps, and their encrypted form at rest.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "core/secret.h"
#include "crypto/key_set.h"
#include "crypto/signature.h"

namespace writ::crypto {

/// Enough for a rotation a day over eleven years without pruning.
inline constexpr std::size_t key_ring_keys_max = 4096;
/// The secret is used as it is, without a password hash: 32 random bytes, in any text form.
inline constexpr std::size_t key_encryption_key_min = 32;  // bytes

/// active ──rotate──▶ previous ──its retire time──▶ retired ──prune──▶ gone
enum class KeyState {
  active,    // signs and verifies; always exactly one
  previous,  // verifies what it signed before; its private half is gone
  retired,   // verifies old records only
};

/// A value; const use from any thread.
class KeyRing {
 public:
  /// A ring of one new key. Errors: internal.
  [[nodiscard]] static Result<KeyRing> create(SignatureAlgorithm algorithm, WallTime now, Random& random);

  [[nodiscard]] const SigningKey& active() const { return active_; }
  [[nodiscard]] WallTime active_since() const { return active_since_; }
  /// What to publish: the active and the previous keys.
  [[nodiscard]] KeySet public_keys(WallTime now) const;
  /// The retired ones too, for records that outlive their keys; never for tokens.
  [[nodiscard]] KeySet all_public_keys() const;

  /// Puts a new key of the same algorithm in charge; the old one verifies until now + overlap.
  /// overlap: at least the longest life of what the key signed.
  /// Errors: conflict (key_ring_full) when the ring or what it publishes would outgrow its limit; internal.
  [[nodiscard]] Status rotate(WallTime now, Seconds overlap, Random& random);
  /// Forgets the retired keys and says how many. A ring whose signatures must stay verifiable is never pruned.
  std::size_t prune(WallTime now);

  /// Shape: JSON with version, salt, public keys and times in clear, the private key sealed by AES-256-GCM under
  /// HKDF-SHA-256(secret, salt), all of it authenticated. Each call has a new salt.
  /// Errors: invalid (key_encryption_key_too_short), internal.
  [[nodiscard]] Result<std::string> seal(const Secret& key_encryption_key, Random& random) const;
  /// Errors: invalid: key_ring_undecryptable (another secret, or changed bytes), key_ring_unsupported (written by a
  /// newer version), key_encryption_key_too_short. The caller must stop on each; nothing is ever made anew here.
  [[nodiscard]] static Result<KeyRing> open(std::string_view sealed, const Secret& key_encryption_key);

 private:
  struct Past {
    PublicKey key;
    WallTime created_at;
    WallTime retire_at;
    [[nodiscard]] KeyState state(WallTime now) const {
      return now < retire_at ? KeyState::previous : KeyState::retired;
    }
  };

  KeyRing(SigningKey active, WallTime since) : active_(std::move(active)), active_since_(since) {}
  [[nodiscard]] json::object public_part() const;

  SigningKey active_;
  WallTime active_since_;
  std::vector<Past> past_;  // oldest first
};

}  // namespace writ::crypto
