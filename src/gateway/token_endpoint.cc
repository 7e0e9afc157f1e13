#include "gateway/token_endpoint.h"

#include <algorithm>

#include "core/encoding.h"
#include "http/uri.h"

namespace writ::gateway {
namespace {

constexpr std::string_view invalid_request = "invalid_request", invalid_client = "invalid_client";

struct Credentials {
  std::string id, secret;
};

Result<json::object> read_form(std::string_view body) {
  auto pairs = http::parse_query(body);
  if (!pairs) return fail(invalid(std::string(invalid_request), "the form is not encoded as UTF-8 text"));
  const auto known = schema::field_names<identity::TokenRequest>();
  json::object out;
  for (const auto& [name, value] : *pairs) {
    if (std::ranges::find(known, name) == known.end()) continue;
    if (out.contains(name))
      return fail(invalid(std::string(invalid_request), "the parameter " + name + " stands twice"));
    out[name] = value;
  }
  return out;
}

Result<json::object> read_json(std::string_view body) {
  if (!is_utf8(body)) return fail(invalid(std::string(invalid_request), "the body is not UTF-8"));
  auto document = parse_json(body);
  if (!document || !document->is_object())
    return fail(invalid(std::string(invalid_request), "the body is not a JSON object"));
  return std::move(document->get_object());
}

Result<json::object> read_parameters(const http::RequestHead& head, std::string_view body) {
  const auto type = head.header("Content-Type");
  Result<json::object> out = fail(Error{});
  if (http::is_media_type(type, http::form_type)) {
    out = read_form(body);
  } else if (http::is_media_type(type, http::json_type)) {
    out = read_json(body);
  } else {
    Error e;
    e.kind = ErrorKind::unsupported_media;
    e.code = invalid_request;
    e.message = "send application/x-www-form-urlencoded or application/json";
    return fail(std::move(e));
  }
  if (out) {
    for (auto it = out->begin(); it != out->end();)
      it = it->value() == json::value("") ? out->erase(it) : std::next(it);
  }
  return out;
}

std::optional<std::string> form_decoded(std::string_view text) {
  std::string spaced(text);
  std::ranges::replace(spaced, '+', ' ');
  return http::percent_decode(spaced);
}

// RFC 6749 section 2.3.1: id and secret are form-encoded before they are put into HTTP Basic.
Result<std::optional<Credentials>> read_basic(const http::RequestHead& head) {
  if (head.count("Authorization") > 1)
    return fail(invalid(std::string(invalid_request), "the Authorization header stands twice"));
  const auto value = head.header("Authorization");
  if (value.empty()) return std::nullopt;
  const auto refuse = [](std::string_view why) {
    return fail(unauthenticated(std::string(invalid_client), std::string(why)));
  };
  const auto space = value.find(' ');
  if (space == std::string_view::npos || !http::same_name(value.substr(0, space), "Basic"))
    return refuse("clients authenticate with HTTP Basic");
  const auto pair = from_base64(value.substr(space + 1));
  const auto colon = pair ? pair->find(':') : std::string::npos;
  if (colon == std::string::npos) return refuse("the Basic credentials are malformed");
  auto id = form_decoded(std::string_view(*pair).substr(0, colon));
  auto secret = form_decoded(std::string_view(*pair).substr(colon + 1));
  if (!id || !secret) return refuse("the Basic credentials are malformed");
  return Credentials{.id = std::move(*id), .secret = std::move(*secret)};
}

Status add_credentials(json::object& parameters, const std::optional<Credentials>& basic) {
  if (basic) {
    if (parameters.contains("client_secret"))
      return fail(invalid(std::string(invalid_request), "the client authenticates in two ways at once"));
    const auto* id = parameters.if_contains("client_id");
    if (id != nullptr && *id != json::value(basic->id))
      return fail(invalid(std::string(invalid_request), "the request names two clients"));
    parameters["client_id"] = basic->id;
    parameters["client_secret"] = basic->secret;
  }
  if (!parameters.contains("client_id") || !parameters.contains("client_secret"))
    return fail(unauthenticated(std::string(invalid_client), "the client does not authenticate"));
  return {};
}

// Of RFC 6749 section 5.2; nothing for what is no fault of the client.
std::optional<std::string_view> oauth_code(const Error& error) {
  switch (error.kind) {
    case ErrorKind::unauthenticated: return invalid_client;
    case ErrorKind::invalid:
    case ErrorKind::too_large:
    case ErrorKind::unsupported_media: break;
    default: return std::nullopt;
  }
  const auto known = std::ranges::find(metric::token_errors, error.code);
  return known == metric::token_errors.end() ? invalid_request : *known;
}

std::string described(const Error& error) {
  auto out = error.message;
  for (const auto& p : error.problems) out += "; " + p.pointer + " " + p.message;
  return out;
}

}  // namespace

Result<identity::TokenRequest> read_token_request(const http::RequestHead& head, std::string_view body) {
  if (!head.query().empty())
    return fail(invalid(std::string(invalid_request), "parameters belong in the body, not in the address"));
  WRIT_TRY(auto parameters, read_parameters(head, body));
  WRIT_TRY(const auto basic, read_basic(head));
  if (!parameters.contains("grant_type")) return fail(invalid(std::string(invalid_request), "grant_type is missing"));
  WRIT_CHECK(add_credentials(parameters, basic));
  return schema::decode<identity::TokenRequest>(json::value(std::move(parameters)),
                                                {.unknown = schema::Unknown::ignore});
}

Task<Result<http::RawResponse>> TokenEndpoint::handle(Context ctx, http::RawRequest request) {
  Result<identity::TokenResponse> answer = fail(Error{});
  if (auto in = read_token_request(request.head, request.body))
    answer = co_await identity_.token(std::move(ctx), *std::move(in));
  else answer = fail(std::move(in).error());
  http::RawResponse out;
  out.headers.push_back({"Pragma", "no-cache"});  // RFC 6749 section 5.1; Cache-Control: no-store is on every answer
  if (answer) {
    out.body = to_text(schema::encode(*answer));
    co_return out;
  }
  const auto& error = answer.error();
  const auto code = oauth_code(error);
  if (!code) co_return fail(std::move(answer).error());
  probe_.token_refused(*code);
  out.status = info(error.kind).status;
  if (error.kind == ErrorKind::unauthenticated) out.headers.push_back({"WWW-Authenticate", "Basic realm=\"writ\""});
  out.body = to_text(json::object{{"error", *code}, {"error_description", described(error)}});
  co_return out;
}

}  // namespace writ::gateway
