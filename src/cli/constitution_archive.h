// ConstitutionArchive: what a command knows of the constitutions that policy-engine of this data folder accepted.
#pragma once

#include <optional>

#include "app/data_folder.h"
#include "policy/constitution_store.h"

namespace writ::cli {

/// Reads policy's database beside a server that may be running, and writes nothing. Blocks.
class ConstitutionArchive {
 public:
  explicit ConstitutionArchive(const app::DataFolder& data) : database_(data.database("policy")) {}

  /// Empty before the first start. Errors: unavailable (storage_failed, storage_busy).
  [[nodiscard]] Result<policy::ConstitutionHistory> history(std::int64_t limit) const;
  /// The signed document of a version; nothing: of the one in force. Errors: not_found (no_constitution).
  [[nodiscard]] Result<json::object> signed_document(std::optional<std::int64_t> version) const;

 private:
  std::filesystem::path database_;
};

/// The constitution in a signed document. Errors: internal.
[[nodiscard]] Result<json::object> constitution_in(const json::object& signed_document);

}  // namespace writ::cli
