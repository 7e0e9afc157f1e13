// Decoding with all problems at once, encoding, and JSON Schema, from a type's field table.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "core/clock.h"
#include "core/id.h"
#include "core/json.h"
#include "core/units.h"
#include "schema/field.h"

namespace writ::schema {

enum class Unknown { reject, ignore };  // fields that the table does not name
enum class Scalars { json, text };      // `text`: path and query parameters, where "12" is a number

struct DecodeOptions {
  Unknown unknown = Unknown::reject;
  Scalars scalars = Scalars::json;
};

/// A place in a document. It becomes a JSON pointer (RFC 6901) only when there is a problem to tell of.
class Place {
 public:
  Place() = default;  // the whole document
  /// Both refer to the outer place, which must outlive them; the first to the name too.
  Place(const Place& outer, std::string_view name) : outer_(&outer), name_(name) {}
  Place(const Place& outer, std::size_t index) : outer_(&outer), index_(index) {}
  [[nodiscard]] std::string pointer() const;

 private:
  const Place* outer_ = nullptr;
  std::string_view name_;
  std::optional<std::size_t> index_;
};

/// Collects problems at JSON pointers while one document is decoded.
class Decoder {
 public:
  explicit Decoder(DecodeOptions options) : options_(options) {}
  void problem(const Place& at, std::string message) { problems_.push_back({at.pointer(), std::move(message)}); }
  [[nodiscard]] const DecodeOptions& options() const { return options_; }
  [[nodiscard]] std::vector<Problem> take_problems() { return std::move(problems_); }

  void read(const json::value& v, const Place& at, std::string& out, const Text& rule);
  void read(const json::value& v, const Place& at, std::int64_t& out, const Number& rule);
  void read(const json::value& v, const Place& at, double& out, const Real& rule);
  void read(const json::value& v, const Place& at, bool& out);
  void read(const json::value& v, const Place& at, WallTime& out);
  void read(const json::value& v, const Place& at, json::object& out);

 private:
  DecodeOptions options_;
  std::vector<Problem> problems_;
};

// What each rule says in JSON Schema, merged into the type's own schema.
void describe_rule(json::object& schema, const Any& rule);
void describe_rule(json::object& schema, const Text& rule);
void describe_rule(json::object& schema, const Number& rule);
void describe_rule(json::object& schema, const Real& rule);
/// What an optional member takes: also null, which means absent.
void allow_null(json::object& schema);

template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};
template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};
template <class T>
struct is_id : std::false_type {};
template <class Tag>
struct is_id<Id<Tag>> : std::true_type {};
template <class T>
struct is_amount : std::false_type {};
template <class Unit>
struct is_amount<Amount<Unit>> : std::true_type {};
using TextMap = std::map<std::string, std::string>;

/// Text bounds where the rule is Any: generous, but never without a limit.
inline constexpr Text default_text{0, 1U << 20U};

template <class Rule>
constexpr Text text_rule(const Rule& rule) {
  if constexpr (std::is_same_v<Rule, Text>) return rule;
  else return default_text;
}
template <class Rule>
constexpr Number number_rule(const Rule& rule) {
  if constexpr (std::is_same_v<Rule, Number>) return rule;
  else return {};
}

template <class T>
void read_fields(Decoder& d, const json::value& v, const Place& at, T& out);

