// Strong identifiers: prefix + UUIDv7 in base32 (`run_…`), so that ids sort by time and never mix up.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>

#include "core/clock.h"

namespace writ {

/// A string of one kind. `Tag::prefix` begins every id that make_id() gives; an empty prefix means a chosen name.
template <class Tag>
class Id {
 public:
  static constexpr std::string_view prefix = Tag::prefix;
  Id() = default;
  explicit Id(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] const std::string& str() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  auto operator<=>(const Id&) const = default;

 private:
  std::string text_;
};

struct TenantTag {
  static constexpr std::string_view prefix = "";
};
struct SubjectTag {
  static constexpr std::string_view prefix = "";
};
struct SessionTag {
  static constexpr std::string_view prefix = "ses_";
};
struct RunTag {
  static constexpr std::string_view prefix = "run_";
};
struct DecisionTag {
  static constexpr std::string_view prefix = "dec_";
};
struct ReservationTag {
  static constexpr std::string_view prefix = "rsv_";
};
struct ReviewTag {
  static constexpr std::string_view prefix = "rev_";
};
struct CallTag {
  static constexpr std::string_view prefix = "call_";
};
struct KeyTag {
  static constexpr std::string_view prefix = "key_";
};

using TenantId = Id<TenantTag>;    // chosen at creation, such as "local"
using Subject = Id<SubjectTag>;    // a principal's stable name within its tenant, such as "dev" or "svc:gateway"
using SessionId = Id<SessionTag>;
using RunId = Id<RunTag>;
using DecisionId = Id<DecisionTag>;
using ReservationId = Id<ReservationTag>;
using ReviewId = Id<ReviewTag>;
using CallId = Id<CallTag>;
using KeyId = Id<KeyTag>;

/// 26 characters of Crockford base32 (lower case): 48 bits of milliseconds, version, 74 random bits.
[[nodiscard]] std::string uuid7_base32(WallTime now, Random& random);

template <class I>
[[nodiscard]] I make_id(WallTime now = system_clock().now(), Random& random = system_random()) {
  return I(std::string(I::prefix) + uuid7_base32(now, random));
}

}  // namespace writ

template <class Tag>
struct std::hash<writ::Id<Tag>> {
  std::size_t operator()(const writ::Id<Tag>& id) const noexcept { return std::hash<std::string>{}(id.str()); }
};
