#include "core/bounded_write.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

namespace writ {
namespace {

// A pipe that is writable takes so many bytes without blocking (PIPE_BUF).
constexpr std::size_t piece_max = 4096;

ssize_t write_piece(int fd, std::string_view piece) noexcept {
  const auto sent = ::send(fd, piece.data(), piece.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent < 0 && errno == ENOTSOCK ? ::write(fd, piece.data(), piece.size()) : sent;
}

}  // namespace

Written write_within(int fd, std::string_view bytes, Millis patience) noexcept {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + patience;
  Written out;
  while (out.bytes < bytes.size()) {
    const auto left = std::chrono::duration_cast<Millis>(until - Clock::now()).count();
    pollfd ready{.fd = fd, .events = POLLOUT, .revents = 0};
    const int count = ::poll(&ready, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (count == 0) return out;
    if (count < 0 && errno == EINTR) continue;
    const auto n = write_piece(fd, bytes.substr(out.bytes, piece_max));
    if (n > 0) {
      out.bytes += static_cast<std::size_t>(n);
    } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
      out.broken = true;
      return out;
    }
  }
  return out;
}

}  // namespace writ