template <class T, class Rule>
void read_value(Decoder& d, const json::value& v, const Place& at, T& out, const Rule& rule) {
  if constexpr (is_optional<T>::value) {
    if (v.is_null()) return out.reset();
    read_value(d, v, at, out.emplace(), rule);
  } else if constexpr (std::is_same_v<T, std::string>) {
    d.read(v, at, out, text_rule(rule));
  } else if constexpr (is_id<T>::value) {
    std::string text;
    d.read(v, at, text, std::is_same_v<Rule, Text> ? text_rule(rule) : name_text);
    if (!T::prefix.empty() && !text.empty() && !text.starts_with(T::prefix))
      d.problem(at, "must begin with " + std::string(T::prefix));
    out = T(std::move(text));
  } else if constexpr (std::is_same_v<T, bool>) {
    d.read(v, at, out);
  } else if constexpr (std::is_integral_v<T>) {
    std::int64_t wide = 0;
    auto bounds = number_rule(rule);
    if constexpr (sizeof(T) < sizeof(std::int64_t) || std::is_unsigned_v<T>) {
      bounds.min = std::max<std::int64_t>(bounds.min, static_cast<std::int64_t>(std::numeric_limits<T>::min()));
      if constexpr (sizeof(T) < sizeof(std::int64_t))
        bounds.max = std::min<std::int64_t>(bounds.max, static_cast<std::int64_t>(std::numeric_limits<T>::max()));
    }
    d.read(v, at, wide, bounds);
    out = static_cast<T>(wide);
  } else if constexpr (is_amount<T>::value) {
    d.read(v, at, out.value, number_rule(rule));
  } else if constexpr (std::is_same_v<T, double>) {
    if constexpr (std::is_same_v<Rule, Real>) d.read(v, at, out, rule);
    else d.read(v, at, out, Real{std::numeric_limits<double>::lowest(), std::numeric_limits<double>::max()});
  } else if constexpr (std::is_same_v<T, WallTime>) {
    d.read(v, at, out);
  } else if constexpr (std::is_same_v<T, Millis>) {
    std::int64_t count = 0;
    d.read(v, at, count, number_rule(rule));
    out = Millis{count};
  } else if constexpr (std::is_same_v<T, json::value>) {
    out = v;
  } else if constexpr (std::is_same_v<T, json::object>) {
    d.read(v, at, out);
  } else if constexpr (std::is_same_v<T, json::array>) {
    if (const auto* a = v.if_array()) out = *a;
    else d.problem(at, "must be an array");
  } else if constexpr (std::is_same_v<T, TextMap>) {
    json::object object;
    d.read(v, at, object);
    for (const auto& member : object)
      d.read(member.value(), Place(at, std::string_view(member.key())), out[std::string(member.key())],
             text_rule(rule));
  } else if constexpr (HasEnumNames<T>) {
    std::string text, names;
    d.read(v, at, text, default_text);
    for (const auto& [value, name] : EnumNames<T>::value) {
      if (name == text) {
        out = value;
        return;
      }
      names += (names.empty() ? "" : ", ") + std::string(name);
    }
    if (v.is_string()) d.problem(at, "must be one of " + names);
  } else if constexpr (is_vector<T>::value) {
    const auto* array = v.if_array();
    if (array == nullptr) return d.problem(at, "must be an array");
    if constexpr (requires { rule.item; }) {
      if (array->size() < rule.min || array->size() > rule.max)
        return d.problem(at, "must have " + std::to_string(rule.min) + " to " + std::to_string(rule.max) + " items");
    }
    for (std::size_t i = 0; i < array->size(); ++i) {
      auto& item = out.emplace_back();
      if constexpr (requires { rule.item; }) read_value(d, (*array)[i], Place(at, i), item, rule.item);
      else read_value(d, (*array)[i], Place(at, i), item, Any{});
    }
  } else {
    static_assert(HasFields<T>, "this type has no codec: give it fields() or EnumNames");
    read_fields(d, v, at, out);
  }
}

template <class T>
void read_fields(Decoder& d, const json::value& v, const Place& at, T& out) {
  const auto* object = v.if_object();
  if (object == nullptr) return d.problem(at, "must be an object");
  std::size_t known = 0;
  const auto read_one = [&](const auto& f) {
    const Place here(at, f.name);
    using Member = std::remove_cvref_t<decltype(out.*(f.member))>;
    if (const auto* value = object->if_contains(f.name)) {
      ++known;
      read_value(d, *value, here, out.*(f.member), f.rule);
    } else if (f.presence == Presence::required && !is_optional<Member>::value) {
      d.problem(here, "is required");
    }
  };
  std::apply([&](const auto&... f) { (read_one(f), ...); }, T::fields());
  if (d.options().unknown == Unknown::reject && known != object->size()) {
    for (const auto& member : *object) {
      const bool listed = std::apply(
          [&](const auto&... f) { return ((f.name == std::string_view(member.key())) || ...); }, T::fields());
      if (!listed) d.problem(Place(at, std::string_view(member.key())), "is not a known field");
    }
  }
}

/// Decodes a document. Errors: invalid (invalid_request) with every problem at its JSON pointer.
template <class T>
[[nodiscard]] Result<T> decode(const json::value& document, DecodeOptions options = {}) {
  Decoder d(options);
  T out{};
  read_value(d, document, Place(), out, Any{});
  if (auto problems = d.take_problems(); !problems.empty())
    return fail(invalid("invalid_request", "the request does not match its schema", std::move(problems)));
  return out;
}

