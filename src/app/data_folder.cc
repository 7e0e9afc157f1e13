#include "app/data_folder.h"

#include <fstream>
#include <iterator>

#include "app/data_privacy.h"
#include "app/default_bundle.h"
#include "core/encoding.h"
#include "core/private_folder.h"
#include "crypto/api_key.h"
#include "policy/active_constitution.h"

namespace writ::app {
namespace {

constexpr std::string_view secret_purposes[] = {"identity", "policy", "content"};
constexpr std::string_view services[] = {"gateway", "orchestrator", "policy", "identity", "slm", "recall"};
// The developer may do what a developer does; an approver is somebody else, by another key.
const std::vector<std::string> developer_scopes{"runs:write", "runs:read",     "models:use",
                                                "audit:read", "tokens:verify", "reviews:decide"};
// A local constitution is looked at by its owner within a year.
constexpr std::int64_t local_max_age_seconds = 366LL * 86'400;

std::string random_text(Random& random) {
  std::string bytes(32, '\0');
  random.fill(std::span(reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()));
  return to_base64url(bytes);
}

/// The files of a bundle in a folder of their own, so that one reader serves shipped and own bundles.
Result<policy::Constitution> read_shipped(const std::filesystem::path& scratch) {
  std::error_code error;
  std::filesystem::create_directories(scratch, error);
  for (const auto& file : default_bundle()) WRIT_CHECK(write_private(scratch / file.name, file.text));
  auto out = policy::read_bundle(scratch);
  std::filesystem::remove_all(scratch, error);
  return out;
}

}  // namespace

Result<std::string> read_text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(not_found("no_file", "cannot read " + file.string()));
  return std::string((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
}

Result<Secret> DataFolder::read_secret(const std::filesystem::path& file, std::string_view fix) const {
  auto text = read_private(file);
  if (!text && text.error().code == "no_file")
    return fail(not_found("not_initialised", file.string() + " is missing: " + std::string(fix)));
  if (!text) return fail(std::move(text).error());
  while (text->ends_with('\n')) text->pop_back();
  return Secret(std::move(*text));
}

Result<Secret> DataFolder::secret(std::string_view purpose) const {
  return read_secret(root_ / "secrets" / purpose, "run writ init, or set the variable for it");
}

Result<Secret> DataFolder::local_key() const { return read_secret(local_key_file(), "run writ init"); }

Result<identity::Bootstrap> read_bootstrap(const std::filesystem::path& file) {
  WRIT_TRY(const auto text, read_text(file));
  auto document = parse_json(text);
  if (!document) return fail(invalid("bad_bootstrap", file.string() + ": " + document.error().message));
  auto out = schema::decode<identity::Bootstrap>(*document);
  if (!out)
    return fail(
        invalid("bad_bootstrap", file.string() + " does not match its schema", std::move(out.error().problems)));
  return out;
}

Result<identity::Bootstrap> DataFolder::bootstrap() const { return read_bootstrap(bootstrap_file()); }

Result<policy::Constitution> DataFolder::checked(policy::Constitution constitution, std::int64_t version,
                                                 WallTime valid_from) {
  constitution.version = version;
  constitution.valid_from = valid_from;
  constitution.max_age_seconds = local_max_age_seconds;
  // What would not become active is not signed: the problems are told here, with rule and line.
  WRIT_CHECK(policy::ActiveConstitution::activate({.constitution = constitution, .hash = std::string(64, '0')}));
  return constitution;
}

Result<policy::Constitution> DataFolder::checked_bundle(const std::filesystem::path& bundle, std::int64_t version,
                                                        WallTime valid_from) const {
  auto read = bundle.empty() ? read_shipped(root_ / "policy" / "bundle.tmp") : policy::read_bundle(bundle);
  if (!read) return fail(std::move(read).error());
  return checked(std::move(*read), version, valid_from);
}

Result<crypto::SigningKey> DataFolder::constitution_key() const {
  WRIT_TRY(const auto raw, secret("constitution-key"));
  const auto bytes = from_base64url(raw.reveal());
  if (!bytes) return fail(invalid("bad_key", "the constitution's signing key is damaged"));
  return crypto::SigningKey::from_raw(crypto::SignatureAlgorithm::ed25519, Secret(*bytes));
}

Result<std::string> DataFolder::sign(const policy::Constitution& constitution) const {
  WRIT_TRY(const auto key, constitution_key());
  return policy::sign_constitution(constitution, key);
}

Status DataFolder::put_constitution(std::string_view signed_text) const {
  WRIT_TRY(const auto key, constitution_key());
  crypto::KeySet signers;
  signers.add(key.public_key());
  WRIT_CHECK(write_private(signers_file(), to_text(signers.to_jwks())));
  return write_private(constitution_file(), signed_text);
}

Status DataFolder::sign_bundle(const std::filesystem::path& bundle, std::int64_t version, WallTime now) const {
  WRIT_TRY(const auto constitution, checked_bundle(bundle, version, now));
  WRIT_TRY(const auto text, sign(constitution));
  return put_constitution(text);
}

Result<std::vector<Problem>> DataFolder::check_privacy() const {
  const auto findings = privacy_findings(root_);
  WRIT_CHECK(refuse_open_data(findings));
  std::vector<Problem> warnings;
  for (const auto& finding : findings) warnings.push_back({finding.path.string(), finding.message});
  return warnings;
}

Result<Made> DataFolder::initialise(const std::optional<std::filesystem::path>& bundle, const Clock& clock,
                                    Random& random) const {
  Made made;
  std::error_code error;
  make_private_folder(root_, error);
  if (error)
    return fail(unavailable("data_not_writable",
                            "cannot write " + root_.string() + ": " + error.message() +
                                "; make the folder writable or set WRIT_DATA_DIR to another one",
                            std::nullopt));
  WRIT_TRY(made.warnings, check_privacy());
  const auto make = [&](const std::filesystem::path& file, const std::string& text) -> Status {
    if (std::filesystem::exists(std::filesystem::symlink_status(file))) return {};
    WRIT_CHECK(write_private(file, text));
    made.files.push_back(file.string());
    return {};
  };
  for (auto purpose : secret_purposes) WRIT_CHECK(make(root_ / "secrets" / purpose, random_text(random)));
  for (auto service : services)
    WRIT_CHECK(make(root_ / "secrets" / ("client-" + std::string(service)), random_text(random)));
  WRIT_CHECK(make(root_ / "secrets" / "constitution-key", random_text(random)));
  made.local_key = !std::filesystem::exists(local_key_file());
  WRIT_CHECK(make(local_key_file(), std::string(crypto::make_api_key(random).reveal()) + "\n"));
  if (!std::filesystem::exists(bootstrap_file())) {
    made.first_time = true;
    made.admin_key = crypto::make_api_key(random);
    identity::Bootstrap bootstrap;
    for (auto service : services) {
      WRIT_TRY(const auto secret, client_secret(service));
      bootstrap.clients.push_back(
          {.client_id = std::string(service), .secret = std::string(secret.reveal()), .scopes = {}});
    }
    WRIT_TRY(const auto developer, local_key());
    WRIT_TRY(const auto identity_secret, secret("identity"));
    const auto hash = [&](const Secret& key) { return to_hex(identity::stored_hash(identity_secret, key.reveal())); };
    bootstrap.keys = {
        {.tenant = TenantId("local"),
         .subject = Subject("developer"),
         .scopes = developer_scopes,
         .key_hash = hash(developer)},
        {.tenant = TenantId("local"), .subject = Subject("admin"), .scopes = {"*"}, .key_hash = hash(*made.admin_key)}};
    WRIT_CHECK(make(bootstrap_file(), to_text(schema::encode(bootstrap))));
  }
  if (!std::filesystem::exists(constitution_file())) {
    WRIT_CHECK(sign_bundle(bundle.value_or(std::filesystem::path()), 1, clock.now()));
    made.files.push_back(constitution_file().string());
  }
  return made;
}

}  // namespace writ::app
