#include "core/clock.h"

#include <sys/random.h>

#include <cstdio>

#include <fmt/format.h>

#include "core/assert.h"

namespace writ {
namespace {

class SystemClock final : public Clock {
 public:
  WallTime now() const override {
    return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now());
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

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

Random& system_random() {
  static SystemRandom random;
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
  int year = 0;
  unsigned month = 0, day = 0;
  int hour = 0, minute = 0, second = 0, milli = 0, used = 0;
  const std::string copy(text);
  const auto bad = [&] { return fail(invalid("bad_time", "not an RFC 3339 UTC time: " + copy)); };
  if (std::sscanf(copy.c_str(), "%4d-%2u-%2uT%2d:%2d:%2d%n", &year, &month, &day, &hour, &minute, &second, &used) != 6)
    return bad();
  auto rest = text.substr(static_cast<std::size_t>(used));
  if (rest.size() == 5 && rest[0] == '.') {
    if (std::sscanf(copy.c_str() + used, ".%3d", &milli) != 1) return bad();
    rest.remove_prefix(4);
  }
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{day}};
  if (rest != "Z" || !date.ok() || hour > 23 || minute > 59 || second > 59 || hour < 0 || minute < 0 || second < 0)
    return bad();
  return WallTime{std::chrono::sys_days{date}.time_since_epoch() + std::chrono::hours{hour} +
                  std::chrono::minutes{minute} + Seconds{second} + Millis{milli}};
}

void assertion_failed(const char* file, int line, const char* condition, const char* believed) noexcept {
  std::fprintf(stderr, "%s:%d: believed that %s, but not (%s)\n", file, line, believed, condition);
  std::abort();
}

}  // namespace writ
