#include "http/openapi.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "http/uri.h"

namespace writ::http {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

json::object reference(std::string_view component) {
  return {{"$ref", "#/components/schemas/" + std::string(component)}};
}
json::object content(std::string_view type, json::object schema) {
  return {{"content", json::object{{type, json::object{{"schema", std::move(schema)}}}}}};
}

// A path and a query hold text: what is not there is absent, never null.
json::object never_null(json::object schema) {
  if (auto* type = schema.if_contains("type"); type != nullptr && type->is_array()) *type = type->as_array().front();
  if (auto* names = schema.if_contains("enum")) {
    json::array kept;
    for (const auto& name : names->as_array())
      if (!name.is_null()) kept.push_back(name);
    *names = std::move(kept);
  }
  return schema;
}

// OpenAPI 3.1 does not say what the schema of an event stream is of. So both: a whole event, as most readers hand it on, whose
// `data` is JSON text; or that JSON.
json::object event_schema(std::string_view component) {
  const json::object nothing{{"type", "object"}, {"maxProperties", 0}};
  const json::object told{{"anyOf", json::array{reference(component), reference("Problem"), nothing}}};
  const json::object event{
      {"type", "object"},
      {"required", {"data"}},
      {"properties",
       {{"data",
         {{"type", "string"},
          {"contentMediaType", json_type},
          {"contentSchema", told},
          {"description", "Of an event without a name; of `end` it is {}, of `error` a Problem."}}},
        {"event", {{"type", "string"}, {"description", "None (message), end or error."}}},
        {"id", {{"type", "string"}, {"description", "Where a reader goes on, as Last-Event-ID."}}}}}};
  return {{"anyOf", json::array{event, reference(component)}}};
}

json::object problem_schema() {
  const json::object text{{"type", "string"}};
  return {{"type", "object"},
          {"required", {"type", "title", "status", "code", "kind", "detail"}},
          {"properties",
           {{"type", text},
            {"title", text},
            {"status", {{"type", "integer"}}},
            {"code", text},
            {"kind", text},
            {"detail", text},
            {"trace_id", text},
            {"outcome", {{"type", "string"}, {"enum", {"not_sent", "refused", "unknown"}}}},
            {"retry_after", {{"type", "integer"}, {"description", "Seconds."}}},
            {"problems",
             {{"type", "array"},
              {"items",
               {{"type", "object"},
                {"required", {"pointer", "message"}},
                {"properties", {{"pointer", text}, {"message", text}}}}}}}}}};
}

json::object openai_error_schema() {
  const json::object text{{"type", "string"}};
  return {{"type", "object"},
          {"required", {"error"}},
          {"properties",
           {{"error",
             {{"type", "object"},
              {"required", {"message", "type", "param", "code"}},
              {"properties",
               {{"message", text}, {"type", text}, {"code", text}, {"param", {{"type", {"string", "null"}}}}}}}}}}};
}

class Document {
 public:
  void add(const Route& route) {
    auto& path = paths_[std::string(route.info.path)];
    path[lower(to_string(route.info.method))] = operation(route);
  }

  json::object take(const ApiInfo& info) {
    components_["Problem"] = problem_schema();
    components_["OpenAiError"] = openai_error_schema();
    json::object paths, schemas;
    for (auto& [path, item] : paths_) paths[path] = std::move(item);
    for (auto& [name, schema] : components_) schemas[name] = std::move(schema);
    return {{"openapi", "3.1.0"},
            {"info", {{"title", info.title}, {"version", info.version}, {"description", info.description}}},
            {"paths", std::move(paths)},
            {"components",
             {{"schemas", std::move(schemas)},
              {"securitySchemes",
               {{"bearer",
                 {{"type", "http"},
                  {"scheme", "bearer"},
                  {"description", "A token or an API key; the scopes it needs are listed."}}},
                {"service",
                 {{"type", "http"},
                  {"scheme", "bearer"},
                  {"description", "A service token whose audience is this service."}}}}}}}};
  }

