// Short spellings of the JSON Schemas that tools declare.
#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>

#include "core/json.h"

namespace writ::tools {

[[nodiscard]] inline json::object text_schema(std::size_t min, std::size_t max) {
  return {{"type", "string"}, {"minLength", min}, {"maxLength", max}};
}

/// An object with these properties and no others.
[[nodiscard]] inline json::object object_schema(
    std::initializer_list<std::pair<std::string_view, json::value>> properties,
    std::initializer_list<std::string_view> required) {
  json::object members;
  for (const auto& [name, schema] : properties) members[name] = schema;
  json::array names;
  for (auto name : required) names.push_back(json::value(name));
  return {{"type", "object"},
          {"properties", std::move(members)},
          {"required", std::move(names)},
          {"additionalProperties", false}};
}

}  // namespace writ::tools
