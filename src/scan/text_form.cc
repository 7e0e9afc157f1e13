#include "scan/text_form.h"

#include <algorithm>
#include <array>
#include <optional>

#include "scan/reading.h"

namespace writ::scan {
namespace {

constexpr char32_t replacement = 0xFFFD;  // for what is no character
constexpr char32_t last_character = 0x10FFFF;

struct Decoded {
  char32_t character = 0;
  std::size_t size = 1;
};

// The text is UTF-8.
Decoded decoded(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const auto first = byte(0);
  if (first < 0x80U) return {first, 1};
  const std::size_t size = first < 0xE0U ? 2 : first < 0xF0U ? 3 : 4;
  char32_t c = first & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size && at + i < text.size(); ++i) c = (c << 6U) | (byte(i) & 0x3FU);
  return {c, size};
}

void append(std::string& out, char32_t c) {
  const auto put = [&](char32_t bits) { out += static_cast<char>(bits); };
  if (c < 0x80) return put(c);
  if (c < 0x800) {
    put(0xC0U | (c >> 6U));
  } else {
    if (c < 0x10000) {
      put(0xE0U | (c >> 12U));
    } else {
      put(0xF0U | (c >> 18U));
      put(0x80U | ((c >> 12U) & 0x3FU));
    }
    put(0x80U | ((c >> 6U) & 0x3FU));
  }
  put(0x80U | (c & 0x3FU));
}

bool is_high(char32_t c) { return c >= 0xD800 && c < 0xDC00; }
bool is_low(char32_t c) { return c >= 0xDC00 && c < 0xE000; }

/// An escape: what it stands for and its bytes. No size: none. No character: it is not complete yet.
struct Escape {
  std::optional<char32_t> character;
  std::size_t size = 0;
};

std::optional<unsigned> hex_of(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

// `digits` of them from text[at] on, which `prefix` bytes stand before.
Escape hex_escape(std::string_view text, std::size_t at, std::size_t digits, std::size_t prefix) {
  char32_t c = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (at + i >= text.size()) return {.character = {}, .size = prefix + i};
    const auto digit = hex_of(text[at + i]);
    if (!digit) return {};
    c = (c << 4U) | *digit;
  }
  return {.character = c, .size = prefix + digits};
}

// `\u{73}`
Escape braced_escape(std::string_view text, std::size_t at) {
  constexpr std::size_t digits_max = 6;
  char32_t c = 0;
  for (std::size_t i = at + 3; i < text.size(); ++i) {
    if (text[i] == '}' && i > at + 3) return {.character = c, .size = i + 1 - at};
    const auto digit = hex_of(text[i]);
    if (!digit || i - at - 3 >= digits_max) return {};
    c = (c << 4U) | *digit;
  }
  return {.character = {}, .size = text.size() - at};
}

// The two halves of a character beyond the first 65,536.
Escape paired(std::string_view text, std::size_t at, Escape high) {
  constexpr std::string_view begin = "\\u";
  const auto rest = text.substr(at + high.size, begin.size());
  if (!begin.starts_with(rest)) return {.character = replacement, .size = high.size};
  if (rest.size() < begin.size()) return {.character = {}, .size = high.size + rest.size()};
  const auto low = hex_escape(text, at + high.size + begin.size(), 4, begin.size());
  if (low.size > 0 && !low.character) return {.character = {}, .size = high.size + low.size};
  if (!low.character || !is_low(*low.character)) return {.character = replacement, .size = high.size};
  return {.character = 0x10000 + ((*high.character - 0xD800) << 10U) + (*low.character - 0xDC00),
          .size = high.size + low.size};
}

// text[at] is a backslash.
Escape escape_at(std::string_view text, std::size_t at) {
  if (at + 1 >= text.size()) return {.character = {}, .size = 1};
  static constexpr std::array<std::pair<char, char>, 9> simple{{{'n', '\n'},
                                                                {'t', '\t'},
                                                                {'r', '\r'},
                                                                {'b', '\b'},
                                                                {'f', '\f'},
                                                                {'"', '"'},
                                                                {'\'', '\''},
                                                                {'/', '/'},
                                                                {'\\', '\\'}}};
  const char kind = text[at + 1];
  for (const auto& [name, character] : simple)
    if (name == kind) return {.character = static_cast<unsigned char>(character), .size = 2};
  if (kind == 'x') return hex_escape(text, at + 2, 2, 2);
  if (kind == 'U') return hex_escape(text, at + 2, 8, 2);
  if (kind != 'u') return {};
  if (at + 2 < text.size() && text[at + 2] == '{') return braced_escape(text, at);
  const auto escape = hex_escape(text, at + 2, 4, 2);
  return escape.character && is_high(*escape.character) ? paired(text, at, escape) : escape;
}

/// Puts a form together over another one, or over the text itself.
class Builder {
 public:
  Builder(std::string_view base, const TextForm* form, Places places) : base_(base), form_(form), places_(places) {
    out_.text.reserve(base.size());
  }

