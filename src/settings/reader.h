// Reader: fills settings structs from an environment and collects every problem, each with how to fix it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "settings/environment.h"
#include "settings/setting.h"

namespace writ::settings {

class Reader {
 public:
  explicit Reader(const Environment& environment) : environment_(&environment) {}

  /// Reads one struct. What cannot be read keeps its default and adds a problem: ask ok() before using anything.
  template <HasSettings T>
  [[nodiscard]] T read() {
    T out{};
    std::apply([&](const auto&... row) { (read_one(row.info, out.*(row.member)), ...); }, T::settings());
    return out;
  }

  [[nodiscard]] bool ok() const { return problems_.empty(); }
  /// `pointer` is the variable's name. Never holds the value of a secret.
  [[nodiscard]] const std::vector<Problem>& problems() const { return problems_; }
  void problem(std::string_view variable, std::string message) {
    problems_.push_back({std::string(variable), std::move(message)});
  }

 private:
  /// The text to parse: of the variable, of its `_FILE`, or the default; nothing when unset.
  [[nodiscard]] std::optional<std::string> text_of(const SettingInfo& info);
  [[nodiscard]] std::optional<std::string> secret_of(const SettingInfo& info);

  // Each gives nothing when the text is wrong.
  [[nodiscard]] static std::optional<std::string> parse_text(const SettingInfo& info, std::string_view text);
  [[nodiscard]] static std::optional<bool> parse_flag(std::string_view text);
  [[nodiscard]] static std::optional<std::int64_t> parse_integer(const Rule& rule, std::string_view text);
  [[nodiscard]] static std::optional<Millis> parse_bounded_duration(const Rule& rule, std::string_view text);
  [[nodiscard]] static std::optional<Bytes> parse_bounded_size(const Rule& rule, std::string_view text);
  [[nodiscard]] static std::optional<std::vector<std::string>> parse_list(const Rule& rule, std::string_view text);
  [[nodiscard]] std::optional<std::filesystem::path> parse_path(const Rule& rule, std::string_view text) const;
  void refuse(const SettingInfo& info, std::string_view text);

  template <class M>
  [[nodiscard]] std::optional<M> parse(const SettingInfo& info, std::string_view text) const {
    const auto converted = [](auto parsed, auto convert) -> std::optional<M> {
      if (!parsed) return std::nullopt;
      return convert(std::move(*parsed));
    };
    if constexpr (std::is_same_v<M, std::string>) return parse_text(info, text);
    else if constexpr (std::is_same_v<M, Secret>)
      return converted(parse_text(info, text), [](std::string t) { return Secret(std::move(t)); });
    else if constexpr (std::is_same_v<M, bool>) return parse_flag(text);
    else if constexpr (std::is_integral_v<M>)
      return converted(parse_integer(info.rule, text), [](std::int64_t n) { return static_cast<M>(n); });
    else if constexpr (std::is_same_v<M, Millis>) return parse_bounded_duration(info.rule, text);
    else if constexpr (std::is_same_v<M, Seconds>)
      return converted(parse_bounded_duration(info.rule, text),
                       [](Millis d) { return std::chrono::duration_cast<Seconds>(d); });
    else if constexpr (std::is_same_v<M, Bytes>) return parse_bounded_size(info.rule, text);
    else if constexpr (std::is_same_v<M, std::filesystem::path>) return parse_path(info.rule, text);
    else if constexpr (std::is_same_v<M, std::vector<std::string>>) return parse_list(info.rule, text);
    else if constexpr (std::is_same_v<M, Url>) {
      auto url = parse_url(text);
      return url ? std::optional<Url>(*std::move(url)) : std::nullopt;
    } else {
      for (const auto& [value, name] : schema::EnumNames<M>::value)
        if (name == text) return value;
      return std::nullopt;
    }
  }

  template <class Member>
  void read_one(const SettingInfo& info, Member& out) {
    const auto text = text_of(info);
    if (!text) return;
    if (auto value = parse<bare_t<Member>>(info, *text)) out = *std::move(value);
    else refuse(info, *text);
  }

  const Environment* environment_;
  std::vector<Problem> problems_;
};

}  // namespace writ::settings
