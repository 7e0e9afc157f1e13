#include "core/json.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include <fmt/format.h>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/parser.hpp>

#include "core/encoding.h"

namespace writ {
namespace {

// Which bytes do not stand for themselves in a quoted text.
constexpr auto escaped = [] {
  std::array<bool, 256> out{};
  for (std::size_t c = 0; c < 0x20; ++c) out[c] = true;
  out['"'] = out['\\'] = true;
  return out;
}();

// The shortest escapes, as RFC 8785 and every reader of JSON agree on.
void append_quoted(std::string_view text, std::string& out) {
  out += '"';
  std::size_t clean = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (!escaped[c]) continue;
    out += text.substr(clean, i - clean);
    clean = i + 1;
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default: out += fmt::format("\\u{:04x}", c);
    }
  }
  out += text.substr(clean);
  out += '"';
}

// ECMAScript's Number::toString, which RFC 8785 prescribes.
std::string ecma_number(double value) {
  if (!std::isfinite(value)) return "null";  // JSON has no other word for it
  if (value == 0) return "0";
  auto text = fmt::format("{}", value);  // shortest round trip
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  if (const auto e = text.find('e'); e != std::string::npos) {
    const int exponent = std::stoi(text.substr(e + 1));
    if (exponent < 0 && exponent >= -6) {
      const auto digits =
          static_cast<int>(std::ranges::count_if(text.substr(0, e), [](char c) { return c >= '0' && c <= '9'; }));
      return fmt::format("{:.{}f}", value, digits - 1 - exponent);
    }
    if (exponent >= 0 && exponent < 21) {  // whole numbers up to 1e21 are written out
      auto digits = text.substr(0, e);
      const auto dot = digits.find('.');
      const auto decimals = dot == std::string::npos ? 0 : digits.size() - dot - 1;
      if (dot != std::string::npos) digits.erase(dot, 1);
      return digits + std::string(static_cast<std::size_t>(exponent) - decimals, '0');
    }
    text = text.substr(0, e) + "e" + (exponent < 0 ? "-" : "+") + std::to_string(std::abs(exponent));
  }
  return text;
}

// UTF-16 code-unit order differs from byte order only for characters above U+FFFF against U+E000..U+FFFF.
bool utf16_less(std::string_view a, std::string_view b) {
  const auto n = std::min(a.size(), b.size());
  for (std::size_t i = 0; i < n; ++i) {
    auto x = static_cast<unsigned char>(a[i]), y = static_cast<unsigned char>(b[i]);
    if (x == y) continue;
    const bool x_astral = x >= 0xF0, y_astral = y >= 0xF0, x_high = x >= 0xEE && !x_astral,
               y_high = y >= 0xEE && !y_astral;
    if (x_astral && y_high) return true;
    if (y_astral && x_high) return false;
    return x < y;
  }
  return a.size() < b.size();
}

enum class Order { as_given, canonical };

void append(const json::value& value, Order order, std::string& out);

void append(const json::object& object, Order order, std::string& out) {
  out += '{';
  bool first = true;
  const auto member_of = [&](const json::key_value_pair& member) {
    if (!std::exchange(first, false)) out += ',';
    append_quoted({member.key().data(), member.key().size()}, out);
    out += ':';
    append(member.value(), order, out);
  };
  if (order == Order::canonical) {
    std::vector<const json::key_value_pair*> members;
    for (const auto& member : object) members.push_back(&member);
    std::ranges::sort(members, [](auto* x, auto* y) { return utf16_less(x->key(), y->key()); });
    for (const auto* member : members) member_of(*member);
  } else {
    for (const auto& member : object) member_of(member);
  }
  out += '}';
}

void append(const json::value& value, Order order, std::string& out) {
  switch (value.kind()) {
    case json::kind::object: append(value.get_object(), order, out); break;
    case json::kind::array: {
      out += '[';
      for (bool first = true; const auto& item : value.get_array()) {
        if (!std::exchange(first, false)) out += ',';
        append(item, order, out);
      }
      out += ']';
      break;
    }
    case json::kind::string: append_quoted(view(value.get_string()), out); break;
    case json::kind::double_: out += ecma_number(value.get_double()); break;
    case json::kind::int64: out += std::to_string(value.get_int64()); break;
    case json::kind::uint64: out += std::to_string(value.get_uint64()); break;
    case json::kind::bool_: out += value.get_bool() ? "true" : "false"; break;
    case json::kind::null: out += "null"; break;
  }
}

