// Whole numbers in the JSON that commands show.
#pragma once

#include "core/json.h"

namespace writ::cli {

/// 0 when the member is absent or no whole number.
inline std::int64_t number_at(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  const auto* number = value == nullptr ? nullptr : value->if_int64();
  return number == nullptr ? 0 : *number;
}

}  // namespace writ::cli
