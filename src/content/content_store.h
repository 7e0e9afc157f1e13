// ContentStore: messages and blobs by content id, encrypted under keys of their data subject, in the owner's database.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/id.h"
#include "core/result.h"
#include "core/secret.h"
#include "sql/migration.h"
#include "sql/transaction.h"

namespace writ {

struct ContentTag {
  static constexpr std::string_view prefix = "cnt_";
};
/// "cnt_" + base64url of HMAC-SHA-256(the subject's id key, bytes): equal bytes of one subject have one id, and the id
/// says nothing to others.
using ContentId = Id<ContentTag>;

namespace content {

inline constexpr std::size_t key_encryption_key_min = 32;  // bytes of full entropy

/// Thread: any; it holds no state but its key. Every call works inside the caller's transaction, so that content and the
/// event that refers to it are committed together.
class ContentStore {
 public:
  /// `key_encryption_key` seals the subjects' keys; `random` must outlive the store.
  /// Errors: invalid (key_too_short).
  [[nodiscard]] static Result<ContentStore> make(const Secret& key_encryption_key, Random& random = system_random());

  /// To append to the owner's list; scope "content".
  [[nodiscard]] static sql::Migrations migrations();

  /// Whether the key fits what is stored; for the start. Errors: conflict (content_key_wrong), with the fix.
  [[nodiscard]] Status check(sql::Reader& reader) const;

  /// Stores the bytes once and gives their id; the subject's keys are made on first use.
  /// Errors: conflict (content_key_wrong), too_large (seal_too_large), those of sql.
  [[nodiscard]] Result<ContentId> put(sql::Transaction& tx, const TenantId& tenant, const Subject& data_subject,
                                      std::string_view bytes) const;

  /// The bytes, or nothing when they were erased or never belonged to this tenant and subject.
  /// Errors: internal (content_tampered), conflict (content_key_wrong), those of sql.
  [[nodiscard]] Result<std::optional<std::string>> get(sql::Reader& reader, const TenantId& tenant,
                                                       const Subject& data_subject, const ContentId& id) const;

  /// Destroys the subject's keys and items; a copy of the file from before still needs the key-encryption key.
  /// Gives the number of items. A later put begins with new keys.
  [[nodiscard]] Result<std::int64_t> erase(sql::Transaction& tx, const TenantId& tenant,
                                           const Subject& data_subject) const;

 private:
  struct SubjectKeys {
    Secret id_key, data_key;
  };
  ContentStore(Secret sealing_key, Random& random) : sealing_key_(std::move(sealing_key)), random_(&random) {}
  [[nodiscard]] Result<SubjectKeys> open_keys(std::string_view sealed, const TenantId& tenant,
                                              const Subject& subject) const;
  [[nodiscard]] Result<std::optional<SubjectKeys>> find_keys(sql::Reader& reader, const TenantId& tenant,
                                                             const Subject& subject) const;
  [[nodiscard]] Result<SubjectKeys> make_keys(sql::Transaction& tx, const TenantId& tenant,
                                              const Subject& subject) const;

  Secret sealing_key_;
  Random* random_;
};

}  // namespace content
}  // namespace writ