/// The value's memory comes from `storage`.
template <class T>
[[nodiscard]] json::value encode(const T& in, const json::storage_ptr& storage = {}) {
  if constexpr (is_optional<T>::value) {
    return in ? encode(*in, storage) : json::value(nullptr, storage);
  } else if constexpr (std::is_same_v<T, std::string>) {
    return json::value(json::string_view(in.data(), in.size()), storage);
  } else if constexpr (is_id<T>::value) {
    return json::value(in.str(), storage);
  } else if constexpr (is_amount<T>::value) {
    return json::value(in.value, storage);
  } else if constexpr (std::is_arithmetic_v<T>) {
    return json::value(in, storage);
  } else if constexpr (std::is_same_v<T, WallTime>) {
    return json::value(to_rfc3339(in), storage);
  } else if constexpr (std::is_same_v<T, Millis>) {
    return json::value(in.count(), storage);
  } else if constexpr (std::is_same_v<T, json::value> || std::is_same_v<T, json::object> ||
                       std::is_same_v<T, json::array>) {
    return json::value(in, storage);
  } else if constexpr (std::is_same_v<T, TextMap>) {
    json::object out(storage);
    for (const auto& [key, value] : in) out[key] = value;
    return out;
  } else if constexpr (HasEnumNames<T>) {
    return json::value(name_of(in), storage);
  } else if constexpr (is_vector<T>::value) {
    json::array out(storage);
    out.reserve(in.size());
    for (const auto& item : in) out.push_back(encode(item, storage));
    return out;
  } else {
    static_assert(HasFields<T>, "this type has no codec: give it fields() or EnumNames");
    json::object out(storage);
    out.reserve(std::tuple_size_v<decltype(T::fields())>);
    const auto put = [&](const auto& f) {
      const auto& member = in.*(f.member);
      if constexpr (is_optional<std::remove_cvref_t<decltype(member)>>::value) {
        if (!member) return;  // absent, not null
      }
      out.emplace(f.name, encode(member, storage));
    };
    std::apply([&](const auto&... f) { (put(f), ...); }, T::fields());
    return out;
  }
}

/// JSON Schema (2020-12) of a type.
template <class T, class Rule = Any>
[[nodiscard]] json::object describe(const Rule& rule = {}) {
  json::object out;
  if constexpr (is_optional<T>::value) {
    out = describe<typename T::value_type>(rule);
    allow_null(out);
  } else if constexpr (std::is_same_v<T, std::string>) {
    out["type"] = "string";
    describe_rule(out, rule);
  } else if constexpr (is_id<T>::value) {
    out["type"] = "string";
    describe_rule(out, std::is_same_v<Rule, Text> ? text_rule(rule) : name_text);
    if (!T::prefix.empty()) out["pattern"] = "^" + std::string(T::prefix);
  } else if constexpr (std::is_same_v<T, bool>) {
    out["type"] = "boolean";
  } else if constexpr (std::is_integral_v<T> || is_amount<T>::value || std::is_same_v<T, Millis>) {
    out["type"] = "integer";
    describe_rule(out, rule);
  } else if constexpr (std::is_same_v<T, double>) {
    out["type"] = "number";
    describe_rule(out, rule);
  } else if constexpr (std::is_same_v<T, WallTime>) {
    out["type"] = "string";
    out["format"] = "date-time";
  } else if constexpr (std::is_same_v<T, json::object>) {
    out["type"] = "object";
  } else if constexpr (std::is_same_v<T, json::array>) {
    out["type"] = "array";
  } else if constexpr (std::is_same_v<T, json::value>) {
    // Any JSON value.
  } else if constexpr (std::is_same_v<T, TextMap>) {
    out["type"] = "object";
    json::object value{{"type", "string"}};
    describe_rule(value, rule);
    out["additionalProperties"] = std::move(value);
  } else if constexpr (HasEnumNames<T>) {
    out["type"] = "string";
    json::array names;
    for (const auto& [value, name] : EnumNames<T>::value) names.push_back(json::value(name));
    out["enum"] = std::move(names);
  } else if constexpr (is_vector<T>::value) {
    out["type"] = "array";
    if constexpr (requires { rule.item; }) {
      out["items"] = describe<typename T::value_type>(rule.item);
      out["minItems"] = rule.min;
      out["maxItems"] = rule.max;
    } else {
      out["items"] = describe<typename T::value_type>();
    }
  } else {
    static_assert(HasFields<T>, "this type has no codec: give it fields() or EnumNames");
    json::object properties;
    json::array required;
    const auto row = [&](const auto& f) {
      using Member = std::remove_cvref_t<decltype(std::declval<T&>().*(f.member))>;
      auto schema = describe<Member>(f.rule);
      schema["description"] = f.doc;
      properties[f.name] = std::move(schema);
      if (f.presence == Presence::required && !is_optional<Member>::value) required.push_back(json::value(f.name));
    };
    std::apply([&](const auto&... f) { (row(f), ...); }, T::fields());
    out = {{"type", "object"},
           {"properties", std::move(properties)},
           {"required", std::move(required)},
           {"additionalProperties", false}};
  }
  return out;
}

/// The names of a type's fields, in order.
template <HasFields T>
[[nodiscard]] std::vector<std::string_view> field_names() {
  return std::apply([](const auto&... f) { return std::vector<std::string_view>{f.name...}; }, T::fields());
}

}  // namespace writ::schema
