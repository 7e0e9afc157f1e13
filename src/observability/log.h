// Logger: one JSON line per event. A Secret cannot be given to it: no field value can be made of one.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/context.h"
#include "core/id.h"
#include "core/units.h"

namespace writ::observability {

enum class Level { debug, info, warn, error };
[[nodiscard]] std::string_view to_string(Level level);
[[nodiscard]] std::optional<Level> level_named(std::string_view name);

/// A field's value; text is only looked at during the call. Durations are written in ms: name the key `…_ms`.
class LogValue {
 public:
  LogValue(std::string_view text) : value_(text) {}
  LogValue(const std::string& text) : value_(std::string_view(text)) {}
  LogValue(const char* text) : value_(std::string_view(text)) {}
  LogValue(std::same_as<bool> auto flag) : value_(flag) {}
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  LogValue(T number) : value_(static_cast<std::int64_t>(number)) {}
  LogValue(std::floating_point auto number) : value_(static_cast<double>(number)) {}
  template <class Rep, class Period>
  LogValue(std::chrono::duration<Rep, Period> time) : value_(std::chrono::duration<double, std::milli>(time).count()) {}
  template <class Tag>
  LogValue(const Id<Tag>& id) : value_(std::string_view(id.str())) {}
  template <class Unit>
  LogValue(Amount<Unit> amount) : value_(amount.value) {}

  [[nodiscard]] const auto& value() const { return value_; }

 private:
  std::variant<std::string_view, bool, std::int64_t, double> value_;
};

struct LogField {
  std::string_view key;  // snake_case, with its unit
  LogValue value;
};

/// Takes one whole line with its newline. Called from any thread.
using LineWriter = std::function<void(std::string_view line)>;
/// Into the process's own queue for stderr (line_queue.h): a reader who sleeps holds up nobody.
[[nodiscard]] LineWriter stderr_writer();

/// `log.info("run_started", {{"run_id", id}, {"step", 3}}, ctx.trace);` writes
/// {"ts":"2026-11-23T20:01:05.123Z","level":"info","service":"policy","event":"run_started","run_id":"run_…","step":3,
/// "trace_id":"…","span_id":"…"}, in one line that a terminal may show: see core/printable.h.
/// Thread: any. Never fails: what cannot be written is lost, the caller's work is not.
class Logger {
 public:
  using Fields = std::initializer_list<LogField>;

  Logger(std::string service, Level least, LineWriter writer = stderr_writer(), const Clock& clock = system_clock());

  void debug(std::string_view event, Fields fields = {}, const Trace& trace = {}) const {
    write(Level::debug, event, fields, trace);
  }
  void info(std::string_view event, Fields fields = {}, const Trace& trace = {}) const {
    write(Level::info, event, fields, trace);
  }
  void warn(std::string_view event, Fields fields = {}, const Trace& trace = {}) const {
    write(Level::warn, event, fields, trace);
  }
  void error(std::string_view event, Fields fields = {}, const Trace& trace = {}) const {
    write(Level::error, event, fields, trace);
  }
  /// An operating error, at the level of its kind, with kind, code, message, where and outcome.
  void failed(std::string_view event, const Error& error, Fields fields = {}, const Trace& trace = {}) const;

  /// The same writer and level under another service's name.
  [[nodiscard]] Logger named(std::string service) const;
  [[nodiscard]] bool writes(Level level) const { return level >= least_; }

 private:
  void write(Level level, std::string_view event, Fields fields, const Trace& trace,
             const Error* error = nullptr) const;

  std::string service_;
  Level least_;
  LineWriter writer_;
  const Clock* clock_;
};

}  // namespace writ::observability
