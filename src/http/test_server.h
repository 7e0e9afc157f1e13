// A real server on a free port with its own loops, and a raw socket to speak to it byte by byte; for this room's tests.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mutex>
#include <string>

#include "async/loops.h"
#include "core/encoding.h"
#include "http/remote.h"
#include "http/server.h"

namespace writ::http {

/// Tokens that say in clear what a signed one would prove: "Bearer caller" and base64url({tenant, subject, scopes}).
class PlainTokens final : public Authenticator, public CredentialSource {
 public:
  Task<Result<Authenticated>> authenticate(Context, const RequestHead& head, const OperationInfo&) override {
    constexpr std::string_view bearer = "Bearer ";
    Authenticated out;
    const auto token = head.header("Authorization");
    if (!token.starts_with(bearer)) co_return fail(unauthenticated("no_credentials", "send a bearer token"));
    out.caller = token.substr(bearer.size());
    if (const auto text = from_base64url(head.header("Writ-Principal")); text && !text->empty()) {
      WRIT_CO_TRY(const auto document, parse_json(*text));
      const auto& object = document.as_object();
      out.principal.tenant = TenantId(std::string(text_at(object, "tenant")));
      out.principal.subject = Subject(std::string(text_at(object, "subject")));
      for (const auto& scope : object.at("scopes").as_array())
        out.principal.scopes.emplace_back(view(scope.as_string()));
    }
    co_return out;
  }
  Task<Result<std::string>> service_token(Context ctx, std::string_view) override { co_return ctx.caller; }
  Task<Result<std::string>> principal_token(Context ctx, std::string_view) override { co_return of(ctx.principal); }

  static std::string of(const Principal& principal) {
    json::array scopes;
    for (const auto& scope : principal.scopes) scopes.emplace_back(scope);
    return to_base64url(to_text(json::object{
        {"tenant", principal.tenant.str()}, {"subject", principal.subject.str()}, {"scopes", std::move(scopes)}}));
  }
};

/// Collects log lines.
struct LogLines {
  std::mutex mutex;
  std::string text;
  observability::LineWriter writer() {
    return [this](std::string_view line) {
      const std::lock_guard lock(mutex);
      text += line;
    };
  }
};

class TestServer {
 public:
  TestServer(async::Loops& loops, RouteSet routes, ServerLimits limits = {})
      : TestServer(loops, std::move(routes), ServerOptions{.limits = limits}) {}
  TestServer(async::Loops& loops, RouteSet routes, ServerOptions options) : loops_(&loops) {
    auto started = Server::start(loops, std::move(options), std::move(routes), tokens, registry, log);
    if (!started) throw std::runtime_error(started.error().message);
    server = *std::move(started);
  }
  ~TestServer() {
    if (server) (void)stop(Seconds{5});
  }
  Status stop(Millis patience) {
    auto stopped = loops_->run(server->stop(patience));
    server.reset();
    return stopped;
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(server->port()); }

  PlainTokens tokens;
  LogLines lines;
  observability::Registry registry{"server", "1", "test"};
  observability::Logger log{"server", observability::Level::debug, lines.writer()};
  std::unique_ptr<Server> server;

 private:
  async::Loops* loops_;
};

/// A blocking socket; every wait ends after 10 s, so that a defect is a failure and not a hang.
class RawSocket {
 public:
  explicit RawSocket(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval wait{10, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  }
  explicit RawSocket(int accepted) : fd_(accepted), connected_(accepted >= 0) {}
  ~RawSocket() { close(); }
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }
  [[nodiscard]] int fd() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  /// False at the end, an error, or 10 s of silence.
  bool read_more() {
    char bytes[4096];
    const auto n = ::recv(fd_, bytes, sizeof bytes, 0);
    if (n <= 0) return false;
    got_.append(bytes, static_cast<std::size_t>(n));
    return true;
  }
  /// Everything until the server closes.
  std::string read_all() {
    while (read_more()) {}
    return std::exchange(got_, {});
  }
  /// Up to and with `mark`; what came when the server closed before.
  std::string read_until(std::string_view mark) {
    std::size_t at = 0;
    while ((at = got_.find(mark)) == std::string::npos)
      if (!read_more()) return std::exchange(got_, {});
    auto out = got_.substr(0, at + mark.size());
    got_.erase(0, at + mark.size());
    return out;
  }
  /// One answer with a Content-Length: head and body. Empty when the server closed before its end.
  std::string read_answer(bool head_only = false) {
    auto head = read_until("\r\n\r\n");
    const auto at = head.find("Content-Length: ");
    if (!head.ends_with("\r\n\r\n") || at == std::string::npos || head_only) return head;
    const auto length = static_cast<std::size_t>(std::stoul(head.substr(at + 16)));
    while (got_.size() < length)
      if (!read_more()) return {};
    head += got_.substr(0, length);
    got_.erase(0, length);
    return head;
  }

 private:
  int fd_ = -1;
  bool connected_ = false;
  std::string got_;
};

}  // namespace writ::http
