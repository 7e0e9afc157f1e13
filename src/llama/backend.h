// Starts llama.cpp once per process and routes its log lines.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace writ::llama {

enum class LogLevel { debug, info, warn, error };
/// Called from any thread, with one line and no newline; it must be quick and must not call back into this room.
using LogSink = std::function<void(LogLevel, std::string_view line)>;

/// Replaces the receiver of llama.cpp's log lines; an empty one drops them (the state at start). Thread: any.
void set_log_sink(LogSink sink);

/// Initialises llama.cpp's backends; every load does this itself. Thread: any, repeatable.
void ensure_backend();

/// llama.cpp's line about the compiled CPU features and threads.
[[nodiscard]] std::string system_info();

/// Collects the error lines that llama.cpp logs on this thread while the object lives, for the message of an Error.
class ErrorLines {
 public:
  ErrorLines();
  ~ErrorLines();
  ErrorLines(const ErrorLines&) = delete;
  ErrorLines& operator=(const ErrorLines&) = delete;

  /// The lines joined by "; ", or `otherwise` where llama.cpp said nothing. At most 500 bytes.
  [[nodiscard]] std::string text(std::string_view otherwise) const;

 private:
  std::string lines_;
  std::string* outer_;  // of an enclosing object on this thread
};

}  // namespace writ::llama
