// What meets in one text: the engine intersects it, in time that multiplies with each part and that nothing bounds.
#include "grammar/schema_reader.h"

namespace writ::grammar {
namespace {

// Whose intersection with one another is an expression that must be found not to be empty.
constexpr std::array<std::string_view, 4> expressions{"pattern", "format", "patternProperties", "multipleOf"};
// What narrows it.
constexpr std::array<std::string_view, 4> bounds{"minLength", "maxLength", "minimum", "maximum"};
constexpr std::array<std::string_view, 3> branches{"allOf", "anyOf", "oneOf"};
// Whose members are values or names, not keywords.
constexpr std::array<std::string_view, 5> no_schemas{"enum", "const", "default", "examples", "required"};
constexpr std::array<std::string_view, 5> maps{"properties", "patternProperties", "$defs", "definitions",
                                               "dependentSchemas"};

enum class Ask { expressions_anywhere, anything_that_can_meet };

bool says(const json::value& value, Ask ask);

bool keyword_says(std::string_view key, const json::value& value, Ask ask) {
  if (one_of(key, expressions)) return true;
  if (ask == Ask::anything_that_can_meet && (key == "$ref" || one_of(key, bounds))) return true;
  if (one_of(key, no_schemas)) return false;
  const auto* map = one_of(key, maps) ? value.if_object() : nullptr;
  if (map == nullptr) return says(value, ask);
  return std::ranges::any_of(*map, [ask](const auto& member) { return says(member.value(), ask); });
}

// Depth: of the JSON, which its parser bounds.
bool says(const json::value& value, Ask ask) {
  if (const auto* list = value.if_array())
    return std::ranges::any_of(*list, [ask](const json::value& one) { return says(one, ask); });
  const auto* schema = value.if_object();
  return schema != nullptr && std::ranges::any_of(*schema, [ask](const auto& member) {
           return keyword_says(member.key(), member.value(), ask);
         });
}

}  // namespace

void SchemaReader::check_meetings(const json::object& given, const std::string& pointer) {
  const bool has_branches =
      given.contains("$ref") || std::ranges::any_of(branches, [&](auto key) { return given.contains(key); });
  if (given.contains("pattern") && given.contains("format") &&
      (given.contains("minLength") || given.contains("maxLength")))
    return complain(pointer + "/format",
                    "pattern, format and a length in one schema cannot be enforced: leave one of them out");
  if (!has_branches) return;
  if (!has_expressions_) has_expressions_ = says(root_, Ask::expressions_anywhere);
  if (!*has_expressions_) return;
  std::size_t parts = given.contains("$ref") ? 1 : 0;
  bool itself = false;
  for (const auto& [name, value] : given) {
    const std::string_view key = name;
    if (key == "$defs" || key == "definitions" || key == "$ref") continue;
    if (!one_of(key, branches)) {
      itself = itself || keyword_says(key, value, Ask::anything_that_can_meet);
    } else if (const auto* list = value.if_array(); list != nullptr && key == "allOf") {
      parts += static_cast<std::size_t>(
          std::ranges::count_if(*list, [](const json::value& one) { return says(one, Ask::anything_that_can_meet); }));
    } else if (says(value, Ask::anything_that_can_meet)) {
      ++parts;
    }
  }
  if (itself) ++parts;
  if (parts > 1)
    complain(
        pointer,
        "says pattern, format, patternProperties, multipleOf or bounds of the same values in several places, which "
        "cannot be enforced: say them in one schema, not in parts (allOf, anyOf, oneOf, $ref)");
}

}  // namespace writ::grammar
