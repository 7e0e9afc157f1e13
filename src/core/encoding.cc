#include "core/encoding.h"

#include <array>
#include <cstring>

namespace writ {
namespace {

constexpr std::string_view base64url_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::optional<std::string> decode64(std::string_view text, char c62, char c63) {
  std::string out;
  std::uint32_t bits = 0;
  int have = 0;
  for (char c : text) {
    std::uint32_t v = 0;
    if (c >= 'A' && c <= 'Z') v = static_cast<std::uint32_t>(c - 'A');
    else if (c >= 'a' && c <= 'z') v = static_cast<std::uint32_t>(c - 'a') + 26;
    else if (c >= '0' && c <= '9') v = static_cast<std::uint32_t>(c - '0') + 52;
    else if (c == c62) v = 62;
    else if (c == c63) v = 63;
    else return std::nullopt;
    bits = (bits << 6U) | v;
    have += 6;
    if (have >= 8) {
      have -= 8;
      out += static_cast<char>((bits >> static_cast<unsigned>(have)) & 0xFFU);
    }
  }
  // Left-over bits must be zero and fewer than six, else two texts would stand for the same bytes.
  if (have >= 6 || (bits & ((1U << static_cast<unsigned>(have)) - 1U)) != 0) return std::nullopt;
  return out;
}

}  // namespace

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out(bytes.size() * 2, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto b = static_cast<unsigned char>(bytes[i]);
    out[2 * i] = digits[b >> 4U];
    out[2 * i + 1] = digits[b & 15U];
  }
  return out;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  const auto nibble = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int hi = nibble(text[i]), lo = nibble(text[i + 1]);
    if (hi < 0 || lo < 0) return std::nullopt;
    out += static_cast<char>(hi * 16 + lo);
  }
  return out;
}

std::string to_base64url(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t bits = 0;
  unsigned have = 0;
  for (char c : bytes) {
    bits = (bits << 8U) | static_cast<unsigned char>(c);
    have += 8;
    while (have >= 6) {
      have -= 6;
      out += base64url_alphabet[(bits >> have) & 63U];
    }
  }
  if (have > 0) out += base64url_alphabet[(bits << (6 - have)) & 63U];
  return out;
}

std::optional<std::string> from_base64url(std::string_view text) { return decode64(text, '-', '_'); }

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  return decode64(text, '+', '/');
}

namespace {
// Length of the well-formed character at the front, 0 if ill-formed, -1 if it is cut off by the end.
int utf8_character(std::string_view s) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const auto b0 = at(0);
  if (b0 < 0x80) return 1;
  if (b0 < 0xC2 || b0 > 0xF4) return 0;
  const int length = b0 < 0xE0 ? 2 : b0 < 0xF0 ? 3 : 4;
  for (int i = 1; i < length; ++i) {
    if (static_cast<std::size_t>(i) >= s.size()) return -1;
    unsigned low = 0x80, high = 0xBF;
    if (i == 1 && b0 == 0xE0) low = 0xA0;
    if (i == 1 && b0 == 0xED) high = 0x9F;
    if (i == 1 && b0 == 0xF0) low = 0x90;
    if (i == 1 && b0 == 0xF4) high = 0x8F;
    if (at(static_cast<std::size_t>(i)) < low || at(static_cast<std::size_t>(i)) > high) return 0;
  }
  return length;
}
}  // namespace

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    // ASCII, eight characters at a time.
    constexpr std::uint64_t high_bits = 0x8080808080808080U;
    std::uint64_t eight = 0;
    if (bytes.size() >= sizeof eight) {
      std::memcpy(&eight, bytes.data(), sizeof eight);
      if ((eight & high_bits) == 0) {
        bytes.remove_prefix(sizeof eight);
        continue;
      }
    }
    const int n = utf8_character(bytes);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

std::size_t utf8_complete_prefix(std::string_view bytes) {
  for (std::size_t back = 1; back <= 3 && back <= bytes.size(); ++back) {
    const auto tail = bytes.substr(bytes.size() - back);
    if ((static_cast<unsigned char>(tail[0]) & 0xC0U) == 0x80U) continue;
    return utf8_character(tail) == -1 ? bytes.size() - back : bytes.size();
  }
  return bytes.size();
}

}  // namespace writ
