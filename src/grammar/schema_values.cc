// Numbers, lengths, texts and constants of a schema, and what of its properties can be counted upon.
#include <cmath>
#include <set>

#include "grammar/pattern.h"
#include "grammar/schema_reader.h"

namespace writ::grammar {
namespace {

std::string shown(std::string_view text) {
  constexpr std::size_t most = 64;
  return text.size() <= most ? std::string(text) : std::string(text.substr(0, most)) + "…";
}

json::value plain_number(double number) {
  if (number == std::trunc(number)) return static_cast<std::int64_t>(number);
  return number;
}

}  // namespace

bool is_spelt(std::string_view text) {
  return std::ranges::none_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == 0x7F || (byte < 0x20 && std::string_view("\b\t\n\f\r").find(c) == std::string_view::npos);
  });
}

/// A number that the engine's ranges hold exactly.
std::optional<double> SchemaReader::number_of(const json::value& value, const std::string& pointer) {
  boost::system::error_code error;
  const auto number = value.is_number() ? value.to_number<double>(error) : 0;
  if (!value.is_number() || error) {
    complain(pointer, "must be a number");
    return std::nullopt;
  }
  if (!std::isfinite(number) || std::abs(number) > static_cast<double>(limit::number.most)) {
    complain(pointer, fmt::format("is beyond {} {}", limit::number.most, limit::number.unit));
    return std::nullopt;
  }
  const auto text = fmt::format("{}", number);  // the shortest that reads back as this number
  const auto point = text.find('.');
  const auto digits = point == std::string::npos ? 0 : text.size() - point - 1;
  const bool whole = number == std::trunc(number);
  if (!whole && (text.find('e') != std::string::npos || digits > limit::decimals.most)) {
    complain(pointer, fmt::format("has more than {} {}", limit::decimals.most, limit::decimals.unit));
    return std::nullopt;
  }
  return number;
}

void SchemaReader::convert_number(std::string_view key, const json::value& value, const std::string& pointer,
                                  const json::object& given, json::object& out) {
  if (value.is_bool() && key.starts_with("exclusive")) {  // draft 4: it says how minimum and maximum are meant
    const auto* bound = given.if_contains(key == "exclusiveMinimum" ? "minimum" : "maximum");
    if (!value.get_bool() || bound == nullptr) return;
    if (const auto number = number_of(*bound, pointer)) out[key] = plain_number(*number);
    return;
  }
  const auto number = number_of(value, pointer);
  if (!number) return;
  if (key == "multipleOf") {
    if (*number <= 0) return complain(pointer, "must be above 0");
    auto text = fmt::format("{}", plain_number(*number).is_int64() ? std::trunc(*number) : *number);
    std::erase(text, '.');
    const auto whole = *number == std::trunc(*number) ? *number : std::stod(text);
    if (whole > static_cast<double>(limit::multiple_of.most))
      return complain(pointer, fmt::format("is beyond {} {}", limit::multiple_of.most, limit::multiple_of.unit));
    multiples_ *= whole;
    constexpr double together = 1e9;  // their least common multiple must stay a 32-bit number
    if (multiples_ > together)
      return complain(pointer, "makes, with the other multipleOf, too large a common multiple");
  }
  out[key] = plain_number(*number);
}

void SchemaReader::convert_length(std::string_view key, const json::value& value, const std::string& pointer,
                                  json::object& out) {
  boost::system::error_code error;
  const auto number = value.is_number() ? value.to_number<double>(error) : -1;
  if (error || number < 0 || number != std::trunc(number))
    return complain(pointer, "must be a whole number, 0 or more");
  if (number > static_cast<double>(limit::length.most))
    return complain(pointer, fmt::format("is beyond the limit of {} {}", limit::length.most, limit::length.unit));
  out[key] = static_cast<std::int64_t>(number);
}

/// pattern and format: both become patterns, and both must hold.
void SchemaReader::convert_texts(const json::object& given, const std::string& pointer, json::object& out) {
  std::vector<std::string> patterns;
  if (const auto* value = given.if_contains("pattern")) {
    const auto here = pointer + "/pattern";
    if (!value->is_string()) return complain(here, "must be a text");
    const auto pattern = enforced_pattern(view(value->get_string()));
    if (!pattern) return complain(here, "the pattern " + pattern.error().message);
    patterns.push_back(*pattern);
  }
  const auto* format = given.if_contains("format");
  const auto* type = given.if_contains("type");
  // A format is about texts; on a number it is somebody's annotation ("int32").
  const bool about_text = type == nullptr || !type->is_string() || *type == "string";
  if (format != nullptr && about_text) {
    const auto here = pointer + "/format";
    if (!format->is_string()) return complain(here, "must be a text");
    const auto pattern = pattern_of_format(view(format->get_string()));
    if (pattern.empty())
      return complain(here, fmt::format("the format {} cannot be enforced", shown(view(format->get_string()))));
    const auto enforced = enforced_pattern(pattern);
    if (!enforced) return complain(here, "the format's pattern " + enforced.error().message);
    patterns.push_back(*enforced);
  }
  if (patterns.empty()) return;
  out["pattern"] = patterns[0];
  if (patterns.size() < 2) return;
  if (!out.contains("allOf")) out["allOf"] = json::array{};
  out["allOf"].as_array().push_back(json::object{{"$comment", at_ + pointer}, {"pattern", patterns[1]}});
}

