#include "tools/tool.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/assert.h"

namespace writ::tools {
namespace {

bool has_type(const json::value& value, std::string_view type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_bool();
  if (type == "null") return value.is_null();
  if (type == "number") return value.is_number();
  if (type == "integer")
    return value.is_int64() || value.is_uint64() ||
           (value.is_double() && value.get_double() == std::trunc(value.get_double()));
  return true;
}

// Keywords with a numeric bound: what of the value is compared, and how.
std::optional<double> number_at(const json::object& schema, std::string_view keyword) {
  const auto* bound = schema.if_contains(keyword);
  if (bound == nullptr || !bound->is_number()) return std::nullopt;
  return bound->to_number<double>();
}
void check_bounds(const json::object& schema, std::string_view low, std::string_view high, double actual,
                  std::string_view what, const std::string& at, std::vector<Problem>& problems) {
  if (const auto min = number_at(schema, low); min && actual < *min)
    problems.push_back({at, fmt::format("{} must be at least {}", what, *min)});
  if (const auto max = number_at(schema, high); max && actual > *max)
    problems.push_back({at, fmt::format("{} must be at most {}", what, *max)});
}

void check(const json::object& schema, const json::value& value, const std::string& at, std::vector<Problem>& problems);

void check_object(const json::object& schema, const json::object& value, const std::string& at,
                  std::vector<Problem>& problems) {
  const auto* properties = schema.if_contains("properties");
  const auto* known = properties == nullptr ? nullptr : properties->if_object();
  if (const auto* required = schema.if_contains("required"); required != nullptr && required->is_array()) {
    for (const auto& name : required->get_array())
      if (name.is_string() && !value.contains(name.get_string()))
        problems.push_back({pointer_to(at, view(name.get_string())), "is required"});
  }
  const auto* additional = schema.if_contains("additionalProperties");
  for (const auto& member : value) {
    const auto pointer = pointer_to(at, std::string_view(member.key()));
    const auto* sub = known == nullptr ? nullptr : known->if_contains(member.key());
    if (sub != nullptr && sub->is_object()) check(sub->get_object(), member.value(), pointer, problems);
    else if (sub == nullptr && additional != nullptr && *additional == json::value(false))
      problems.push_back({pointer, "is not a known argument"});
  }
}

void check(const json::object& schema, const json::value& value, const std::string& at,
           std::vector<Problem>& problems) {
  if (const auto* type = schema.if_contains("type")) {
    bool fits = false;
    std::string names;
    if (type->is_string()) {
      names = std::string(view(type->get_string()));
      fits = has_type(value, names);
    } else if (type->is_array()) {
      for (const auto& t : type->get_array()) {
        if (!t.is_string()) continue;
        names += (names.empty() ? "" : " or ") + std::string(view(t.get_string()));
        fits = fits || has_type(value, view(t.get_string()));
      }
    }
    if (!fits) return problems.push_back({at, "must be of type " + names});
  }
  if (const auto* options = schema.if_contains("enum");
      options != nullptr && options->is_array() &&
      std::ranges::find(options->get_array(), value) == options->get_array().end())
    problems.push_back({at, "must be one of " + to_text(*options)});
  if (const auto* only = schema.if_contains("const"); only != nullptr && *only != value)
    problems.push_back({at, "must be " + to_text(*only)});
  if (value.is_number())
    check_bounds(schema, "minimum", "maximum", value.to_number<double>(), "the number", at, problems);
  if (const auto* s = value.if_string())
    check_bounds(schema, "minLength", "maxLength", static_cast<double>(s->size()), "the length", at, problems);
  if (const auto* a = value.if_array()) {
    check_bounds(schema, "minItems", "maxItems", static_cast<double>(a->size()), "the number of items", at, problems);
    if (const auto* items = schema.if_contains("items"); items != nullptr && items->is_object())
      for (std::size_t i = 0; i < a->size(); ++i)
        check(items->get_object(), (*a)[i], at + "/" + std::to_string(i), problems);
  }
  if (const auto* o = value.if_object()) check_object(schema, *o, at, problems);
}

}  // namespace

Outcome outcome_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::deadline:
    case ErrorKind::cancelled:
    case ErrorKind::unavailable:
    case ErrorKind::internal: return error.outcome == Outcome::not_sent ? Outcome::not_sent : Outcome::unknown;
    default: return error.outcome;
  }
}

void Toolbox::add(std::unique_ptr<Tool> tool) {
  WRIT_ASSERT(find(tool->info().name) == nullptr, "tool names are unique");
  tools_.push_back(std::move(tool));
}

Tool* Toolbox::find(std::string_view name) const {
  const auto it = std::ranges::find_if(tools_, [&](const auto& t) { return t->info().name == name; });
  return it == tools_.end() ? nullptr : it->get();
}

std::vector<const Tool*> Toolbox::all() const {
  std::vector<const Tool*> out;
  for (const auto& tool : tools_) out.push_back(tool.get());
  return out;
}

Result<json::array> Toolbox::openai_tools(const std::vector<std::string>& names) const {
  json::array out;
  for (const auto& name : names) {
    const auto* tool = find(name);
    if (tool == nullptr) return fail(not_found("no_tool", "there is no tool " + name));
    const auto& info = tool->info();
    out.push_back(
        {{"type", "function"},
         {"function", {{"name", info.name}, {"description", info.description}, {"parameters", info.input_schema}}}});
  }
  return out;
}

std::vector<Problem> check_arguments(const json::object& schema, const json::value& arguments) {
  std::vector<Problem> problems;
  check(schema, arguments, "", problems);
  return problems;
}

}  // namespace writ::tools
