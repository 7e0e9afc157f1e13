#include "policy/api/grant.h"

#include "crypto/hash.h"

namespace writ::policy {
namespace {
constexpr std::string_view grant_issuer = "writ-policy";
constexpr std::string_view grant_type = "writ-grant+jwt";
}  // namespace

Result<std::string> sign_grant(const Grant& grant, const crypto::SigningKey& key) {
  auto claims = schema::encode(grant).as_object();
  claims["iss"] = grant_issuer;
  claims["aud"] = "writ";
  claims["exp"] = std::chrono::ceil<Seconds>(grant.expires_at).time_since_epoch().count();
  return crypto::sign_jwt(key, claims, key.public_key().kid(), grant_type);
}

std::string request_hash(const json::value& request) { return crypto::sha256_hex(canonical_json(request)); }

std::string tool_request_hash(std::string_view tool, const json::value& arguments) {
  return request_hash(json::value{{"name", tool}, {"arguments", arguments}});
}

GrantVerifier::GrantVerifier(std::function<std::shared_ptr<const crypto::KeySet>()> keys, const Clock& clock)
    : keys_(std::move(keys)), clock_(clock) {}

Result<Grant> GrantVerifier::accept(const Context& ctx, std::string_view grant, const Expected& expected) {
  if (grant.empty()) return fail(forbidden("no_grant", "this operation demands a grant from policy-engine"));
  const auto keys = keys_();
  if (!keys) return fail(unavailable("no_grant_keys", "the keys of policy-engine are not known yet"));
  const auto now = clock_.now();
  const auto claims = crypto::verify_jwt(
      grant, *keys,
      {.issuer = std::string(grant_issuer), .audience = "writ", .now = now, .typ = std::string(grant_type)});
  if (!claims) {
    const bool expired = claims.error().code.find("expired") != std::string::npos;
    return fail(
        forbidden(expired ? "grant_expired" : "grant_invalid", "the grant does not hold: " + claims.error().message));
  }
  const auto g = schema::decode<Grant>(*claims, {.unknown = schema::Unknown::ignore});
  if (!g) return fail(forbidden("grant_invalid", "the grant lacks fields"));
  if (g->expires_at <= now) return fail(forbidden("grant_expired", "the grant has expired"));
  if (g->action != expected.action || g->resource != expected.resource || g->request_hash != expected.request_hash ||
      g->tenant != ctx.principal.tenant || g->subject != ctx.principal.subject)
    return fail(forbidden("grant_mismatch", "the grant is for another request"));
  WRIT_CHECK(use(*g, now));
  return *g;
}

Status GrantVerifier::use(const Grant& grant, WallTime now) {
  const auto& id = grant.decision_id.str();
  auto& shard = shards_.at(std::hash<std::string>{}(id) % shard_count);
  const std::lock_guard lock(shard.mutex);
  while (!shard.ends.empty() && shard.ends.top().first <= now) {
    shard.used.erase(shard.ends.top().second);
    shard.ends.pop();
  }
  if (shard.used.contains(id)) return fail(forbidden("grant_used", "the grant was used before"));
  if (shard.used.size() >= shard_max) return fail(unavailable("grants_full", "too many grants are alive", Seconds{1}));
  shard.used.insert(id);
  shard.ends.emplace(grant.expires_at, id);
  return {};
}

}  // namespace writ::policy
