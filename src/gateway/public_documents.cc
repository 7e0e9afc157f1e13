#include "gateway/public_documents.h"

#include "gateway/openai_chat.h"
#include "http/openapi.h"
#include "identity/api/identity_port.h"

namespace writ::gateway {
namespace {

Task<Result<http::RawResponse>> give(const std::string* text) { co_return http::RawResponse{.body = *text}; }

// Raw routes read their bodies themselves, so that their rows cannot say what they take.
template <class In>
void describe_body(json::object& document, const http::OperationInfo& info,
                   std::initializer_list<std::string_view> media_types) {
  auto schema = schema::describe<In>();
  schema["additionalProperties"] = true;  // what is not named is ignored
  const auto name = http::schema_name_of<In>();
  document.at("components").at("schemas").as_object()[name] = std::move(schema);
  json::object content;
  for (auto type : media_types) content[type] = {{"schema", {{"$ref", "#/components/schemas/" + name}}}};
  document.at("paths").at(info.path).at("post").as_object()["requestBody"] = {{"required", true},
                                                                              {"content", std::move(content)}};
}

// RFC 6749 section 5.2: what is the client's fault is told in OAuth's own shape.
void describe_token_errors(json::object& document) {
  const json::object text{{"type", "string"}};
  document.at("components").at("schemas").as_object()["OAuthError"] = json::object{
      {"type", "object"}, {"required", {"error"}}, {"properties", {{"error", text}, {"error_description", text}}}};
  document.at("paths")
      .at(identity::op::token.info.path)
      .at("post")
      .at("responses")
      .at("default")
      .at("content")
      .as_object()[http::json_type] = {{"schema", {{"$ref", "#/components/schemas/OAuthError"}}}};
}

std::string describe(const http::Routes& routes, std::string_view version) {
  http::RouteSet set({http::public_door});
  set.add(routes);
  auto document = http::openapi(
      set, {.title = "writ",
            .version = std::string(version),
            .description = "Governed agent runs and OpenAI-compatible chat. Every action is decided and audited."});
  describe_body<openai::ChatCompletionRequest>(document, openai::op::chat, {http::json_type});
  describe_body<identity::TokenRequest>(document, identity::op::token.info, {http::form_type, http::json_type});
  describe_token_errors(document);
  return to_text(document);
}

}  // namespace

void PublicDocuments::add_to(http::Routes& routes, std::string_view version) {
  routes.add_raw(op::root, [this](Context, http::RawRequest) { return give(&root_); });
  routes.add_raw(op::openapi, [this](Context, http::RawRequest) { return give(&openapi_); });
  root_ = to_text(json::object{{"name", "writ"},
                               {"version", version},
                               {"links",
                                {{"openapi", op::openapi.path},
                                 {"sessions", "/v1/sessions"},
                                 {"chat", openai::op::chat.path},
                                 {"models", openai::op::models.info.path},
                                 {"token", identity::op::token.info.path},
                                 {"keys", identity::op::jwks.info.path},
                                 {"ready", "/ready"},
                                 {"metrics", "/metrics"}}}});
  openapi_ = describe(routes, version);
}

}  // namespace writ::gateway
