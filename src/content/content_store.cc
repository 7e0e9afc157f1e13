#include "content/content_store.h"

#include <array>
#include <utility>

#include "core/encoding.h"
#include "crypto/aead.h"
#include "crypto/hash.h"

namespace writ::content {
namespace {

constexpr std::size_t key_size = crypto::aead_key_size;

/// What the sealed keys are bound to; the length in front keeps ("a", "bc") and ("ab", "c") apart.
std::string owner(const TenantId& tenant, const Subject& subject) {
  return "writ content keys " + std::to_string(tenant.str().size()) + ":" + tenant.str() + subject.str();
}

Error wrong_key(std::string_view whose) {
  return conflict("content_key_wrong", "the stored content keys " + std::string(whose) +
                                           " do not open: start with the content key that wrote the data, or restore "
                                           "both from one backup");
}

Error tampered(const ContentId& id) {
  Error error = internal("stored content does not match its id " + id.str(), "content");
  error.code = "content_tampered";
  return error;
}

bool is_broken_seal(const Error& error) { return error.code == "seal_broken"; }

ContentId id_of(const Secret& id_key, std::string_view bytes) {
  return ContentId(std::string(ContentId::prefix) + to_base64url(crypto::hmac_sha256(id_key, bytes)));
}

}  // namespace

Result<ContentStore> ContentStore::make(const Secret& key_encryption_key, Random& random) {
  if (key_encryption_key.reveal().size() < key_encryption_key_min)
    return fail(invalid("key_too_short",
                        "the content key needs at least " + std::to_string(key_encryption_key_min) + " random bytes"));
  return ContentStore(crypto::hkdf_sha256(key_encryption_key, "writ", "content key encryption", key_size), random);
}

sql::Migrations ContentStore::migrations() {
  return {{"content/0001_items",
           "CREATE TABLE content_keys ("
           "  tenant TEXT NOT NULL, subject TEXT NOT NULL,"
           "  sealed BLOB NOT NULL,"
           "  created_at INTEGER NOT NULL,"
           "  PRIMARY KEY (tenant, subject)) STRICT;"
           "CREATE TABLE content_items ("
           "  tenant TEXT NOT NULL, subject TEXT NOT NULL, id TEXT NOT NULL,"
           "  sealed BLOB NOT NULL,"
           "  created_at INTEGER NOT NULL,"
           "  PRIMARY KEY (tenant, subject, id),"
           "  FOREIGN KEY (tenant, subject) REFERENCES content_keys (tenant, subject)) STRICT;"}};
}

Status ContentStore::check(sql::Reader& reader) const {
  WRIT_TRY(const auto row, reader.row("SELECT tenant, subject, sealed FROM content_keys LIMIT 1"));
  if (!row) return {};
  const auto [tenant, subject, sealed] = row->as<TenantId, Subject, sql::BlobView>();
  WRIT_CHECK(open_keys(sealed.bytes, tenant, subject));
  return {};
}

Result<ContentStore::SubjectKeys> ContentStore::open_keys(std::string_view sealed, const TenantId& tenant,
                                                          const Subject& subject) const {
  auto opened = crypto::aead_open(sealing_key_, sealed, owner(tenant, subject));
  if (!opened) return fail(is_broken_seal(opened.error()) ? wrong_key("of a subject") : std::move(opened.error()));
  const Secret both(std::move(*opened));
  if (both.reveal().size() != 2 * key_size) return fail(wrong_key("of a subject"));
  return SubjectKeys{Secret(std::string(both.reveal().substr(0, key_size))),
                     Secret(std::string(both.reveal().substr(key_size)))};
}

Result<std::optional<ContentStore::SubjectKeys>> ContentStore::find_keys(sql::Reader& reader, const TenantId& tenant,
                                                                         const Subject& subject) const {
  WRIT_TRY(const auto row,
           reader.row("SELECT sealed FROM content_keys WHERE tenant = ?1 AND subject = ?2", tenant, subject));
  if (!row) return std::nullopt;
  WRIT_TRY(auto keys, open_keys(row->get<sql::BlobView>(0).bytes, tenant, subject));
  return keys;
}

Result<ContentStore::SubjectKeys> ContentStore::make_keys(sql::Transaction& tx, const TenantId& tenant,
                                                          const Subject& subject) const {
  std::array<std::uint8_t, 2 * key_size> bytes{};
  random_->fill(bytes);
  const Secret both(std::string(bytes.begin(), bytes.end()));
  bytes.fill(0);
  WRIT_TRY(const auto sealed, crypto::aead_seal(sealing_key_, both.reveal(), owner(tenant, subject), *random_));
  WRIT_CHECK(tx.run("INSERT INTO content_keys (tenant, subject, sealed, created_at) VALUES (?1, ?2, ?3, ?4)", tenant,
                    subject, sql::BlobView{sealed}, tx.now()));
  return SubjectKeys{Secret(std::string(both.reveal().substr(0, key_size))),
                     Secret(std::string(both.reveal().substr(key_size)))};
}

Result<ContentId> ContentStore::put(sql::Transaction& tx, const TenantId& tenant, const Subject& data_subject,
                                    std::string_view bytes) const {
  WRIT_TRY(auto found, find_keys(tx, tenant, data_subject));
  if (!found) { WRIT_TRY(found, make_keys(tx, tenant, data_subject)); }
  const auto id = id_of(found->id_key, bytes);
  WRIT_TRY(const auto stored, tx.row("SELECT 1 FROM content_items WHERE tenant = ?1 AND subject = ?2 AND id = ?3",
                                     tenant, data_subject, id));
  if (stored) return id;
  WRIT_TRY(const auto sealed, crypto::aead_seal(found->data_key, bytes, id.str(), *random_));
  WRIT_CHECK(tx.run("INSERT INTO content_items (tenant, subject, id, sealed, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
                    tenant, data_subject, id, sql::BlobView{sealed}, tx.now()));
  return id;
}

Result<std::optional<std::string>> ContentStore::get(sql::Reader& reader, const TenantId& tenant,
                                                     const Subject& data_subject, const ContentId& id) const {
  WRIT_TRY(const auto keys, find_keys(reader, tenant, data_subject));
  if (!keys) return std::nullopt;
  WRIT_TRY(const auto row, reader.row("SELECT sealed FROM content_items WHERE tenant = ?1 AND subject = ?2 AND id = ?3",
                                      tenant, data_subject, id));
  if (!row) return std::nullopt;
  auto bytes = crypto::aead_open(keys->data_key, row->get<sql::BlobView>(0).bytes, id.str());
  if (!bytes) return fail(is_broken_seal(bytes.error()) ? tampered(id) : std::move(bytes.error()));
  return std::move(*bytes);
}

Result<std::int64_t> ContentStore::erase(sql::Transaction& tx, const TenantId& tenant,
                                         const Subject& data_subject) const {
  WRIT_TRY(const auto items,
           tx.run("DELETE FROM content_items WHERE tenant = ?1 AND subject = ?2", tenant, data_subject));
  WRIT_CHECK(tx.run("DELETE FROM content_keys WHERE tenant = ?1 AND subject = ?2", tenant, data_subject));
  return items;
}

}  // namespace writ::content
