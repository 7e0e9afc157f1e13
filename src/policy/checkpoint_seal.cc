#include "policy/checkpoint_seal.h"

#include <fmt/format.h>

#include "crypto/hash.h"

namespace writ::policy {
namespace {

AuditFinding broken(std::int64_t number, std::string message) {
  return {.code = "seal_broken",
          .message = std::move(message),
          .tenant = {},
          .shard = {},
          .seq = {},
          .checkpoint = number > 0 ? std::optional(number) : std::nullopt,
          .file = {},
          .line = {}};
}

}  // namespace

CheckpointSeal::CheckpointSeal(const Secret& key_secret)
    : key_(crypto::hkdf_sha256(key_secret, "writ", "newest checkpoint", 32)) {}

std::string CheckpointSeal::mac(std::int64_t number, std::string_view hash) const {
  return crypto::hmac_sha256(key_, fmt::format("{}:{}", number, hash));
}

Seal CheckpointSeal::of(std::int64_t number, std::string hash) const {
  auto sum = mac(number, hash);
  return {.number = number, .hash = std::move(hash), .mac = std::move(sum)};
}

bool CheckpointSeal::holds(const Seal& seal) const {
  return crypto::constant_time_equal(mac(seal.number, seal.hash), seal.mac);
}

std::optional<AuditFinding> CheckpointSeal::problem(const std::optional<Seal>& seal, std::int64_t number,
                                                    std::string_view hash) const {
  if (!seal) return broken(0, "the seal of the newest checkpoint is missing: the audit was begun anew");
  if (!holds(*seal))
    return broken(seal->number, "the seal of the newest checkpoint was not made by this policy-engine");
  if (seal->number == number && seal->hash == hash) return std::nullopt;
  return broken(seal->number,
                fmt::format("the newest checkpoint was number {} by the seal, number {} is left: the audit "
                            "was set back or replaced",
                            seal->number, number));
}

}  // namespace writ::policy
