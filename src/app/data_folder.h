// DataFolder: the files of a local platform: secrets, keys and the signed constitution, made once and never replaced.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "core/secret.h"
#include "identity/identity_service.h"
#include "policy/constitution.h"

namespace writ::app {

/// What initialise() made that was not there before; the admin key is shown once and never stored in clear.
struct Made {
  std::vector<std::string> files;
  std::optional<Secret> admin_key;
  bool local_key = false;           // whether the developer's key is new: the time to show it
  std::vector<Problem> warnings{};  // `pointer` is a path that others than its owner can look into
  bool first_time = false;
};

class DataFolder {
 public:
  explicit DataFolder(std::filesystem::path root) : root_(std::move(root)) {}
  [[nodiscard]] const std::filesystem::path& root() const { return root_; }

  /// Makes what is missing: one secret per purpose, a client secret per service, the developer key (local.key), the
  /// admin key, the constitution's signing key, and the constitution signed from `bundle` (the shipped one when absent).
  /// What is there stays. Errors: unavailable (data_not_writable), invalid (bad_bundle), forbidden (data_not_private).
  [[nodiscard]] Result<Made> initialise(const std::optional<std::filesystem::path>& bundle, const Clock& clock,
                                        Random& random) const;

  /// What others can look into, as warnings. Errors: forbidden (data_not_private) with what they can write to, secrets that
  /// they can read and links, each with its fix.
  [[nodiscard]] Result<std::vector<Problem>> check_privacy() const;

  /// A secret that initialise() made: "identity", "policy", "content". Errors: not_found (not_initialised),
  /// forbidden (data_not_private), with the fix.
  [[nodiscard]] Result<Secret> secret(std::string_view purpose) const;
  /// A service's client secret.
  [[nodiscard]] Result<Secret> client_secret(std::string_view service) const {
    return secret("client-" + std::string(service));
  }
  /// The developer's API key.
  [[nodiscard]] Result<Secret> local_key() const;
  [[nodiscard]] std::filesystem::path local_key_file() const { return root_ / "local.key"; }
  [[nodiscard]] Result<identity::Bootstrap> bootstrap() const;
  [[nodiscard]] std::filesystem::path bootstrap_file() const { return root_ / "identity" / "bootstrap.json"; }
  [[nodiscard]] std::filesystem::path constitution_file() const { return root_ / "policy" / "constitution.json"; }
  [[nodiscard]] std::filesystem::path signers_file() const { return root_ / "policy" / "signers.json"; }
  [[nodiscard]] std::filesystem::path checkpoints_file() const { return root_ / "policy" / "checkpoints.jsonl"; }
  [[nodiscard]] std::filesystem::path run_file() const { return root_ / "run.json"; }
  [[nodiscard]] std::filesystem::path database(std::string_view service) const {
    return root_ / service / (std::string(service) + ".db");
  }

  /// Signs a bundle as the next version of the constitution, with the local key. Errors: invalid (bad_bundle), not_found.
  [[nodiscard]] Status sign_bundle(const std::filesystem::path& bundle, std::int64_t version, WallTime now) const;
  /// A bundle as it would be signed: see checked(). Errors: invalid (bad_bundle), those of checked().
  [[nodiscard]] Result<policy::Constitution> checked_bundle(const std::filesystem::path& bundle, std::int64_t version,
                                                            WallTime valid_from) const;
  /// A constitution under a version and a time, found to become active by compiling it. Errors: invalid
  /// (bad_constitution, bad_policies, bad_patterns, window_too_small).
  [[nodiscard]] static Result<policy::Constitution> checked(policy::Constitution constitution, std::int64_t version,
                                                            WallTime valid_from);
  /// The signed text, by the local key. Errors: not_found (not_initialised), invalid (bad_key).
  [[nodiscard]] Result<std::string> sign(const policy::Constitution& constitution) const;
  /// Puts a text that sign() gave where policy-engine looks, with the key that signed it.
  [[nodiscard]] Status put_constitution(std::string_view signed_text) const;

 private:
  [[nodiscard]] Result<crypto::SigningKey> constitution_key() const;
  [[nodiscard]] Result<Secret> read_secret(const std::filesystem::path& file, std::string_view fix) const;
  std::filesystem::path root_;
};

/// Reads a bootstrap file. Errors: invalid (bad_bootstrap) with the problems.
[[nodiscard]] Result<identity::Bootstrap> read_bootstrap(const std::filesystem::path& file);
/// A whole file. Errors: not_found (no_file).
[[nodiscard]] Result<std::string> read_text(const std::filesystem::path& file);

}  // namespace writ::app