 private:
  json::object operation(const Route& route) {
    const auto& info = route.info;
    const auto schemas = route.schemas();
    json::object out{
        {"operationId", info.id}, {"summary", info.summary}, {"tags", {info.id.substr(0, info.id.find('.'))}}};
    switch (info.access.kind()) {
      case Access::Kind::open: out["security"] = json::array(); break;
      case Access::Kind::service:
      case Access::Kind::service_for_principal:
        out["security"] = json::array{json::object{{"service", json::array()}}};
        break;
      case Access::Kind::scope:
        out["security"] = json::array{json::object{{"bearer", json::array{json::value(info.access.scope())}}}};
        break;
    }
    add_input(route, schemas, out);
    out["responses"] = responses(route, schemas);
    return out;
  }

  void add_input(const Route& route, const RouteSchemas& schemas, json::object& out) {
    const auto in_path = template_names(route.info.path);
    json::array parameters;
    json::object body_properties, full = schemas.request;
    const auto required = [&](std::string_view name) {
      const auto* list = full.if_contains("required");
      return list != nullptr &&
             std::ranges::any_of(list->as_array(), [&](const auto& r) { return r == json::value(name); });
    };
    const bool query = route.info.method == Method::get || route.info.method == Method::del;
    const auto parameter = [&](std::string_view name, std::string_view in, const json::object& schema, bool must) {
      parameters.push_back(
          json::object{{"name", name}, {"in", in}, {"required", must}, {"schema", never_null(schema)}});
    };
    if (schemas.request_name.empty())
      for (const auto& name : in_path) parameter(name, "path", {{"type", "string"}}, true);
    json::array body_required;
    if (const auto* properties = full.if_contains("properties")) {
      for (const auto& member : properties->as_object()) {
        const std::string_view name = member.key();
        const auto& schema = member.value().as_object();
        if (std::ranges::find(in_path, name) != in_path.end()) {
          parameter(name, "path", schema, true);
        } else if (query) {
          parameter(name, "query", schema, required(name));
        } else {
          body_properties[name] = schema;
          if (required(name)) body_required.push_back(json::value(name));
        }
      }
    }
    if (!parameters.empty()) out["parameters"] = std::move(parameters);
    if (body_properties.empty()) return;
    const bool must = !body_required.empty();
    auto name = schemas.request_name;
    if (!in_path.empty()) {
      name += ".body";
      full["properties"] = std::move(body_properties);
      full["required"] = std::move(body_required);
    }
    components_.try_emplace(name, std::move(full));
    auto body = content(json_type, reference(name));
    body["required"] = must;
    out["requestBody"] = std::move(body);
  }

  json::object responses(const Route& route, const RouteSchemas& schemas) {
    const auto& info = route.info;
    json::object ok{{"description", "Done."}};
    if (!schemas.response_name.empty()) {
      components_.try_emplace(schemas.response_name, schemas.response);
      ok = route.shape == Shape::stream ? content(sse_type, event_schema(schemas.response_name))
                                        : content(json_type, reference(schemas.response_name));
      ok["description"] =
          route.shape == Shape::stream ? "Server-sent events; the data of each is this." : "The answer.";
    }
    std::string codes;
    for (auto code : info.errors.codes)
      if (!code.empty()) codes += (codes.empty() ? "" : ", ") + std::string(code);
    const bool openai = info.dialect == Dialect::openai;
    auto refused = content(openai ? json_type : problem_type, reference(openai ? "OpenAiError" : "Problem"));
    refused["description"] = codes.empty() ? "An error." : "An error. Codes of this operation: " + codes + ".";
    return {{fmt::format("{}", info.success_status), std::move(ok)}, {"default", std::move(refused)}};
  }

  std::map<std::string, json::object> paths_;
  std::map<std::string, json::object> components_;
};

}  // namespace

json::object openapi(const RouteSet& routes, const ApiInfo& info) {
  Document document;
  for (const auto& route : routes.all()) document.add(route);
  return document.take(info);
}

}  // namespace writ::http
