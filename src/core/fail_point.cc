#include "core/fail_point.h"

#ifdef WRIT_FAIL_POINTS

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "core/assert.h"

namespace writ {
namespace {

struct FailPoints {
  std::mutex mutex;
  std::map<std::string, int, std::less<>> passed;
  std::string die_at;
  int die_at_count = 0;
  int log = -1;

  FailPoints() {
    if (const char* path = std::getenv("WRIT_FAIL_POINT_LOG"); path != nullptr) {
      log = ::open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
      WRIT_ASSERT(log >= 0, "WRIT_FAIL_POINT_LOG can be written");
    }
    if (const char* chosen = std::getenv("WRIT_FAIL_POINT"); chosen != nullptr && *chosen != '\0') {
      const std::string_view text(chosen);
      const auto colon = text.rfind(':');
      WRIT_ASSERT(colon != std::string_view::npos, "WRIT_FAIL_POINT is <name>:<n>");
      die_at = text.substr(0, colon);
      const auto parsed = std::from_chars(text.data() + colon + 1, text.data() + text.size(), die_at_count);
      WRIT_ASSERT(parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && die_at_count >= 1,
                  "WRIT_FAIL_POINT is <name>:<n>");
    }
  }
};

}  // namespace

void pass_fail_point(std::string_view name) {
  static FailPoints points;
  const std::lock_guard lock(points.mutex);
  auto found = points.passed.find(name);
  if (found == points.passed.end()) found = points.passed.emplace(name, 0).first;
  const int count = ++found->second;
  if (points.log >= 0) {
    const auto line = std::string(name) + ' ' + std::to_string(count) + '\n';
    const auto written = ::write(points.log, line.data(), line.size());
    WRIT_ASSERT(written == static_cast<ssize_t>(line.size()), "the fail point log can be written");
  }
  if (name == points.die_at && count == points.die_at_count) ::_exit(137);
}

std::chrono::milliseconds clock_step() {
  static const char* const file = std::getenv("WRIT_CLOCK_STEP");
  if (file == nullptr) return {};
  static std::atomic<std::int64_t> step{0}, next_look{0};
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  if (now < next_look.load()) return std::chrono::milliseconds{step.load()};
  next_look = now + std::chrono::nanoseconds(std::chrono::milliseconds{50}).count();
  std::array<char, 32> text{};
  const int fd = ::open(file, O_RDONLY | O_CLOEXEC);
  const auto size = fd < 0 ? 0 : ::read(fd, text.data(), text.size());
  if (fd >= 0) ::close(fd);
  std::int64_t read = 0;
  if (size > 0 && std::from_chars(text.data(), text.data() + size, read).ec == std::errc()) step = read;
  return std::chrono::milliseconds{step.load()};
}

void pass_pause_point(std::string_view name) {
  static const char* const folder = std::getenv("WRIT_PAUSE_POINTS");
  if (folder == nullptr) return;
  const auto armed = std::string(folder) + '/' + std::string(name), reached = armed + ".reached";
  // Of several that pass at once, one is paused.
  if (::rename(armed.c_str(), reached.c_str()) != 0) return;
  while (::access(reached.c_str(), F_OK) == 0) std::this_thread::sleep_for(std::chrono::milliseconds{1});
}

bool pass_error_point(std::string_view name) {
  const char* const folder = std::getenv("WRIT_ERROR_POINTS");
  return folder != nullptr && ::unlink((std::string(folder) + '/' + std::string(name)).c_str()) == 0;
}

}  // namespace writ

#endif
