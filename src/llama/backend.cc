#include "llama/backend.h"

#include <mutex>
#include <utility>

#include <llama.h>
#include <log.h>

namespace writ::llama {
namespace {

constexpr std::size_t error_text_max = 500;  // bytes: enough for llama.cpp's two or three lines about one failure

struct Log {
  std::mutex mutex;
  LogSink sink;
};

Log& log() {
  static Log log;
  return log;
}

thread_local std::string* error_lines = nullptr;

LogLevel level_of(ggml_log_level level) {
  switch (level) {
    case GGML_LOG_LEVEL_ERROR: return LogLevel::error;
    case GGML_LOG_LEVEL_WARN: return LogLevel::warn;
    case GGML_LOG_LEVEL_INFO: return LogLevel::info;
    default: return LogLevel::debug;
  }
}

void keep_error_line(std::string_view line) {
  if (error_lines == nullptr || error_lines->size() + line.size() > error_text_max) return;
  if (!error_lines->empty()) *error_lines += "; ";
  *error_lines += line;
}

void receive(ggml_log_level level, const char* text, void*) {
  std::string_view line = text;
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.remove_suffix(1);
  if (line.empty() || line.find_first_not_of('.') == std::string_view::npos) return;  // progress dots
  if (level == GGML_LOG_LEVEL_ERROR) keep_error_line(line);
  const std::lock_guard lock(log().mutex);
  if (log().sink) log().sink(level_of(level), line);
}

}  // namespace

void set_log_sink(LogSink sink) {
  ensure_backend();
  const std::lock_guard lock(log().mutex);
  log().sink = std::move(sink);
}

void ensure_backend() {
  static std::once_flag once;
  std::call_once(once, [] {
    llama_log_set(receive, nullptr);
    llama_backend_init();
    // llama-common's own logger writes to stderr from a thread of its own: silence it, its errors come as exceptions.
    common_log_set_verbosity_thold(-1);
    common_log_pause(common_log_main());
  });
}

std::string system_info() {
  ensure_backend();
  return llama_print_system_info();
}

ErrorLines::ErrorLines() : outer_(std::exchange(error_lines, &lines_)) {}

ErrorLines::~ErrorLines() { error_lines = outer_; }

std::string ErrorLines::text(std::string_view otherwise) const {
  return lines_.empty() ? std::string(otherwise) : lines_;
}

}  // namespace writ::llama