void SchemaReader::convert_constant(std::string_view key, const json::value& value, const std::string& pointer,
                                    json::object& out) {
  if (key == "enum") {
    const auto* values = value.if_array();
    if (values == nullptr || values->empty()) return complain(pointer, "must be a list of one value or more");
    if (!count(enum_values_, values->size(), limit::enum_values, pointer)) return;
    for (std::size_t i = 0; i < values->size(); ++i) check_constant((*values)[i], fmt::format("{}/{}", pointer, i));
  } else {
    check_constant(value, pointer);
  }
  out[key] = value;
}

void SchemaReader::check_constant(const json::value& value, const std::string& pointer) {
  if (value.is_number()) {
    (void)number_of(value, pointer);
  } else if (const auto* text = value.if_string()) {
    if (!is_spelt(view(*text))) complain(pointer, "has a control character, which answers do not spell");
  } else if (const auto* list = value.if_array()) {
    for (const auto& item : *list) check_constant(item, pointer);
  } else if (const auto* object = value.if_object()) {
    for (const auto& [name, item] : *object) {
      if (!is_spelt(name)) complain(pointer, "has a name with a control character, which answers do not spell");
      check_constant(item, pointer);
    }
  }
}

/// Readers round numbers: what is just beside an exclusive bound may become it, so numbers keep a distance that survives.
void SchemaReader::keep_off_bounds(json::object& out) {
  for (const bool least : {true, false}) {
    const auto* exclusive = out.if_contains(least ? "exclusiveMinimum" : "exclusiveMaximum");
    if (exclusive == nullptr) continue;
    const auto bound = exclusive->to_number<double>();
    const auto size = std::abs(bound);
    const double distance = size < 1e6 ? 1e-9 : size < 1e12 ? 1e-3 : 1;
    auto kept = least ? bound + distance : bound - distance;
    const auto* inclusive = out.if_contains(least ? "minimum" : "maximum");
    if (inclusive != nullptr) {
      const auto given = inclusive->to_number<double>();
      kept = least ? std::max(kept, given) : std::min(kept, given);
    }
    out.erase(least ? "exclusiveMinimum" : "exclusiveMaximum");
    out[least ? "minimum" : "maximum"] = plain_number(kept);
  }
}

/// A number without bounds could have any exponent, and 1e999 is no number that a reader has. One of many digits loses its
/// fraction, and with it what it is a multiple of.
void SchemaReader::bound_numbers(json::object& out) {
  const auto* type = out.if_contains("type");
  const auto is_number = [](const json::value& name) { return name == "number" || name == "integer"; };
  bool may_be = false;
  if (type != nullptr && type->is_array()) may_be = std::ranges::any_of(type->get_array(), is_number);
  else if (type != nullptr) may_be = is_number(*type);
  else
    may_be = std::ranges::any_of(out, [](const auto& member) {
      const std::string_view key = member.key();
      return key != "$comment" && !one_of(key, in_place_keywords);
    });
  if (!may_be) return;
  if (type == nullptr || *type != "integer") keep_off_bounds(out);
  auto most = static_cast<std::int64_t>(limit::number.most);
  if (const auto* multiple = out.if_contains("multipleOf"); multiple != nullptr && multiple->is_double()) {
    const auto text = fmt::format("{}", multiple->get_double());
    const auto point = text.find('.');
    const auto decimals = point == std::string::npos ? std::size_t{9} : text.size() - point - 1;
    for (std::size_t i = 0; i < decimals; ++i) most /= 10;
  }
  if (!out.contains("minimum") && !out.contains("exclusiveMinimum")) out["minimum"] = -most;
  if (!out.contains("maximum") && !out.contains("exclusiveMaximum")) out["maximum"] = most;
}

/// An answer may repeat a free name, which then counts once: only named properties can be counted upon.
void SchemaReader::check_object(const json::object& given, const std::string& pointer) {
  std::set<std::string_view> required;
  if (const auto* value = given.if_contains("required")) {
    const auto* names = value->if_array();
    if (names == nullptr || !std::ranges::all_of(*names, [](const json::value& name) { return name.is_string(); })) {
      // Draft 3 and OpenAPI 2 wrote a boolean at the property.
      return complain(pointer + "/required", "must be a list of names");
    }
    if (names->size() > limit::properties.most)
      return complain(pointer + "/required", fmt::format("is beyond the limit of {} names", limit::properties.most));
    for (const auto& name : *names) {
      if (name.get_string().size() > limit::name_bytes.most)
        return complain(pointer + "/required", fmt::format("has a name of more than {} bytes", limit::name_bytes.most));
      required.insert(view(name.get_string()));
    }
  }
  const auto* least = given.if_contains("minProperties");
  if (least == nullptr || !least->is_number()) return;
  boost::system::error_code error;
  const auto number = least->to_number<double>(error);
  const auto* others = given.if_contains("additionalProperties");
  const bool closed =
      others != nullptr && others->is_bool() && !others->get_bool() && !given.contains("patternProperties");
  if (number > static_cast<double>(required.size()) && !closed)
    complain(pointer + "/minProperties", "minProperties beyond the required names cannot be enforced");
}

}  // namespace writ::grammar
