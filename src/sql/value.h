// What goes into a statement and what comes out of a row, the same for every driver.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "core/assert.h"
#include "core/clock.h"
#include "core/id.h"
#include "core/units.h"

namespace writ::sql {

/// Bytes that are not text.
struct Blob {
  std::string bytes;
  bool operator==(const Blob&) const = default;
};
/// Binds bytes as a blob without a copy.
struct BlobView {
  std::string_view bytes;
};

using Value = std::variant<std::monostate, std::int64_t, double, std::string, Blob>;
/// A bound argument; views must live until the statement returns.
using Param = std::variant<std::monostate, std::int64_t, double, std::string_view, BlobView>;

template <class T>
struct IsId : std::false_type {};
template <class Tag>
struct IsId<Id<Tag>> : std::true_type {};
template <class T>
struct IsAmount : std::false_type {};
template <class Unit>
struct IsAmount<Amount<Unit>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class>
inline constexpr bool no_such_type = false;

/// bool → 0/1, integers and Amount → integer, WallTime → unix milliseconds, Id and text → text, Blob → blob,
/// optional → its value or NULL.
template <class T>
[[nodiscard]] Param to_param(const T& value) {
  if constexpr (std::is_same_v<T, std::nullopt_t>) {
    return std::monostate{};
  } else if constexpr (IsOptional<T>::value) {
    return value ? to_param(*value) : Param(std::monostate{});
  } else if constexpr (std::is_same_v<T, bool>) {
    return std::int64_t{value ? 1 : 0};
  } else if constexpr (std::integral<T>) {
    WRIT_ASSERT(std::in_range<std::int64_t>(value), "a bound integer fits into 64 signed bits");
    return static_cast<std::int64_t>(value);
  } else if constexpr (std::floating_point<T>) {
    return static_cast<double>(value);
  } else if constexpr (IsAmount<T>::value) {
    return value.value;
  } else if constexpr (IsId<T>::value) {
    return std::string_view(value.str());
  } else if constexpr (std::is_same_v<T, WallTime>) {
    return static_cast<std::int64_t>(value.time_since_epoch().count());
  } else if constexpr (std::is_same_v<T, Blob>) {
    return BlobView{value.bytes};
  } else if constexpr (std::is_same_v<T, BlobView>) {
    return value;
  } else if constexpr (std::convertible_to<const T&, std::string_view>) {
    return std::string_view(value);
  } else {
    static_assert(no_such_type<T>, "this type cannot be bound: see to_param");
  }
}

/// One row of a result; it owns its values. Columns count from 0.
/// Asking for another type than the column has, or for a NULL without std::optional, is a bug of the statement
/// (tables are STRICT) and stops the process.
class Row {
 public:
  explicit Row(std::vector<Value> values) : values_(std::move(values)) {}

  [[nodiscard]] std::size_t size() const { return values_.size(); }
  [[nodiscard]] bool is_null(std::size_t column) const { return std::holds_alternative<std::monostate>(at(column)); }

  /// T: bool, an integer, double, std::string, std::string_view (into this row), Id, Amount, WallTime, Blob, BlobView,
  /// or std::optional of one of these.
  template <class T>
  [[nodiscard]] T get(std::size_t column) const {
    if constexpr (IsOptional<T>::value) {
      if (is_null(column)) return std::nullopt;
      return get<typename T::value_type>(column);
    } else if constexpr (std::is_same_v<T, bool>) {
      return of<std::int64_t>(column) != 0;
    } else if constexpr (std::integral<T>) {
      const auto value = of<std::int64_t>(column);
      WRIT_ASSERT(std::in_range<T>(value), "the column's integer fits the type it is read as");
      return static_cast<T>(value);
    } else if constexpr (std::floating_point<T>) {
      return static_cast<T>(of<double>(column));
    } else if constexpr (IsAmount<T>::value) {
      return T{of<std::int64_t>(column)};
    } else if constexpr (std::is_same_v<T, WallTime>) {
      return WallTime{Millis{of<std::int64_t>(column)}};
    } else if constexpr (std::is_same_v<T, Blob>) {
      return of<Blob>(column);
    } else if constexpr (std::is_same_v<T, BlobView>) {
      return BlobView{of<Blob>(column).bytes};
    } else {
      return T(of<std::string>(column));  // std::string, std::string_view, Id
    }
  }

  /// The first columns at once: `const auto [seq, type] = row.as<std::int64_t, std::string>();`
  template <class... Ts>
  [[nodiscard]] std::tuple<Ts...> as() const {
    return [this]<std::size_t... I>(std::index_sequence<I...>) {
      return std::tuple<Ts...>(this->template get<Ts>(I)...);
    }(std::index_sequence_for<Ts...>());
  }

 private:
  [[nodiscard]] const Value& at(std::size_t column) const {
    WRIT_ASSERT(column < values_.size(), "the statement selects the column that is read");
    return values_[column];
  }
  template <class T>
  [[nodiscard]] const T& of(std::size_t column) const {
    const auto* value = std::get_if<T>(&at(column));
    WRIT_ASSERT(value != nullptr, "the column has the type it is read as");
    return *value;
  }

  std::vector<Value> values_;
};

}  // namespace writ::sql
