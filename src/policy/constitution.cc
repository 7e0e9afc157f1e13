#include "policy/constitution.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "core/encoding.h"
#include "crypto/hash.h"

namespace writ::policy {
namespace {

/// limits.json, detectors.json and grants.json as files.
struct LimitsFile {
  std::int64_t version = 1;
  std::vector<BudgetRule> budgets;
  bool unlimited = false;
  std::optional<std::vector<RateRule>> rates{};
  bool unlimited_rates = false;
  std::int64_t max_tokens_per_call = 4096;
  static constexpr auto fields() {
    return std::tuple(field("version", &LimitsFile::version, number(1, 1), "Format."),
                      field("budgets", &LimitsFile::budgets, list(0, 16), "Budgets."),
                      field_or_default("unlimited", &LimitsFile::unlimited, any, "That no budgets are meant."),
                      field("rates", &LimitsFile::rates, list(0, rates_max), "Rate limits."),
                      field_or_default("unlimited_rates", &LimitsFile::unlimited_rates, any, "That none are meant."),
                      field("max_tokens_per_call", &LimitsFile::max_tokens_per_call, number(1, 1'000'000), "Bound."));
  }
};
struct DetectorsFile {
  std::int64_t version = 1;
  Release release;
  std::vector<Detector> detectors;
  static constexpr auto fields() {
    return std::tuple(field("version", &DetectorsFile::version, number(1, 1), "Format."),
                      field("release", &DetectorsFile::release, any, "Release."),
                      field("detectors", &DetectorsFile::detectors, list(0, 64), "Detectors."));
  }
};
struct GrantsFile {
  std::int64_t version = 1;
  std::vector<CapsuleGrant> capsules;
  static constexpr auto fields() {
    return std::tuple(field("version", &GrantsFile::version, number(1, 1), "Format."),
                      field("capsules", &GrantsFile::capsules, list(0, 10'000), "Grants."));
  }
};

Result<std::string> read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string out((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in.good() && out.empty()) return fail(invalid("bad_bundle", "cannot read " + file.string()));
  return out;
}

template <class T>
Result<T> read_json(const std::filesystem::path& file) {
  WRIT_TRY(const auto text, read_file(file));
  auto parsed = parse_json(text);
  if (!parsed) return fail(std::move(parsed.error()).while_doing(file.string()));
  auto decoded = schema::decode<T>(*parsed);
  if (!decoded) {
    auto error =
        invalid("bad_bundle", file.string() + " does not match its schema", std::move(decoded.error().problems));
    if (!error.problems.empty())
      error.message += ": " + error.problems.front().pointer + " " + error.problems.front().message;
    return fail(std::move(error));
  }
  return decoded;
}

constexpr std::array<std::string_view, 4> envelope_members{"constitution", "hash", "kid", "signature"};

Error bad(std::string message) { return invalid("bad_constitution", std::move(message)); }

}  // namespace

Result<Constitution> read_bundle(const std::filesystem::path& folder) {
  Constitution out;
  std::vector<std::filesystem::path> rules;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    if (entry.path().extension() == ".cedar") rules.push_back(entry.path());
  if (error || rules.empty()) return fail(invalid("bad_bundle", folder.string() + " holds no *.cedar file"));
  std::ranges::sort(rules);
  for (const auto& file : rules) {
    WRIT_TRY(const auto text, read_file(file));
    out.policies += text + "\n";
  }
  WRIT_TRY(out.schema, read_file(folder / "schema.cedarschema"));
  WRIT_TRY(auto limits, read_json<LimitsFile>(folder / "limits.json"));
  WRIT_TRY(auto detectors, read_json<DetectorsFile>(folder / "detectors.json"));
  WRIT_TRY(auto grants, read_json<GrantsFile>(folder / "grants.json"));
  out.budgets = std::move(limits.budgets);
  out.unlimited = limits.unlimited;
  out.rates = std::move(limits.rates);
  out.unlimited_rates = limits.unlimited_rates;
  out.max_tokens_per_call = limits.max_tokens_per_call;
  out.detectors = std::move(detectors.detectors);
  out.release = detectors.release;
  out.capsules = std::move(grants.capsules);
  return out;
}

Result<std::optional<std::vector<RateRule>>> rates_in(std::string_view limits_json) {
  WRIT_TRY(const auto parsed, parse_json(limits_json));
  WRIT_TRY(auto limits, schema::decode<LimitsFile>(parsed));
  return std::move(limits.rates);
}

Result<std::string> sign_constitution(const Constitution& constitution, const crypto::SigningKey& key) {
  const auto document = schema::encode(constitution);
  const auto digest = crypto::sha256(canonical_json(document));
  WRIT_TRY(const auto signature, key.sign(digest));
  return canonical_json(json::value{{"constitution", document},
                                    {"hash", to_hex(digest)},
                                    {"kid", key.public_key().kid()},
                                    {"signature", to_base64url(signature)}});
}

Result<VerifiedConstitution> verify_constitution(std::string_view signed_text, const crypto::KeySet& signers) {
  const auto envelope = parse_json(signed_text);
  if (!envelope || !envelope->is_object()) return fail(bad("the constitution is not a JSON object"));
  const auto& object = envelope->get_object();
  for (const auto& member : object)
    if (std::ranges::find(envelope_members, std::string_view(member.key())) == envelope_members.end())
      return fail(bad("the file has a member that is not signed: " + std::string(member.key())));
  const auto* document = object.if_contains("constitution");
  if (document == nullptr) return fail(bad("the file holds no constitution"));
  const auto digest = crypto::sha256(canonical_json(*document));
  if (to_hex(digest) != text_at(object, "hash")) return fail(bad("the constitution's hash does not match"));
  const auto* key = signers.find(text_at(object, "kid"));
  if (key == nullptr) return fail(bad("the constitution is signed by a key that is not trusted here"));
  const auto signature = from_base64url(text_at(object, "signature"));
  if (!signature || !key->verify(digest, *signature)) return fail(bad("the constitution's signature does not hold"));
  auto decoded = schema::decode<Constitution>(*document);
  if (!decoded) {
    auto error = bad("the constitution does not match its schema");
    error.problems = std::move(decoded.error().problems);
    return fail(std::move(error));
  }
  return VerifiedConstitution{.constitution = std::move(*decoded), .hash = to_hex(digest)};
}

}  // namespace writ::policy
