// The routes that the server's tests speak to, with handlers a test can hold, watch and release.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <mutex>

#include "async/task_group.h"
#include "http/sample_operations.h"
#include "http/test_server.h"

namespace writ::http {

class Notes {
 public:
  Task<Result<sample::Note>> put(Context ctx, sample::Note in) {
    remember(ctx);
    if (in.text == "crash") throw std::runtime_error("hunter2");
    if (in.text == "conflict") {
      auto error = conflict("no_space", "no space");
      error.retry_after = std::chrono::seconds(9);
      co_return fail(std::move(error));
    }
    if (in.text == "hold") {
      entered.set_value();
      const async::Signal never;
      const auto woken = co_await never.wait(ctx);
      left.set_value(woken);
      co_return fail(cancelled("notes"));
    }
    if (in.text == "wait") {  // until its client goes
      ++at_gate;
      const async::Signal never;
      (void)co_await never.wait(ctx);
      --at_gate;
    }
    if (in.text == "gate") {
      ++at_gate;
      (void)co_await gate.wait(ctx);
      --at_gate;
    }
    co_return in;
  }
  Task<Result<sample::Find>> find(Context, sample::Find in) { co_return in; }
  // "n": three ticks after `after`. "silent": none until its context ends. "flood": without end. "broken": one, then an error.
  Task<Result<StreamPtr<sample::Tick>>> watch(Context ctx, sample::Watch in) {
    co_return std::make_unique<Ticks>(*this, std::move(ctx), std::move(in));
  }

  /// Of the last put(). Requests come in on several loops at once.
  Context last_request() const {
    const std::lock_guard lock(mutex_);
    return last_request_;
  }
  std::promise<void> entered;
  std::promise<async::Woken> left;
  std::promise<void> stream_dropped;
  async::Signal gate;
  std::atomic<int> at_gate{0};

 private:
  void remember(const Context& ctx) {
    const std::lock_guard lock(mutex_);
    last_request_ = ctx;
  }
  mutable std::mutex mutex_;
  Context last_request_;

  class Ticks final : public Stream<sample::Tick> {
   public:
    Ticks(Notes& notes, Context ctx, sample::Watch in)
        : notes_(notes), ctx_(std::move(ctx)), in_(std::move(in)), seq_(in_.after) {}
    ~Ticks() override {
      if (in_.note_id != "n" && in_.note_id != "broken") notes_.stream_dropped.set_value();
    }
    Task<Result<std::optional<sample::Tick>>> next() override {
      using Item = std::optional<sample::Tick>;
      if (in_.note_id == "silent") {
        const async::Signal never;
        (void)co_await never.wait(ctx_);
        co_return fail(cancelled("ticks"));
      }
      if (ctx_.cancel.stop_requested()) co_return fail(cancelled("ticks"));
      if (in_.note_id == "broken" && seq_ > in_.after) co_return fail(unavailable("gone", "it is gone", {}));
      if (in_.note_id == "n" && seq_ == in_.after + 3) co_return Item();
      ++seq_;
      co_return Item({seq_, in_.note_id == "flood" ? std::string(8192, 'x') : "tick"});
    }

   private:
    Notes& notes_;
    Context ctx_;
    sample::Watch in_;
    std::int64_t seq_;
  };
};

class ServerTest : public testing::Test {
 public:
  ~ServerTest() override {
    if (server) (void)server->stop(Seconds{5});
  }

 protected:
  void start(ServerLimits limits = {}, Admission* admission = nullptr) {
    Routes routes(invoker);
    routes.add(sample::put, notes, &Notes::put);
    routes.add(sample::find, notes, &Notes::find);
    routes.add(sample::watch, notes, &Notes::watch);
    routes.add(sample::chat, notes, &Notes::put);
    RouteSet set({public_door, ops_only});
    set.add(routes);
    server =
        std::make_unique<TestServer>(loops, std::move(set), ServerOptions{.limits = limits, .admission = admission});
  }
  [[nodiscard]] RawSocket connect() const { return RawSocket(server->server->port()); }
  /// One request on a connection of its own, sent as it is; everything the server says until it closes.
  [[nodiscard]] std::string raw(std::string_view request) const {
    auto socket = connect();
    socket.send(request);
    ::shutdown(socket.fd(), SHUT_WR);
    return socket.read_all();
  }
  /// The answer to one well-formed request with these header lines and this body.
  [[nodiscard]] std::string ask(std::string_view line, std::string_view headers = {},
                                std::string_view body = {}) const {
    auto socket = connect();
    socket.send(request(line, headers, body));
    return socket.read_answer(line.starts_with("HEAD"));
  }
  [[nodiscard]] static std::string request(std::string_view line, std::string_view headers = {},
                                           std::string_view body = {}) {
    std::string out = std::string(line) + " HTTP/1.1\r\nHost: t\r\n" + std::string(headers);
    if (!body.empty()) out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return out + "\r\n" + std::string(body);
  }
  /// Headers of a principal who may read and write notes, and of a JSON body.
  [[nodiscard]] static std::string entitled() {
    const Principal dev{TenantId("local"), Subject("dev"), PrincipalKind::user, {"notes:write", "notes:read"}, {}};
    return "Authorization: Bearer tester\r\nWrit-Principal: " + PlainTokens::of(dev) +
           "\r\nContent-Type: application/json\r\n";
  }
  [[nodiscard]] static bool is(std::string_view answer, int status, std::string_view code = {}) {
    return answer.starts_with("HTTP/1.1 " + std::to_string(status) + " ") &&
           (code.empty() || answer.find("\"code\":\"" + std::string(code) + "\"") != std::string_view::npos);
  }

  async::Loops loops{2};
  observability::Registry registry{"sample", "1", "test"};
  Invoker invoker{registry};
  Notes notes;
  std::unique_ptr<TestServer> server;
};

inline constexpr std::string_view put_line = "PUT /v1/notes/n";

}  // namespace writ::http
