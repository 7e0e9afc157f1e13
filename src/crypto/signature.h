// Signing keys and their public halves: Ed25519 and ECDSA on P-256, as JOSE spells them (RFC 7517, 7518, 8037).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/json.h"
#include "core/result.h"
#include "core/secret.h"

namespace writ::crypto {

enum class SignatureAlgorithm {
  ed25519,  // "EdDSA"; deterministic, for constitutions, checkpoints, grants and tokens
  es256,    // "ES256"; for verifiers that know no EdDSA
};

/// "EdDSA" or "ES256" (RFC 7518, RFC 8037).
[[nodiscard]] std::string_view jws_name(SignatureAlgorithm algorithm);
[[nodiscard]] std::optional<SignatureAlgorithm> signature_algorithm_named(std::string_view jws_name);

/// A key that verifies. A value: copies are cheap and may be used from any thread at once.
class PublicKey {
 public:
  /// Members used: kty, crv, x, y; alg and use must fit where present; others are ignored.
  /// Errors: invalid (bad_jwk), also for a private key, which must not travel as a public one.
  [[nodiscard]] static Result<PublicKey> from_jwk(const json::object& jwk);
  /// raw: 32 bytes for Ed25519, 65 bytes (uncompressed point) for ES256. Errors: invalid (bad_public_key).
  [[nodiscard]] static Result<PublicKey> from_raw(SignatureAlgorithm algorithm, std::string_view raw);

  /// kty, crv, x, (y,) use, alg, kid.
  [[nodiscard]] json::object to_jwk() const;
  [[nodiscard]] SignatureAlgorithm algorithm() const;
  /// As from_raw() takes it.
  [[nodiscard]] const std::string& raw() const;
  /// The key's RFC 7638 thumbprint: SHA-256 in base64url, 43 characters.
  [[nodiscard]] const std::string& kid() const;
  /// signature: 64 bytes, for ES256 r ‖ s. Errors: unauthenticated (bad_signature), internal.
  [[nodiscard]] Status verify(std::string_view bytes, std::string_view signature) const;

  friend bool operator==(const PublicKey& a, const PublicKey& b) {
    return a.algorithm() == b.algorithm() && a.raw() == b.raw();
  }

 private:
  struct State;
  explicit PublicKey(std::shared_ptr<const State> state);
  std::shared_ptr<const State> state_;  // shared: immutable, and OpenSSL's key objects are dear to make
};

/// A key that signs. A value, as PublicKey is; the private half is wiped with the last copy.
class SigningKey {
 public:
  /// Errors: internal.
  [[nodiscard]] static Result<SigningKey> generate(SignatureAlgorithm algorithm, Random& random);
  /// raw: 32 bytes, the Ed25519 seed or the big-endian P-256 scalar. Errors: invalid (bad_private_key).
  [[nodiscard]] static Result<SigningKey> from_raw(SignatureAlgorithm algorithm, const Secret& raw);

  /// As from_raw() takes it.
  [[nodiscard]] const Secret& raw() const;
  [[nodiscard]] SignatureAlgorithm algorithm() const { return public_key().algorithm(); }
  [[nodiscard]] const PublicKey& public_key() const;
  /// 64 bytes; for ES256 r ‖ s, different on each call. Errors: internal.
  [[nodiscard]] Result<std::string> sign(std::string_view bytes) const;

 private:
  struct State;
  explicit SigningKey(std::shared_ptr<const State> state);
  std::shared_ptr<const State> state_;  // shared for the reasons of PublicKey, and so that one copy is wiped
};

}  // namespace writ::crypto
