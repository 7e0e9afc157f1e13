#include "llama/native_schema.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "grammar/schema.h"

namespace writ::llama {
namespace {

// llama.cpp's grammars are tried character by character on the model's thread, and alternatives multiply there.
constexpr std::size_t schemas_max = 500;  // with every reference written out
constexpr std::size_t depth_max = 24;     // levels; a schema that contains itself has no end
constexpr std::int64_t length_max = 200;  // a repetition is written out

constexpr std::array<std::string_view, 13> held{"type",      "properties", "required", "additionalProperties",
                                                "items",     "enum",       "const",    "anyOf",
                                                "minLength", "maxLength",  "minItems", "maxItems",
                                                "$ref"};

class NativeReader {
 public:
  explicit NativeReader(const json::value& root) : root_(root) {}

  Result<json::value> read(const json::value& schema, const std::string& at, std::size_t depth) {
    const auto* given = schema.if_object();
    if (given == nullptr) return schema;
    if (depth > depth_max || ++schemas_ > schemas_max)
      return refuse(at, "is too large for this model's own format of tool calls, with every $ref written out");
    if (const auto* reference = given->if_contains("$ref")) {
      const auto text = view(reference->as_string());
      boost::system::error_code error;
      const auto* target = text.size() < 2 ? &root_ : root_.find_pointer(text.substr(1), error);
      if (target == nullptr) return refuse(at + "/$ref", "leads to no schema");
      return read(*target, at, depth + 1);
    }
    json::object out;
    for (const auto& [key, value] : *given) {
      if (key == "$defs" || key == "definitions") continue;
      WRIT_CHECK(check(key, value, *given, at));
      WRIT_TRY(out[key], inner(key, value, at, depth));
    }
    return out;
  }

 private:
  static std::unexpected<Error> refuse(std::string pointer, std::string message) {
    return fail(invalid("unsupported_schema", "the JSON Schema cannot be enforced",
                        {{std::move(pointer), std::move(message)}}));
  }

  static Status check(std::string_view key, const json::value& value, const json::object& given,
                      const std::string& at) {
    const auto here = pointer_to(at, key);
    if (grammar::support_of(key) == grammar::Support::annotation) return {};
    if (std::ranges::find(held, key) == held.end())
      return refuse(here, fmt::format("{} cannot be enforced in this model's own format of tool calls", key));
    if (key.starts_with("min") || key.starts_with("max")) {
      boost::system::error_code error;
      if (value.to_number<double>(error) > static_cast<double>(length_max))
        return refuse(here, fmt::format("is beyond {}, the most in this model's own format of tool calls", length_max));
    }
    if (key != "anyOf" && key != "enum" && key != "const") return {};
    // The converter reads one of them and passes over what stands beside it.
    for (const auto& [other, beside] : given)
      if (other != key && other != "type" && grammar::support_of(other) != grammar::Support::annotation)
        return refuse(pointer_to(at, other),
                      fmt::format("cannot be enforced beside {} in this model's own format of tool calls", key));
    return {};
  }

  Result<json::value> inner(std::string_view key, const json::value& value, const std::string& at, std::size_t depth) {
    const auto here = pointer_to(at, key);
    if (key == "items" || key == "additionalProperties") return read(value, here, depth + 1);
    if (key == "properties" && value.is_object()) {
      json::object all;
      for (const auto& [name, schema] : value.get_object()) {
        WRIT_TRY(all[name], read(schema, pointer_to(here, name), depth + 1));
      }
      return all;
    }
    if (key == "anyOf" && value.is_array()) {
      json::array all;
      for (const auto& schema : value.get_array()) {
        WRIT_TRY(auto one, read(schema, fmt::format("{}/{}", here, all.size()), depth + 1));
        all.push_back(std::move(one));
      }
      return all;
    }
    return value;
  }

  const json::value& root_;
  std::size_t schemas_ = 0;
};

}  // namespace

Result<json::value> native_schema(const json::value& schema, const std::string& at) {
  WRIT_TRY(const auto known,
           grammar::enforced_schema(schema, at));  // well formed, within the limits, references resolved
  return NativeReader(schema).read(schema, at, 0);
}

}  // namespace writ::llama
