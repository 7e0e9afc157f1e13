#include "settings/reader.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "core/assert.h"

namespace writ::settings {
namespace {

constexpr unsigned world_readable = 0004;

bool within(const Rule& rule, std::int64_t value) { return value >= rule.min && value <= rule.max; }

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::string example_of(const Rule& rule) {
  switch (rule.type) {
    case Type::duration: return " with a unit (ms, s, m, h)";
    case Type::size: return " with a unit (B, KiB, MiB, GiB)";
    case Type::url: return " such as http://127.0.0.1:8080, without a query";
    default: return "";
  }
}

}  // namespace

std::optional<std::string> Reader::text_of(const SettingInfo& info) {
  if (info.rule.type == Type::secret) {
    if (auto secret = secret_of(info)) return secret;
  } else if (const auto value = environment_->find(info.variable)) {
    return std::string(*value);
  }
  switch (info.fallback.kind()) {
    case Default::Kind::text: return std::string(info.fallback.text());
    case Default::Kind::unset: return std::nullopt;
    case Default::Kind::required: break;
  }
  const auto reported = [&](const Problem& p) { return p.pointer.starts_with(info.variable); };
  if (std::ranges::none_of(problems_, reported))
    problem(info.variable,
            fmt::format("is required: {} Set it to {}{}.", info.doc, allowed_by(info.rule), example_of(info.rule)));
  return std::nullopt;
}

std::optional<std::string> Reader::secret_of(const SettingInfo& info) {
  const auto file_variable = std::string(info.variable) + "_FILE";
  const auto value = environment_->find(info.variable), path = environment_->find(file_variable);
  if (value && path) problem(info.variable, fmt::format("is set together with {}: unset one of them", file_variable));
  if (!path) return value ? std::optional(std::string(*value)) : std::nullopt;
  auto file = environment_->read_file(std::string(*path));
  if (!file) {
    problem(file_variable, fmt::format("{}: create the file or correct the path", file.error().message));
    return std::nullopt;
  }
  if ((file->mode & world_readable) != 0) {
    problem(file_variable,
            fmt::format("{} can be read by everybody (mode {:04o}): chmod 0600 it; in Kubernetes set defaultMode: 0440",
                        *path, file->mode));
    return std::nullopt;
  }
  auto& text = file->text;
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty()) {
    problem(file_variable, fmt::format("{} is empty: write the secret into it", *path));
    return std::nullopt;
  }
  return std::move(text);
}

std::optional<std::string> Reader::parse_text(const SettingInfo& info, std::string_view text) {
  const auto& rule = info.rule;
  if (rule.type == Type::choice) {
    if (std::ranges::find(rule.choices, text) == rule.choices.end()) return std::nullopt;
  } else if (!within(rule, static_cast<std::int64_t>(text.size()))) {
    return std::nullopt;
  }
  return std::string(text);
}

std::optional<bool> Reader::parse_flag(std::string_view text) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return std::nullopt;
}

std::optional<std::int64_t> Reader::parse_integer(const Rule& rule, std::string_view text) {
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size() || !within(rule, number)) return std::nullopt;
  return number;
}

std::optional<Millis> Reader::parse_bounded_duration(const Rule& rule, std::string_view text) {
  const auto duration = parse_duration(text);
  if (!duration || !within(rule, duration->count()) || duration->count() % rule.step != 0) return std::nullopt;
  return *duration;
}

std::optional<Bytes> Reader::parse_bounded_size(const Rule& rule, std::string_view text) {
  const auto size = parse_size(text);
  if (!size || !within(rule, size->value)) return std::nullopt;
  return *size;
}

std::optional<std::vector<std::string>> Reader::parse_list(const Rule& rule, std::string_view text) {
  std::vector<std::string> items;
  for (;;) {
    const auto comma = text.find(',');
    const auto item = trim(text.substr(0, comma));
    if (item.empty()) return std::nullopt;
    items.emplace_back(item);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  if (!within(rule, static_cast<std::int64_t>(items.size()))) return std::nullopt;
  return items;
}

/// Expands `~/` and, for defaults, one `${NAME:-otherwise}` at the beginning.
std::optional<std::filesystem::path> Reader::parse_path(const Rule& rule, std::string_view text) const {
  if (!within(rule, static_cast<std::int64_t>(text.size())) || text.find('\0') != std::string_view::npos)
    return std::nullopt;
  std::string expanded(text);
  if (text.starts_with("${")) {
    const auto dash = text.find(":-"), end = text.find('}');
    if (dash == std::string_view::npos || end == std::string_view::npos || dash > end) return std::nullopt;
    const auto value = environment_->find(text.substr(2, dash - 2));
    expanded = std::string(value.value_or(text.substr(dash + 2, end - dash - 2))) + std::string(text.substr(end + 1));
  }
  if (expanded.starts_with("~/")) {
    const auto home = environment_->find("HOME");
    if (!home) return std::nullopt;
    expanded = std::string(*home) + expanded.substr(1);
  }
  return std::filesystem::path(expanded);
}

void Reader::refuse(const SettingInfo& info, std::string_view text) {
  const bool is_default = info.fallback.kind() == Default::Kind::text && text == info.fallback.text();
  if (info.rule.type == Type::path && is_default)
    return problem(info.variable, "has no default because HOME is not set: set it to a folder, such as /var/lib/writ");
  WRIT_ASSERT(!is_default, "a setting's default is allowed by its own rule");
  auto message = info.rule.type == Type::secret ? std::string("has a wrong length")
                                                : fmt::format("\"{}\" is not allowed", text.substr(0, 200));
  message += fmt::format(": set it to {}{}", allowed_by(info.rule), example_of(info.rule));
  if (!info.reason.empty()) message += fmt::format(" ({})", info.reason);
  problem(info.variable, std::move(message));
}

}  // namespace writ::settings
