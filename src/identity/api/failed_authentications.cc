#include "identity/api/failed_authentications.h"

#include <algorithm>

namespace writ::identity {
namespace {

constexpr std::string_view others = "others";
constexpr std::array<std::string_view, 7> reasons{"no_credentials", "malformed_credentials", "invalid_key",
                                                  "key_revoked",    "token_revoked",         "token_expired",
                                                  "bad_token"};
constexpr observability::MetricInfo failures{.name = "authentication_failures_total",
                                             .help = "Requests that did not prove who sent them.",
                                             .type = observability::MetricType::counter,
                                             .labels = {{{"reason", reasons}}}};

std::string_view reason_of(std::string_view code) {
  const auto known = std::ranges::find(reasons, code);
  return known == reasons.end() ? reasons.back() : *known;
}

// "127.0.0.1:4711" and "[::1]:4711" without the port: a client has many.
std::string_view address_of(std::string_view peer) {
  if (peer.ends_with(']') || std::ranges::count(peer, ':') == 0) return peer;
  const bool bracketed = peer.starts_with('[');
  if (!bracketed && std::ranges::count(peer, ':') > 1) return peer;
  return peer.substr(0, peer.rfind(':'));
}

}  // namespace

FailedAuthentications::FailedAuthentications(observability::Registry& registry, const observability::Logger& log,
                                             const Clock& clock)
    : total_(registry.counters(failures)), log_(log), clock_(clock), window_began_(clock.steady()) {}

// Under the lock. Counts what is not written, for the next line that is.
bool FailedAuthentications::may_write(std::string_view address) {
  if (const auto now = clock_.steady(); now - window_began_ >= window) {
    window_began_ = now;
    written_.clear();
  }
  if (written_.size() < lines_max && !written_.contains(address)) {
    written_.emplace(std::string(address), true);
    return true;
  }
  ++suppressed_;
  return false;
}

void FailedAuthentications::note(std::string_view peer, const Error& error) {
  if (error.kind != ErrorKind::unauthenticated) return;
  total_.with({reason_of(error.code)}).add();
  auto address = address_of(peer);
  std::int64_t count = 0, suppressed = 0;
  {
    const std::lock_guard lock(mutex_);
    auto it = sources_.find(address);
    if (it == sources_.end() && sources_.size() >= sources_max) it = sources_.find(address = others);
    if (it == sources_.end()) it = sources_.emplace(std::string(address), Source{std::string(address), {}, 0}).first;
    it->second.code = error.code;
    count = ++it->second.count;
    if (!may_write(address)) return;
    suppressed = std::exchange(suppressed_, 0);
  }
  log_.warn("authentication_failed",
            {{"source", address}, {"code", error.code}, {"failed", count}, {"not_logged", suppressed}});
}

std::vector<FailedAuthentications::Source> FailedAuthentications::take() {
  std::map<std::string, Source, std::less<>> taken;
  {
    const std::lock_guard lock(mutex_);
    taken.swap(sources_);
  }
  std::vector<Source> out;
  out.reserve(taken.size());
  for (auto& [address, source] : taken) out.push_back(std::move(source));
  return out;
}

}  // namespace writ::identity