// Boost.JSON keeps the last of duplicate keys; two readers that differ on which one counts are an attack.
class DuplicateKeys {
 public:
  static constexpr std::size_t max_object_size = std::size_t(-1), max_array_size = std::size_t(-1),
                               max_key_size = std::size_t(-1), max_string_size = std::size_t(-1);
  std::string duplicate;
  bool on_document_begin(boost::system::error_code&) { return true; }
  bool on_document_end(boost::system::error_code&) { return true; }
  bool on_object_begin(boost::system::error_code&) {
    seen_.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t, boost::system::error_code&) {
    seen_.pop_back();
    return true;
  }
  bool on_array_begin(boost::system::error_code&) { return true; }
  bool on_array_end(std::size_t, boost::system::error_code&) { return true; }
  bool on_key_part(json::string_view s, std::size_t, boost::system::error_code&) {
    key_ += s;
    return true;
  }
  bool on_key(json::string_view s, std::size_t, boost::system::error_code&) {
    key_ += s;
    if (!seen_.back().insert(key_).second && duplicate.empty()) duplicate = key_;
    key_.clear();
    return true;
  }
  bool on_string_part(json::string_view, std::size_t, boost::system::error_code&) { return true; }
  bool on_string(json::string_view, std::size_t, boost::system::error_code&) { return true; }
  bool on_number_part(json::string_view, boost::system::error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, boost::system::error_code&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, boost::system::error_code&) { return true; }
  bool on_double(double, json::string_view, boost::system::error_code&) { return true; }
  bool on_bool(bool, boost::system::error_code&) { return true; }
  bool on_null(boost::system::error_code&) { return true; }
  bool on_comment_part(json::string_view, boost::system::error_code&) { return true; }
  bool on_comment(json::string_view, boost::system::error_code&) { return true; }

 private:
  std::vector<std::set<std::string>> seen_;
  std::string key_;
};

std::size_t count_members(const json::value& value) {
  std::size_t n = 0;
  if (const auto* object = value.if_object()) {
    n += object->size();
    for (const auto& member : *object) n += count_members(member.value());
  } else if (const auto* array = value.if_array()) {
    for (const auto& item : *array) n += count_members(item);
  }
  return n;
}

}  // namespace

Result<json::value> parse_json(std::string_view text, const json::storage_ptr& storage) {
  json::parse_options options;
  options.max_depth = json_depth_max;
  options.numbers = json::number_precision::precise;
  std::array<unsigned char, 2048> scratch;  // for the parser's own stack; more is taken from the heap
  json::parser parser({}, options, scratch.data(), scratch.size());
  parser.reset(storage);
  boost::system::error_code error;
  const auto used = parser.write(text.data(), text.size(), error);
  if (error) return fail(invalid("bad_json", fmt::format("not JSON at byte {}: {}", used, error.message())));
  auto value = parser.release();
  // As many members as colons outside strings: cheap proof that no key stood twice; the full look is the rare path.
  if (static_cast<std::size_t>(std::ranges::count(text, ':')) > count_members(value)) {
    json::basic_parser<DuplicateKeys> second(options);
    boost::system::error_code ignored;
    second.write_some(false, text.data(), text.size(), ignored);
    if (!second.handler().duplicate.empty())
      return fail(invalid("bad_json", "key stands twice in one object: " + second.handler().duplicate));
  }
  return value;
}

std::string to_text(const json::value& value) {
  std::string out;
  out.reserve(256);  // most answers
  append(value, Order::as_given, out);
  return out;
}

std::string canonical_json(const json::value& value) {
  std::string out;
  append(value, Order::canonical, out);
  return out;
}

std::string_view text_at(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) return {};
  return view(value->get_string());
}

std::string pointer_to(std::string_view parent, std::string_view key) {
  std::string out(parent);
  out += '/';
  for (char c : key) {
    if (c == '~') out += "~0";
    else if (c == '/') out += "~1";
    else out += c;
  }
  return out;
}

}  // namespace writ
