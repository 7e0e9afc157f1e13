#include "core/printable.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/encoding.h"

namespace writ {
namespace {

struct Range {
  char32_t first, last;
};
/// What moves the cursor, changes the order of text or cannot be seen (Unicode: categories Cc, Cf, Zl, Zp, and default
/// ignorable characters). In order.
constexpr std::array<Range, 29> hidden{{
    {0x00, 0x1F},       {0x7F, 0x9F},       {0xAD, 0xAD},       {0x34F, 0x34F},       {0x600, 0x605},
    {0x61C, 0x61C},     {0x6DD, 0x6DD},     {0x70F, 0x70F},     {0x115F, 0x1160},     {0x17B4, 0x17B5},
    {0x180B, 0x180F},   {0x200B, 0x200F},   {0x2028, 0x202E},   {0x2060, 0x206F},     {0x3164, 0x3164},
    {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},   {0xFFF0, 0xFFFB},     {0xFFFE, 0xFFFF},
    {0x110BD, 0x110BD}, {0x110CD, 0x110CD}, {0x13430, 0x1343F}, {0x1BCA0, 0x1BCA3},   {0x1D173, 0x1D17A},
    {0x1FFFE, 0x1FFFF}, {0xE0000, 0xE0FFF}, {0xFFFFE, 0xFFFFF}, {0x10FFFE, 0x10FFFF},
}};

bool is_hidden(char32_t c) {
  const auto at = std::ranges::lower_bound(hidden, c, {}, &Range::last);
  return at != hidden.end() && c >= at->first;
}

struct Character {
  char32_t code = 0;
  std::size_t size = 0;  // bytes; 0: no UTF-8
};

Character first_character(std::string_view text) {
  for (std::size_t size = 1; size <= std::min<std::size_t>(4, text.size()); ++size) {
    if (!is_utf8(text.substr(0, size))) continue;
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    char32_t code = size == 1 ? byte(0) : byte(0) & (0xFFU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) code = (code << 6U) | (byte(i) & 0x3FU);
    return {code, size};
  }
  return {};
}

/// The two selectors that say how the sign before them is drawn are part of it.
bool draws(char32_t c, char32_t before) { return (c == 0xFE0E || c == 0xFE0F) && before >= 0xA9 && !is_hidden(before); }

bool is_plain_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
}

template <class Escape>
std::string escaped(std::string_view text, Escape escape) {
  std::string out;
  out.reserve(text.size());
  char32_t before = 0;
  while (!text.empty()) {
    const auto [code, size] = first_character(text);
    if (size == 0) out += escape(static_cast<unsigned char>(text.front()), false);
    else if (is_hidden(code) && !draws(code, before)) out += escape(code, true);
    else out += text.substr(0, size);
    before = code;
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out;
}

}  // namespace

std::string printable(std::string_view text, Lines lines) {
  if (is_plain_ascii(text)) return std::string(text);
  return escaped(text, [lines](char32_t c, bool is_character) -> std::string {
    if (!is_character) return fmt::format("\\x{:02X}", static_cast<unsigned>(c));
    if (c == '\n') return lines == Lines::many ? "\n" : "\\n";
    if (c == '\t') return lines == Lines::many ? "\t" : "\\t";
    if (c == '\r') return "\\r";
    return fmt::format("\\u{{{:X}}}", static_cast<unsigned>(c));
  });
}

std::string printable_json(std::string json) {
  if (is_plain_ascii(json)) return json;
  return escaped(json, [](char32_t c, bool is_character) -> std::string {
    if (!is_character) return "\\ufffd";
    if (c == '\n' || c == '\t' || c == '\r')
      return {static_cast<char>(c)};  // between values; within them JSON escapes them
    if (c <= 0xFFFF) return fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    const auto rest = static_cast<unsigned>(c) - 0x10000U;
    return fmt::format("\\u{:04x}\\u{:04x}", 0xD800U + (rest >> 10U), 0xDC00U + (rest & 0x3FFU));
  });
}

}  // namespace writ
