#include "schema/codec.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "core/encoding.h"

namespace writ::schema {
namespace {

// The number a path or query text stands for, if it is one, whole.
template <class N>
std::optional<N> number_in(std::string_view text) {
  N out{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

}  // namespace

std::string Place::pointer() const {
  if (outer_ == nullptr) return {};
  const auto outer = outer_->pointer();
  return index_ ? outer + "/" + std::to_string(*index_) : pointer_to(outer, name_);
}

void Decoder::read(const json::value& v, const Place& at, std::string& out, const Text& rule) {
  const auto* s = v.if_string();
  if (s == nullptr) return problem(at, "must be a string");
  if (s->size() < rule.min || s->size() > rule.max)
    return problem(at, rule.min == rule.max ? fmt::format("must be {} bytes long", rule.min)
                                            : fmt::format("must be {} to {} bytes long", rule.min, rule.max));
  if (!is_utf8(view(*s))) return problem(at, "must be UTF-8");
  out.assign(s->data(), s->size());
}

void Decoder::read(const json::value& v, const Place& at, std::int64_t& out, const Number& rule) {
  std::optional<std::int64_t> n;
  if (const auto* i = v.if_int64()) n = *i;
  else if (const auto* d = v.if_double(); d != nullptr && *d == std::trunc(*d) && std::abs(*d) < 9.0e15)
    n = static_cast<std::int64_t>(*d);  // 1e3 and 5.0 are integers in JSON Schema
  else if (options_.scalars == Scalars::text && v.is_string()) n = number_in<std::int64_t>(view(v.get_string()));
  if (!n) return problem(at, "must be an integer");
  if (*n < rule.min || *n > rule.max) return problem(at, fmt::format("must be {} to {}", rule.min, rule.max));
  out = *n;
}

void Decoder::read(const json::value& v, const Place& at, double& out, const Real& rule) {
  std::optional<double> n;
  if (v.is_number()) n = v.to_number<double>();
  else if (options_.scalars == Scalars::text && v.is_string()) n = number_in<double>(view(v.get_string()));
  if (!n) return problem(at, "must be a number");
  if (!(*n >= rule.min && *n <= rule.max)) return problem(at, fmt::format("must be {} to {}", rule.min, rule.max));
  out = *n;
}

void Decoder::read(const json::value& v, const Place& at, bool& out) {
  if (const auto* b = v.if_bool()) {
    out = *b;
  } else if (options_.scalars == Scalars::text && v.is_string() &&
             (v.get_string() == "true" || v.get_string() == "false")) {
    out = v.get_string() == "true";
  } else {
    problem(at, "must be true or false");
  }
}

void Decoder::read(const json::value& v, const Place& at, WallTime& out) {
  const auto* s = v.if_string();
  auto time = parse_rfc3339(s == nullptr ? std::string_view() : view(*s));
  if (!time) return problem(at, "must be an RFC 3339 time in UTC, such as 2026-01-31T12:00:00Z");
  out = *time;
}

void Decoder::read(const json::value& v, const Place& at, json::object& out) {
  if (const auto* o = v.if_object()) out = *o;
  else problem(at, "must be an object");
}

void describe_rule(json::object&, const Any&) {}
void describe_rule(json::object& schema, const Text& rule) {
  schema["minLength"] = rule.min;
  schema["maxLength"] = rule.max;
}
void describe_rule(json::object& schema, const Number& rule) {
  if (rule.min != std::numeric_limits<std::int64_t>::min()) schema["minimum"] = rule.min;
  if (rule.max != std::numeric_limits<std::int64_t>::max()) schema["maximum"] = rule.max;
}
void allow_null(json::object& schema) {
  if (auto* type = schema.if_contains("type"); type != nullptr && type->is_string()) *type = json::array{*type, "null"};
  if (auto* names = schema.if_contains("enum")) names->as_array().push_back(nullptr);
}
void describe_rule(json::object& schema, const Real& rule) {
  schema["minimum"] = rule.min;
  schema["maximum"] = rule.max;
}

}  // namespace writ::schema
