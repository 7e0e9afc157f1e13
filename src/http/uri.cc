#include "http/uri.h"

#include <algorithm>

#include "core/encoding.h"

namespace writ::http {
namespace {

bool unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

}  // namespace

std::string percent_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    if (unreserved(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += digits[byte >> 4U];
      out += digits[byte & 15U];
    }
  }
  return out;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const auto byte = from_hex(text.substr(i + 1, 2));
    if (!byte) return std::nullopt;
    out += *byte;
    i += 2;
  }
  if (out.find('\0') != std::string::npos || !is_utf8(out)) return std::nullopt;
  return out;
}

Result<NamedTexts> parse_query(std::string_view text) {
  NamedTexts out;
  while (!text.empty()) {
    const auto end = std::min(text.find('&'), text.size());
    const auto pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    const auto part = [](std::string_view encoded) {
      std::string spaced(encoded);
      std::ranges::replace(spaced, '+', ' ');
      return percent_decode(spaced);
    };
    auto name = part(pair.substr(0, equals)), value = part(pair.substr(std::min(equals + 1, pair.size())));
    if (!name || !value) return fail(invalid("bad_encoding", "a query parameter is not percent-encoded UTF-8"));
    out.emplace_back(*std::move(name), *std::move(value));
  }
  return out;
}

std::string format_query(const NamedTexts& pairs) {
  std::string out;
  for (const auto& [name, value] : pairs) {
    if (!out.empty()) out += '&';
    out += percent_encode(name) + "=" + percent_encode(value);
  }
  return out;
}

std::string format_authority(std::string_view host, std::string_view port) {
  const bool is_v6 = host.find(':') != std::string_view::npos;
  std::string out(is_v6 ? "[" : "");
  out.append(host).append(is_v6 ? "]:" : ":").append(port);
  return out;
}

std::vector<std::string_view> split_path(std::string_view path) {
  std::vector<std::string_view> out;
  if (path.starts_with('/')) path.remove_prefix(1);
  for (;;) {
    const auto slash = path.find('/');
    out.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return out;
    path.remove_prefix(slash + 1);
  }
}

std::string_view template_name(std::string_view segment) {
  if (segment.size() < 3 || segment.front() != '{' || segment.back() != '}') return {};
  return segment.substr(1, segment.size() - 2);
}

std::vector<std::string> template_names(std::string_view path_template) {
  std::vector<std::string> out;
  for (auto segment : split_path(path_template))
    if (auto name = template_name(segment); !name.empty()) out.emplace_back(name);
  return out;
}

}  // namespace writ::http