  /// What the base's bytes [at, at + size) read as.
  void put(std::string_view reading, std::size_t at, std::size_t size) {
    changed_ = changed_ || reading != base_.substr(at, size);
    out_.text += reading;
    if (places_ == Places::unwanted) return;
    const auto from = form_ == nullptr ? at : form_->from[at];
    const auto to = form_ == nullptr ? at + size : form_->to[at + size - 1];
    out_.from.resize(out_.text.size(), static_cast<std::uint32_t>(from));
    out_.to.resize(out_.text.size(), static_cast<std::uint32_t>(to));
  }
  /// The base's bytes as they stand.
  void copy(std::size_t at, std::size_t size) {
    out_.text += base_.substr(at, size);
    if (places_ == Places::unwanted) return;
    const auto begin = static_cast<std::ptrdiff_t>(at), end = static_cast<std::ptrdiff_t>(at + size);
    if (form_ != nullptr) {
      out_.from.insert(out_.from.end(), form_->from.begin() + begin, form_->from.begin() + end);
      out_.to.insert(out_.to.end(), form_->to.begin() + begin, form_->to.begin() + end);
      return;
    }
    const auto before = out_.from.size();
    out_.from.resize(before + size);
    out_.to.resize(before + size);
    for (std::size_t i = 0; i < size; ++i) {
      out_.from[before + i] = static_cast<std::uint32_t>(at + i);
      out_.to[before + i] = static_cast<std::uint32_t>(at + i + 1);
    }
  }
  void stop_at(std::size_t at) { stopped_ = at; }

  /// Nothing when it is the base once more.
  std::optional<TextForm> take() {
    if (!changed_ && !stopped_) return std::nullopt;
    const auto all = form_ == nullptr ? base_.size() : form_->read;
    out_.read = all;
    if (stopped_) out_.read = form_ == nullptr || places_ == Places::unwanted ? *stopped_ : form_->from[*stopped_];
    return std::move(out_);
  }

 private:
  std::string_view base_;
  const TextForm* form_;
  Places places_;
  TextForm out_;
  bool changed_ = false;
  std::optional<std::size_t> stopped_;
};

std::optional<TextForm> unescaped(std::string_view base, const TextForm* form, TextEnd end, Places places) {
  if (!base.contains('\\')) return std::nullopt;
  Builder out(base, form, places);
  std::string character;
  for (std::size_t at = 0; at < base.size();) {
    if (base[at] != '\\') {
      const auto size = std::min(base.find('\\', at), base.size()) - at;
      out.copy(at, size);
      at += size;
      continue;
    }
    const auto escape = escape_at(base, at);
    if (escape.size > 0 && !escape.character && end == TextEnd::cut) {
      out.stop_at(at);
      break;
    }
    if (!escape.character) {
      out.copy(at, 1);
      ++at;
      continue;
    }
    const auto c = *escape.character;
    character.clear();
    append(character, c > last_character || is_high(c) || is_low(c) ? replacement : c);
    out.put(character, at, escape.size);
    at += escape.size;
  }
  return out.take();
}

bool is_quiet(char c) { return static_cast<unsigned char>(c) < 0x7FU && (c >= ' ' || (c >= '\t' && c <= '\r')); }

std::optional<TextForm> read_as(std::string_view Reading::* way, std::string_view base, const TextForm* form,
                                Places places) {
  if (std::ranges::all_of(base, is_quiet)) return std::nullopt;
  Builder out(base, form, places);
  for (std::size_t at = 0; at < base.size();) {
    if (is_quiet(base[at])) {
      auto end = at + 1;
      while (end < base.size() && is_quiet(base[end])) ++end;
      out.copy(at, end - at);
      at = end;
      continue;
    }
    const auto [character, size] = decoded(base, at);
    if (const auto* reading = reading_of(character)) out.put(reading->*way, at, size);
    else out.copy(at, size);
    at += size;
  }
  return out.take();
}

}  // namespace

bool has_forms(std::string_view text) {
  // Without a branch for each byte, so that many are looked at together.
  bool loud = false;
  for (const char c : text) loud |= !is_quiet(c) || c == '\\';
  return loud;
}

std::vector<TextForm> forms_of(std::string_view text, TextEnd end, Places places) {
  std::vector<TextForm> out;
  if (!has_forms(text)) return out;
  std::vector<TextForm> bases;
  for (int depth = 0; depth < unescape_depth_max; ++depth) {
    const auto* before = bases.empty() ? nullptr : &bases.back();
    auto next = unescaped(before == nullptr ? text : std::string_view(before->text), before, end, places);
    if (!next) break;
    bases.push_back(std::move(*next));
  }
  const auto take_ways = [&](std::string_view base, const TextForm* form) {
    const auto before = out.size();
    for (const auto way : {&Reading::plain, &Reading::look, &Reading::other}) {
      auto made = read_as(way, base, form, places);
      const auto is_known = [&](const TextForm& known) { return known.text == made->text; };
      if (made && std::none_of(out.begin() + static_cast<std::ptrdiff_t>(before), out.end(), is_known))
        out.push_back(std::move(*made));
    }
  };
  take_ways(text, nullptr);
  for (auto& base : bases) {
    take_ways(base.text, &base);
    out.push_back(std::move(base));
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  const auto is_nothing = [](char32_t c) {
    if (c == U' ' || (c >= U'\t' && c <= U'\r')) return true;
    const auto* reading = reading_of(c);
    return reading != nullptr && (reading->look.empty() || reading->look == " " || reading->look == "\n");
  };
  while (!text.empty()) {
    const auto [character, size] = decoded(text, 0);
    if (!is_nothing(character)) break;
    text.remove_prefix(size);
  }
  while (!text.empty()) {
    auto last = text.size() - 1;
    while (last > 0 && continues_character(text[last])) --last;
    if (!is_nothing(decoded(text, last).character)) break;
    text = text.substr(0, last);
  }
  return text;
}

std::string unescaped(std::string_view text) {
  auto form = unescaped(text, nullptr, TextEnd::whole, Places::unwanted);
  return form ? std::move(form->text) : std::string(text);
}

std::string look_of(std::string_view text) {
  const auto form = read_as(&Reading::look, text, nullptr, Places::unwanted);
  return form ? form->text : std::string(text);
}

}  // namespace writ::scan
