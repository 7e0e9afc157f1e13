// FailedAuthentications: counts who failed to prove who they are, by where they came from, and says so without flooding.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "core/result.h"
#include "observability/log.h"
#include "observability/metrics.h"

namespace writ::identity {

/// Thread: any.
class FailedAuthentications {
 public:
  /// How often at the most a source is written about, and how many lines there are for all sources in that time.
  static constexpr Seconds window{10};
  static constexpr int lines_max = 5;
  static constexpr std::size_t sources_max = 1024;  // the others are counted as "others"

  struct Source {
    std::string address;  // without the port
    std::string code;  // of the last failure
    std::int64_t count = 0;
  };

  FailedAuthentications(observability::Registry& registry, const observability::Logger& log, const Clock& clock);
  /// peer: as RequestHead::peer. Only `unauthenticated` errors count: a service that is down is no failed attempt.
  void note(std::string_view peer, const Error& error);
  /// What was counted since the last time, for the audit: at most sources_max + 1 rows.
  [[nodiscard]] std::vector<Source> take();

 private:
  [[nodiscard]] bool may_write(std::string_view address);

  observability::CounterFamily total_;
  const observability::Logger& log_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Source, std::less<>> sources_;
  std::map<std::string, bool, std::less<>> written_;  // about in this window
  SteadyTime window_began_;
  std::int64_t suppressed_ = 0;
};

}  // namespace writ::identity
