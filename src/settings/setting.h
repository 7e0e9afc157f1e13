// Setting: one row that binds a variable to a member of a settings struct.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "core/secret.h"
#include "schema/field.h"
#include "settings/rule.h"
#include "settings/url.h"

namespace writ::settings {

/// What holds when nothing is set: a text that is parsed like a variable's, or nothing.
class Default {
 public:
  enum class Kind { text, required, unset };
  consteval Default(const char* text) : text_(text) {}
  consteval Default(Kind kind) : kind_(kind) {}
  [[nodiscard]] constexpr Kind kind() const { return kind_; }
  [[nodiscard]] constexpr std::string_view text() const { return text_; }

 private:
  Kind kind_ = Kind::text;
  std::string_view text_;
};
inline constexpr auto required = Default::Kind::required;  // starting without it is a problem
inline constexpr auto unset = Default::Kind::unset;        // for std::optional members and empty lists

template <class M>
struct bare {
  using type = M;
};
template <class M>
struct bare<std::optional<M>> {
  using type = M;
};
template <class M>
using bare_t = typename bare<M>::type;

template <class E>
constexpr auto choice_names() {
  constexpr auto& table = schema::EnumNames<E>::value;
  std::array<std::string_view, table.size()> names{};
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = table[i].second;
  return names;
}
template <class E>
inline constexpr auto choice_names_of = choice_names<E>();

/// Whether a member of this type can hold what the rule reads.
template <class M>
constexpr bool holds(Type type) {
  switch (type) {
    case Type::text: return std::is_same_v<M, std::string>;
    case Type::secret: return std::is_same_v<M, Secret>;
    case Type::flag: return std::is_same_v<M, bool>;
    case Type::integer: return std::is_integral_v<M> && !std::is_same_v<M, bool>;
    case Type::duration: return std::is_same_v<M, Millis> || std::is_same_v<M, Seconds>;
    case Type::size: return std::is_same_v<M, Bytes>;
    case Type::url: return std::is_same_v<M, Url>;
    case Type::path: return std::is_same_v<M, std::filesystem::path>;
    case Type::list: return std::is_same_v<M, std::vector<std::string>>;
    case Type::choice: return std::is_same_v<M, std::string> || schema::HasEnumNames<M>;
  }
  return false;
}

/// A row without the types of its struct and member; what docs, `writ describe` and the catalogue need.
struct SettingInfo {
  std::string_view variable;
  Rule rule;
  Default fallback;
  std::string_view doc;
  std::string_view reason;  // why these bounds
};

template <class Owner, class Member>
struct Setting {
  SettingInfo info;
  Member Owner::* member;
};

/// `setting("WRIT_SLM_QUEUE_DEADLINE", &SlmSettings::queue_deadline, duration(Millis{1}, Seconds{600}), "30s", "…", "…")`.
/// A rule that does not fit the member, or an integer bound that does not fit its type, does not compile.
template <class Owner, class Member>
consteval Setting<Owner, Member> setting(std::string_view variable, Member Owner::* member, Rule rule, Default fallback,
                                         std::string_view doc, std::string_view reason = "") {
  using M = bare_t<Member>;
  if (!holds<M>(rule.type)) throw "the rule does not fit the member's type";
  if (fallback.kind() == Default::Kind::unset && std::is_same_v<M, Member> && rule.type != Type::list)
    throw "a setting that may be unset is an optional or a list";
  if (doc.empty()) throw "a setting says what it is for";
  if constexpr (std::is_integral_v<M> && !std::is_same_v<M, bool>) {
    if (!std::in_range<M>(rule.min) || !std::in_range<M>(rule.max)) throw "the member cannot hold the bounds";
  }
  if constexpr (std::is_same_v<M, Seconds>) {
    rule.step = Millis{Seconds{1}}.count();
    rule.min = (rule.min + rule.step - 1) / rule.step * rule.step;
    rule.max = rule.max / rule.step * rule.step;
  }
  if constexpr (schema::HasEnumNames<M>) rule.choices = choice_names_of<M>;
  return {{variable, rule, fallback, doc, reason}, member};
}

template <class T>
concept HasSettings = requires { T::settings(); };

template <HasSettings T>
[[nodiscard]] std::vector<SettingInfo> rows_of() {
  return std::apply([](const auto&... row) { return std::vector<SettingInfo>{row.info...}; }, T::settings());
}

}  // namespace writ::settings
