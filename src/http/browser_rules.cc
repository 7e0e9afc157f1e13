#include "http/browser_rules.h"

#include <algorithm>

namespace writ::http {
namespace {

// What our operations read, beside what every page may send.
constexpr std::string_view request_headers =
    "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, Writ-Timeout, X-Request-ID, traceparent";
constexpr std::string_view remembered = "600";  // seconds; a change of the list is seen within ten minutes

std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, std::min(host.find(']'), host.size() - 1) + 1);
  return host.substr(0, host.find(':'));
}

bool is_ipv4_loopback(std::string_view name) {
  constexpr std::string_view digits_and_dots = "0123456789.";
  return name.starts_with("127.") && name.find_first_not_of(digits_and_dots) == std::string_view::npos;
}

}  // namespace

bool is_loopback_host(std::string_view host) {
  constexpr std::string_view name = "localhost", inside = ".localhost";  // RFC 6761: both are never looked up
  auto text = host == "::1" ? host : without_port(host);
  if (text.ends_with('.')) text.remove_suffix(1);
  return same_name(text, name) || text == "[::1]" || text == "::1" || is_ipv4_loopback(text) ||
         (text.size() > inside.size() && same_name(text.substr(text.size() - inside.size()), inside));
}

bool is_origin(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://"})
    if (text.starts_with(scheme) && text.size() > scheme.size())
      return text.find_first_of("/?#@* \\", scheme.size()) == std::string_view::npos;
  return false;
}

std::optional<Refusal> BrowserRules::check(const RequestHead& head, std::string_view host) const {
  if (!is_loopback) return std::nullopt;
  const bool is_named =
      std::ranges::any_of(hosts, [&](const auto& name) { return same_name(name, without_port(host)); });
  if (!host.empty() && !is_loopback_host(host) && !is_named)
    return Refusal{invalid("bad_host", "this server is asked as localhost; WRIT_HTTP_HOSTS names others")};
  if (head.count("Origin") == 0 || !allowed_origin(head).empty()) return std::nullopt;
  constexpr std::string_view scheme = "http://";
  const auto origin = head.header("Origin");
  const bool is_same = head.count("Origin") == 1 && origin.starts_with(scheme) && !host.empty() &&
                       same_name(origin.substr(scheme.size()), host);
  if (is_same) return std::nullopt;
  return Refusal{
      forbidden("bad_origin", "pages of this origin may not ask here; WRIT_HTTP_ORIGINS names those that may")};
}

std::string_view BrowserRules::allowed_origin(const RequestHead& head) const {
  if (origins.empty() || head.count("Origin") != 1) return {};
  const auto found = std::ranges::find(origins, head.header("Origin"));
  return found == origins.end() ? std::string_view() : std::string_view(*found);
}

bool is_preflight(const RequestHead& head) {
  return head.method == "OPTIONS" && head.count("Access-Control-Request-Method") != 0;
}

RawResponse preflight_answer(std::string_view methods) {
  constexpr int no_content = 204;
  RawResponse out;
  out.status = no_content;
  out.content_type.clear();
  out.headers = {{"Access-Control-Allow-Methods", std::string(methods)},
                 {"Access-Control-Allow-Headers", std::string(request_headers)},
                 {"Access-Control-Max-Age", std::string(remembered)}};
  return out;
}

}  // namespace writ::http
