#include "settings/url.h"

#include <algorithm>
#include <charconv>

namespace writ::settings {
namespace {

constexpr std::uint16_t http_port = 80, https_port = 443;
std::uint16_t port_of(Scheme scheme) { return scheme == Scheme::https ? https_port : http_port; }

bool is_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_host_name(std::string_view host) {
  constexpr std::size_t host_max = 253;  // RFC 1035
  return !host.empty() && host.size() <= host_max && is_alnum(host.front()) && is_alnum(host.back()) &&
         host.find("..") == std::string_view::npos &&
         std::ranges::all_of(host, [](char c) { return is_alnum(c) || c == '-' || c == '.' || c == '_'; });
}
bool is_ipv6(std::string_view host) {
  return host.size() >= 2 && host.find(':') != std::string_view::npos && std::ranges::all_of(host, [](char c) {
           return (c >= 'a' && c <= 'f') || (c >= '0' && c <= '9') || c == ':' || c == '.';
         });
}
bool is_path(std::string_view path) {
  return std::ranges::all_of(path, [](char c) {
    return c > ' ' && c < 0x7f && std::string_view("?#\"<>\\^`{|}").find(c) == std::string_view::npos;
  });
}

std::unexpected<Error> bad(std::string why) { return fail(invalid("bad_url", std::move(why))); }

}  // namespace

std::string Url::authority() const {
  auto out = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != port_of(scheme)) out += ":" + std::to_string(port);
  return out;
}

std::string Url::str() const { return (scheme == Scheme::https ? "https://" : "http://") + authority() + path; }

Result<Url> parse_url(std::string_view text) {
  Url url;
  if (text.starts_with("https://")) url.scheme = Scheme::https;
  else if (!text.starts_with("http://")) return bad("must begin with http:// or https://");
  text.remove_prefix(url.scheme == Scheme::https ? 8 : 7);
  url.port = port_of(url.scheme);

  auto authority = text.substr(0, text.find_first_of("/?#"));
  auto path = text.substr(authority.size());
  if (authority.find('@') != std::string_view::npos) return bad("must not hold a user name or password");
  if (!is_path(path)) return bad("has a query, a fragment or a character that must be percent-encoded");
  while (path.ends_with('/')) path.remove_suffix(1);
  url.path = path;

  const bool bracketed = authority.starts_with('[');
  const auto host_end = bracketed ? authority.find(']') : authority.find(':');
  if (bracketed && host_end == std::string_view::npos) return bad("lacks the ] of its IPv6 address");
  url.host = bracketed ? authority.substr(1, host_end - 1) : authority.substr(0, host_end);
  std::ranges::transform(url.host, url.host.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (bracketed ? !is_ipv6(url.host) : !is_host_name(url.host)) return bad("has no valid host");

  auto rest =
      host_end == std::string_view::npos ? std::string_view() : authority.substr(host_end + (bracketed ? 1 : 0));
  if (rest.empty()) return url;
  if (!rest.starts_with(':')) return bad("has something behind its host that is not a port");
  rest.remove_prefix(1);
  const auto [end, failed] = std::from_chars(rest.data(), rest.data() + rest.size(), url.port);
  if (failed != std::errc() || end != rest.data() + rest.size() || url.port == 0)
    return bad("has a port that is not 1 to 65535");
  return url;
}

}  // namespace writ::settings
