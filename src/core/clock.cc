#include "core/clock.h"

#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

#include "core/assert.h"
#include "core/bounded_write.h"
#include "core/fail_point.h"

namespace writ {
namespace {

class SystemClock final : public Clock {
 public:
  WallTime now() const override {
    const auto now = std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now());
#ifdef WRIT_FAIL_POINTS
    return now + clock_step();
#else
    return now;
#endif
  }
  SteadyTime steady() const override { return std::chrono::steady_clock::now(); }
};

class SystemRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    while (!out.empty()) {
      const auto got = ::getrandom(out.data(), out.size(), 0);
      WRIT_ASSERT(got > 0, "the kernel gives random bytes");
      out = out.subspan(static_cast<std::size_t>(got));
    }
  }
};

class IdentifierRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    thread_local std::array<std::uint8_t, 1024> block;  // 25 traces with their spans
    thread_local std::size_t used = block.size();
    while (!out.empty()) {
      if (used == block.size()) {
        system_random().fill(block);
        used = 0;
      }
      const auto n = std::min(out.size(), block.size() - used);
      std::copy_n(block.begin() + static_cast<std::ptrdiff_t>(used), n, out.begin());
      used += n;
      out = out.subspan(n);
    }
  }
};

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

Random& system_random() {
  static SystemRandom random;
  return random;
}

Random& identifier_random() {
  static IdentifierRandom random;
  return random;
}

std::string to_rfc3339(WallTime at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{at - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                     time.minutes().count(), time.seconds().count(), time.subseconds().count());
}

Result<WallTime> parse_rfc3339(std::string_view text) {
  const auto bad = [&] { return fail(invalid("bad_time", "not an RFC 3339 UTC time: " + std::string(text))); };
  constexpr std::string_view shape = "dddd-dd-ddTdd:dd:dd";
  if (text.size() != shape.size() + 1 && text.size() != shape.size() + 5) return bad();
  const auto fits = [](char c, char wanted) { return wanted == 'd' ? c >= '0' && c <= '9' : c == wanted; };
  if (!std::ranges::equal(text.substr(0, shape.size()), shape, fits)) return bad();
  const auto rest = text.substr(shape.size());
  if (!std::ranges::equal(rest, rest.size() == 1 ? std::string_view("Z") : std::string_view(".dddZ"), fits))
    return bad();
  const auto number = [&](std::size_t from, std::size_t count) {
    int n = 0;
    for (char c : text.substr(from, count)) n = n * 10 + (c - '0');
    return n;
  };
  const std::chrono::year_month_day date{std::chrono::year{number(0, 4)},
                                         std::chrono::month{static_cast<unsigned>(number(5, 2))},
                                         std::chrono::day{static_cast<unsigned>(number(8, 2))}};
  const int hour = number(11, 2), minute = number(14, 2), second = number(17, 2);
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return bad();
  return WallTime{std::chrono::sys_days{date}.time_since_epoch() + std::chrono::hours{hour} +
                  std::chrono::minutes{minute} + Seconds{second} + Millis{rest.size() == 1 ? 0 : number(20, 3)}};
}

void assertion_failed(const char* file, int line, const char* condition, const char* believed) noexcept {
  std::array<char, 1024> text{};
  const int size = std::snprintf(text.data(), text.size(), "%s:%d: believed that %s, but not (%s)\n", file, line,
                                 believed, condition);
  const auto shown = std::min(static_cast<std::size_t>(std::max(size, 0)), text.size() - 1);
  (void)write_within(STDERR_FILENO, {text.data(), shown}, Seconds{2});  // nobody may read it: then end without
  std::abort();
}

}  // namespace writ
