#include "http/request_framing.h"

#include <algorithm>
#include <array>

namespace writ::http {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool host_character(char c) { return letter(c) || digit(c) || c == '-' || c == '.' || c == '_' || c == '~'; }
bool address_character(char c) { return letter(c) || digit(c) || c == ':' || c == '.' || c == '%'; }
// Of a path and a query: what RFC 3986 names and what browsers also send; no control, no byte beyond ASCII, no fragment.
bool target_character(char c) { return c > ' ' && c < 0x7F && c != '#' && c != '\\'; }
bool text_character(char c) { return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != 0x7F); }

bool is_host(std::string_view text) {
  const bool is_address = text.starts_with('[');
  const auto end = is_address ? text.find(']') : text.find(':');
  if (is_address && end == std::string_view::npos) return false;
  const auto name = is_address ? text.substr(1, end - 1) : text.substr(0, end);
  const auto rest = end == std::string_view::npos ? std::string_view() : text.substr(is_address ? end + 1 : end);
  constexpr std::size_t port_max = 6;  // ":65535"
  const bool port = rest.empty() || (rest.starts_with(':') && rest.size() > 1 && rest.size() <= port_max &&
                                     std::ranges::all_of(rest.substr(1), digit));
  return port && !name.empty() && std::ranges::all_of(name, is_address ? address_character : host_character);
}

// Headers of which a second one would be read by some and not by others.
// Credentials are the authenticator's to refuse.
constexpr std::array<std::string_view, 9> single{"Host",         "Content-Length",   "Transfer-Encoding",
                                                 "Content-Type", "Content-Encoding", "Expect",
                                                 "Writ-Timeout", "Idempotency-Key",  "X-Request-ID"};

std::unexpected<Refusal> bad(std::string message) { return std::unexpected(bad_request(std::move(message))); }

std::expected<void, Refusal> check_body(const RequestHead& head, unsigned version) {
  constexpr unsigned http_1_1 = 11;
  const bool coded = head.count("Transfer-Encoding") != 0, sized = head.count("Content-Length") != 0;
  if (coded && sized) return bad("send Content-Length or Transfer-Encoding, not both");
  if (coded && (version < http_1_1 || !same_name(head.header("Transfer-Encoding"), "chunked")))
    return bad("Transfer-Encoding is exactly chunked, on HTTP/1.1");
  const auto length = head.header("Content-Length");
  if (sized && (length.empty() || !std::ranges::all_of(length, digit))) return bad("Content-Length is digits");
  return {};
}

// RFC 9112 section 3.2: a path, or for a proxy the whole URL, whose host then must be the one that Host names.
std::expected<Addressed, Refusal> address(const RequestHead& head, unsigned version) {
  constexpr unsigned http_1_1 = 11;
  const auto host = head.header("Host");
  const bool has_host = head.count("Host") != 0;
  if ((version >= http_1_1 || has_host) && !is_host(host)) return bad("send one Host header, name:port");
  if (!std::ranges::all_of(head.target, target_character)) return bad("the target is a percent-encoded path");
  if (head.target.starts_with('/') || (head.target == "*" && head.method == "OPTIONS"))
    return Addressed{head.target, host};
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!same_name(head.target.substr(0, scheme.size()), scheme)) continue;
    const auto rest = head.target.substr(scheme.size());
    const auto slash = std::min(rest.find_first_of("/?"), rest.size());
    if (!has_host || !same_name(rest.substr(0, slash), host)) return bad("Host and the target's host differ");
    if (slash == rest.size()) return Addressed{"/", host};
    if (rest[slash] == '/') return Addressed{rest.substr(slash), host};
  }
  return bad("the target is a path that begins with /");
}

}  // namespace

std::expected<Addressed, Refusal> check_framing(const RequestHead& head, unsigned version) {
  for (const auto name : single)
    if (head.count(name) > 1) return bad("send one " + std::string(name) + " header");
  if (auto body = check_body(head, version); !body) return std::unexpected(std::move(body).error());
  if (const auto expected = head.header("Expect"); !expected.empty() && !same_name(expected, "100-continue"))
    return std::unexpected(expectation_failed());
  return address(head, version);
}

bool has_folded_line(std::string_view lines) {
  for (std::size_t at = lines.find('\n'); at != std::string_view::npos; at = lines.find('\n', at + 1))
    if (at + 1 < lines.size() && (lines[at + 1] == ' ' || lines[at + 1] == '\t')) return true;
  return false;
}

bool ChunkRules::allow(std::string_view extension) {
  extensions_ += extension.size();
  return extensions_ <= extensions_max && std::ranges::all_of(extension, text_character);
}

}  // namespace writ::http
