#include "grammar/schema.h"

#include <utility>

#include "grammar/pattern.h"
#include "grammar/schema_reader.h"

namespace writ::grammar {
namespace {

// Assertions that the engine cannot hold. What is no assertion in the form given (uniqueItems: false) passes.
constexpr std::array<std::string_view, 18> refused_keywords{"$dynamicRef",
                                                            "$recursiveRef",
                                                            "contains",
                                                            "dependencies",
                                                            "dependentRequired",
                                                            "dependentSchemas",
                                                            "disallow",
                                                            "divisibleBy",
                                                            "else",
                                                            "extends",
                                                            "if",
                                                            "maxContains",
                                                            "minContains",
                                                            "not",
                                                            "propertyNames",
                                                            "then",
                                                            "unevaluatedItems",
                                                            "unevaluatedProperties"};
constexpr std::array<std::string_view, 27> enforced_keywords{"$ref",
                                                             "additionalItems",
                                                             "additionalProperties",
                                                             "allOf",
                                                             "anyOf",
                                                             "const",
                                                             "enum",
                                                             "exclusiveMaximum",
                                                             "exclusiveMinimum",
                                                             "format",
                                                             "items",
                                                             "maxItems",
                                                             "maxLength",
                                                             "maxProperties",
                                                             "maximum",
                                                             "minItems",
                                                             "minLength",
                                                             "minProperties",
                                                             "minimum",
                                                             "multipleOf",
                                                             "oneOf",
                                                             "pattern",
                                                             "patternProperties",
                                                             "prefixItems",
                                                             "properties",
                                                             "required",
                                                             "type"};
constexpr std::array<std::string_view, 7> types{"array", "boolean", "integer", "null", "number", "object", "string"};

bool is_true(const json::value* value) { return value != nullptr && value->is_bool() && value->get_bool(); }
/// A schema that takes everything.
bool takes_all(const json::value& schema) {
  return (schema.is_bool() && schema.get_bool()) || (schema.is_object() && schema.get_object().empty());
}

}  // namespace

json::value SchemaReader::convert(const json::value& schema, const std::string& pointer, std::uint64_t depth,
                                  Place place) {
  if (schema.is_bool()) return schema;
  const auto* given = schema.if_object();
  if (given == nullptr) {
    complain(pointer, "must be a schema: an object or a boolean");
    return false;
  }
  if (depth > limit::depth.most) {
    complain(pointer, fmt::format("is nested deeper than {} levels", limit::depth.most));
    return false;
  }
  if (!count(subschemas_, 1, limit::subschemas, pointer)) return false;
  json::object out{{"$comment", at_ + pointer}};
  for (const auto& [name, value] : *given) {
    const std::string_view key = name;
    if (!problems_.empty() && problems_.size() > 8) break;
    convert_keyword(key, value, pointer, depth, place, *given, out);
  }
  check_meetings(*given, pointer);
  convert_texts(*given, pointer, out);
  convert_items(*given, pointer, depth, out);
  check_object(*given, pointer);
  bound_numbers(out);
  // The engine reads in order: what narrows a value as a whole comes after what says how it is made.
  for (const auto key : in_place_keywords) {
    const auto at = out.find(key);
    if (at == out.end()) continue;
    json::value value = std::move(at->value());
    out.stable_erase(at);
    out.emplace(key, std::move(value));
  }
  return out;
}

bool SchemaReader::assertion_that_always_holds(std::string_view key, const json::value& value,
                                               const json::object& given) const {
  if (key == "if") return !given.contains("then") && !given.contains("else");
  if (key == "then" || key == "else") return !given.contains("if");
  if (key == "minContains" || key == "maxContains") return !given.contains("contains");
  if (key == "dependencies" || key == "dependentRequired" || key == "dependentSchemas")
    return value.is_object() && value.get_object().empty();
  if (key == "propertyNames" || key == "unevaluatedItems" || key == "unevaluatedProperties") return takes_all(value);
  if (key == "not") return value.is_bool() && !value.get_bool();
  return false;
}

void SchemaReader::convert_keyword(std::string_view key, const json::value& value, const std::string& pointer,
                                   std::uint64_t depth, Place place, const json::object& given, json::object& out) {
  if (key == "uniqueItems") {
    if (is_true(&value)) complain(pointer + "/uniqueItems", "uniqueItems cannot be enforced");
    return;
  }
  if (one_of(key, refused_keywords)) {
    if (!assertion_that_always_holds(key, value, given))
      complain(pointer_to(pointer, key), fmt::format("{} cannot be enforced", key));
    return;
  }
  if (draft_ == Draft::older && (key == "contentEncoding" || key == "contentMediaType"))
    complain(pointer_to(pointer, key),
             fmt::format("{} cannot be enforced: it is an assertion before draft 2019-09", key));
  const auto here = key.size() <= limit::name_bytes.most ? pointer_to(pointer, key) : pointer;
  if (key == "$id" || key == "id") {
    // References are looked up in the whole schema; an id inside would move them elsewhere.
    if (!pointer.empty() && value.is_string() && (key == "$id" || draft4_))
      complain(here, fmt::format("an {} inside a schema is not supported", key));
  } else if (key == "$defs" || key == "definitions") {
    if (const auto* entries = value.if_object()) count(definitions_, entries->size(), limit::definitions, here);
  } else if (key == "$ref") {
    convert_reference(value, here, place, out);
  } else if (key == "type") {
    convert_type(value, here, out);
  } else if (key == "anyOf" || key == "oneOf" || key == "allOf") {
    convert_branches(key, value, here, depth, place, out);
  } else if (key == "properties" || key == "patternProperties") {
    convert_properties(key, value, here, depth, out);
  } else if (key == "additionalProperties") {
    out[key] = convert(value, here, depth + 1, Place::inside);
  } else if (key == "required") {
    out[key] = value;
  } else if (key == "const" || key == "enum") {
    convert_constant(key, value, here, out);
  } else if (key == "minimum" || key == "maximum" || key == "exclusiveMinimum" || key == "exclusiveMaximum" ||
             key == "multipleOf") {
    convert_number(key, value, here, given, out);
  } else if (key.starts_with("min") || key.starts_with("max")) {
    if (one_of(key, enforced_keywords)) convert_length(key, value, here, out);
  }
}

void SchemaReader::convert_type(const json::value& value, const std::string& pointer, json::object& out) {
  const auto known = [](const json::value& name) { return name.is_string() && one_of(view(name.get_string()), types); };
  const auto* names = value.if_array();
  if (names == nullptr ? !known(value)
                       : names->empty() || !std::ranges::all_of(*names, known) || names->size() > types.size())
    return complain(pointer, "must be a type of JSON, or a list of them");
  out["type"] = value;
}

void SchemaReader::convert_branches(std::string_view key, const json::value& value, const std::string& pointer,
                                    std::uint64_t depth, Place place, json::object& out) {
  const auto* list = value.if_array();
  if (list == nullptr || list->empty()) return complain(pointer, "must be a list of one schema or more");
  if (key == "oneOf" && list->size() > limit::one_of.most)
    return complain(pointer, fmt::format("is beyond the limit of {} {}", limit::one_of.most, limit::one_of.unit));
  if (!count(branches_, list->size(), limit::branches, pointer)) return;
  json::array schemas;
  for (std::size_t i = 0; i < list->size(); ++i)
    schemas.push_back(convert((*list)[i], fmt::format("{}/{}", pointer, i), depth + 1, place));
  out[key] = std::move(schemas);
}

void SchemaReader::convert_properties(std::string_view key, const json::value& value, const std::string& pointer,
                                      std::uint64_t depth, json::object& out) {
  const auto* map = value.if_object();
  if (map == nullptr) return complain(pointer, "must be an object of schemas");
  if (!count(properties_, map->size(), limit::properties, pointer)) return;
  json::object schemas;
  for (const auto& [name, schema] : *map) {
    if (name.size() > limit::name_bytes.most) {
      complain(pointer, fmt::format("has a name of {} bytes; at most {}", name.size(), limit::name_bytes.most));
      continue;
    }
    if (!is_spelt(name)) {
      complain(pointer, "has a name with a control character, which answers do not spell");
      continue;
    }
    const auto here = pointer_to(pointer, name);
    if (key == "properties") {
      schemas[name] = convert(schema, here, depth + 1, Place::inside);
      continue;
    }
    const auto pattern = enforced_pattern(name);
    if (!pattern) complain(here, "the pattern " + pattern.error().message);
    else schemas[*pattern] = convert(schema, here, depth + 1, Place::inside);
  }
  out[key] = std::move(schemas);
}

/// Tuples in both spellings; the engine gets the newer one.
void SchemaReader::convert_items(const json::object& given, const std::string& pointer, std::uint64_t depth,
                                 json::object& out) {
  const auto* items = given.if_contains("items");
  const auto* prefix = draft_ == Draft::newest ? given.if_contains("prefixItems") : nullptr;
  std::string_view prefix_key = "prefixItems", rest_key = "items";
  const json::value* rest = items;
  if (items != nullptr && items->is_array()) {
    prefix = items;
    prefix_key = "items";
    rest = given.if_contains("additionalItems");
    rest_key = "additionalItems";
  }
  if (prefix != nullptr) {
    const auto* list = prefix->if_array();
    const auto here = pointer_to(pointer, prefix_key);
    if (list == nullptr) return complain(here, "must be a list of schemas");
    json::array schemas;
    for (std::size_t i = 0; i < list->size(); ++i)
      schemas.push_back(convert((*list)[i], fmt::format("{}/{}", here, i), depth + 1, Place::inside));
    out["prefixItems"] = std::move(schemas);
  }
  if (rest != nullptr) out["items"] = convert(*rest, pointer_to(pointer, rest_key), depth + 1, Place::inside);
}

Result<Schema> enforced_schema(const json::value& schema, std::string at) {
  return SchemaReader(schema, std::move(at)).read();
}

Support support_of(std::string_view keyword) {
  if (one_of(keyword, enforced_keywords)) return Support::enforced;
  return keyword == "uniqueItems" || one_of(keyword, refused_keywords) ? Support::refused : Support::annotation;
}

}  // namespace writ::grammar
