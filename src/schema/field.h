// Field tables: one row per member of a wire type gives decoding, validation, encoding, JSON Schema and documentation.
//
//   struct CreateSession {
//     std::string prompt;
//     std::optional<std::string> model;
//     static constexpr auto fields() {
//       return std::tuple(field("prompt", &CreateSession::prompt, text(1, 65536), "What the person asks."),
//                         field("model", &CreateSession::model, text(1, 128), "Model id; the capsule's when absent."));
//     }
//   };
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>
#include <tuple>

namespace writ::schema {

/// No bound beyond the type's own.
struct Any {};
/// Length in bytes of UTF-8, inclusive.
struct Text {
  std::size_t min = 0;
  std::size_t max = 0;
};
/// Inclusive bounds; for amounts, in the amount's unit.
struct Number {
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};
struct Real {
  double min = 0;
  double max = 0;
};
/// How many items, inclusive, and the rule of each.
template <class Item = Any>
struct List {
  std::size_t min = 0;
  std::size_t max = 0;
  Item item{};
};

consteval Text text(std::size_t min, std::size_t max) { return {min, max}; }
consteval Number number(std::int64_t min, std::int64_t max) { return {min, max}; }
consteval Real real(double min, double max) { return {min, max}; }
template <class Item = Any>
consteval List<Item> list(std::size_t min, std::size_t max, Item item = {}) {
  return {min, max, item};
}
inline constexpr Any any{};
/// Names made by people or by us: principals, capsules, models, ids.
inline constexpr Text name_text{1, 256};

/// Whether the member may be absent; then it keeps its default. An std::optional member may always be absent.
enum class Presence { required, defaulted };

template <class Owner, class Member, class Rule>
struct Field {
  std::string_view name;
  Member Owner::* member;
  Rule rule;
  std::string_view doc;
  Presence presence = Presence::required;
};

template <class Owner, class Member, class Rule>
constexpr Field<Owner, Member, Rule> field(std::string_view name, Member Owner::* member, Rule rule,
                                           std::string_view doc) {
  return {name, member, rule, doc, Presence::required};
}
/// As field(), but absent means the member's default value.
template <class Owner, class Member, class Rule>
constexpr Field<Owner, Member, Rule> field_or_default(std::string_view name, Member Owner::* member, Rule rule,
                                                      std::string_view doc) {
  return {name, member, rule, doc, Presence::defaulted};
}

template <class T>
concept HasFields = requires { T::fields(); };

/// Names of an enum on the wire: specialise as `template <> struct schema::EnumNames<E> { static constexpr auto value =
/// std::array{std::pair{E::a, std::string_view("a")}, …}; };`
template <class E>
struct EnumNames;
template <class E>
concept HasEnumNames = requires { EnumNames<E>::value; };

template <HasEnumNames E>
constexpr std::string_view name_of(E e) {
  for (const auto& [value, name] : EnumNames<E>::value)
    if (value == e) return name;
  return "";
}

}  // namespace writ::schema
