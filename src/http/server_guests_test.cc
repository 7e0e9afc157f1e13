// Who gets in when there are very many, who goes for them, and what a page in a browser may do.
#include <linux/filter.h>
#include <netinet/tcp.h>

#include <thread>

#include "http/ops_routes.h"
#include "http/server_fixture.h"

namespace writ::http {
namespace {

class GuestsTest : public ServerTest {
 protected:
  // As start(), with the operators' routes and other options.
  void serve(ServerOptions options) {
    Routes routes(invoker);
    routes.add(sample::put, notes, &Notes::put);
    routes.add(sample::find, notes, &Notes::find);
    routes.add(sample::watch, notes, &Notes::watch);
    RouteSet set({public_door, ops_only});
    set.add(routes);
    set.add(ops_routes(invoker, {.health = [] { return json::object{{"status", "ok"}}; },
                                 .ready = [] { return ReadyReport{.ready = true, .body = {}}; },
                                 .ready_of = {},
                                 .metrics = [] { return std::string("metrics 1\n"); }}));
    server = std::make_unique<TestServer>(loops, std::move(set), std::move(options));
  }
  [[nodiscard]] std::unique_ptr<RawSocket> at_work() const {
    auto socket = std::make_unique<RawSocket>(server->server->port());
    socket->send(request(put_line, entitled(), R"({"text":"wait"})"));
    return socket;
  }
};

TEST_F(GuestsTest, very_many_idle_connections_of_one_peer_keep_nobody_out) {
  serve({.limits = {.connections_max = 64, .peer_connections_max = 32}});
  std::vector<std::unique_ptr<RawSocket>> idle;
  for (int i = 0; i < 300; ++i) {
    idle.push_back(std::make_unique<RawSocket>(server->server->port()));
    if (i % 3 == 0) idle.back()->send("GET /v1/notes/n HTTP/1.1\r\nHost:");  // half a head waits, too
  }
  EXPECT_TRUE(is(ask("GET /health"), 200));
  EXPECT_TRUE(is(ask("GET /v1/notes/n"), 200));
  auto last = connect();
  last.send(request("GET /v1/notes/n"));
  EXPECT_TRUE(is(last.read_answer(), 200));
}

TEST_F(GuestsTest, with_every_place_at_work_the_probes_are_answered_and_the_rest_is_told) {
  serve({.limits = {.connections_max = 4, .peer_connections_max = 100}});
  std::vector<std::unique_ptr<RawSocket>> busy;
  for (int i = 0; i < 4; ++i) busy.push_back(at_work());
  while (notes.at_gate < 4) std::this_thread::yield();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(is(ask("GET /health"), 200));
    EXPECT_TRUE(is(ask("GET /ready"), 200));
    EXPECT_TRUE(is(ask("GET /metrics"), 200));
    const auto told = ask("GET /v1/notes/n");
    EXPECT_TRUE(is(told, 503, "connections_max")) << told;
    EXPECT_NE(told.find("Retry-After: "), std::string::npos);
    EXPECT_NE(told.find("Connection: close"), std::string::npos);
  }
}

TEST_F(GuestsTest, a_silent_guest_of_the_reserve_goes_soon) {
  serve({.limits = {.connections_max = 1, .reserve_timeout = Millis{50}}});
  auto busy = at_work();
  while (notes.at_gate < 1) std::this_thread::yield();
  auto silent = connect();
  EXPECT_EQ(silent.read_all(), "");
  auto slow = connect();
  slow.send("GET /health HTTP/1.1\r\n");
  EXPECT_TRUE(is(slow.read_all(), 408));
}

// A filter that drops everything is a peer that has vanished: not even its kernel answers.
void vanish(const RawSocket& socket) {
  sock_filter drop{BPF_RET | BPF_K, 0, 0, 0};
  const sock_fprog filter{.len = 1, .filter = &drop};
  ASSERT_EQ(::setsockopt(socket.fd(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter), 0);
}

TEST_F(GuestsTest, a_subscriber_that_vanished_is_noticed_by_its_missing_acknowledgements) {
  serve({.limits = {.peer_gone = Seconds{1}, .heartbeat = Millis{100}}});
  auto socket = connect();
  socket.send(request("GET /v1/notes/silent/ticks", entitled()));
  ASSERT_NE(socket.read_until(":\n\n"), "");
  auto dropped = notes.stream_dropped.get_future();
  vanish(socket);
  EXPECT_EQ(dropped.wait_for(Seconds{20}), std::future_status::ready);
}

TEST_F(GuestsTest, a_client_that_takes_its_answer_byte_by_byte_does_not_keep_it_for_ever) {
  serve({.limits = {.write_stall = Seconds{10}, .write_grace = Millis{200}, .write_rate_min = 1'000'000'000}});
  auto socket = connect();
  const int small = 4096;
  ::setsockopt(socket.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  const auto big = request(put_line, entitled(), R"({"text":")" + std::string(120'000, 'x') + "\"}");
  std::jthread reader([&socket](const std::stop_token& enough) {
    char byte = 0;
    while (!enough.stop_requested() && ::recv(socket.fd(), &byte, 1, 0) == 1) std::this_thread::sleep_for(Millis{5});
  });
  const auto until = std::chrono::steady_clock::now() + Seconds{15};
  while (socket.send(big) && std::chrono::steady_clock::now() < until) {}
  EXPECT_LT(std::chrono::steady_clock::now(), until) << "the server still held the connection";
}

TEST_F(GuestsTest, a_page_of_a_listed_origin_may_ask_and_no_other) {
  serve({.browser = {.is_loopback = false, .hosts = {}, .origins = {"https://app.example"}}});
  const std::string preflight =
      "Access-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: authorization\r\n";
  const auto allowed = ask("OPTIONS /v1/notes/n", "Origin: https://app.example\r\n" + preflight);
  EXPECT_TRUE(is(allowed, 204)) << allowed;
  EXPECT_NE(allowed.find("Access-Control-Allow-Origin: https://app.example\r\n"), std::string::npos) << allowed;
  EXPECT_NE(allowed.find("Access-Control-Allow-Methods: GET, HEAD, PUT\r\n"), std::string::npos) << allowed;
  EXPECT_NE(allowed.find("Access-Control-Allow-Headers: Authorization, "), std::string::npos);
  EXPECT_NE(allowed.find("Access-Control-Max-Age: 600\r\n"), std::string::npos);
  EXPECT_NE(allowed.find("Vary: Origin\r\n"), std::string::npos);
  EXPECT_EQ(allowed.find("Allow-Credentials"), std::string::npos);
  for (const std::string_view other :
       {"https://evil.example", "null", "https://app.example.evil", "http://app.example"}) {
    const auto refused = ask("OPTIONS /v1/notes/n", "Origin: " + std::string(other) + "\r\n" + preflight);
    EXPECT_TRUE(is(refused, 405)) << other;
    EXPECT_EQ(refused.find("Access-Control"), std::string::npos) << other;
    EXPECT_NE(refused.find("Vary: Origin\r\n"), std::string::npos);
  }
  const auto simple = ask("GET /v1/notes/n", "Origin: https://app.example\r\n");
  EXPECT_TRUE(is(simple, 200));
  EXPECT_NE(simple.find("Access-Control-Allow-Origin: https://app.example\r\n"), std::string::npos);
  EXPECT_NE(ask(put_line, "Origin: https://app.example\r\n").find("Access-Control-Allow-Origin"), std::string::npos)
      << "errors can be read, too";
  EXPECT_EQ(ask("GET /metrics", "Origin: https://app.example\r\n").find("Access-Control"), std::string::npos);
  EXPECT_TRUE(is(ask("OPTIONS /nothing", "Origin: https://app.example\r\n" + preflight), 404));
}

TEST_F(GuestsTest, without_a_list_no_page_may_ask) {
  serve({});
  const auto refused =
      ask("OPTIONS /v1/notes/n", "Origin: https://app.example\r\nAccess-Control-Request-Method: GET\r\n");
  EXPECT_TRUE(is(refused, 405));
  EXPECT_EQ(ask("GET /v1/notes/n", "Origin: https://app.example\r\n").find("Access-Control"), std::string::npos);
}

TEST_F(GuestsTest, on_the_loopback_a_rebound_name_and_a_foreign_page_are_refused) {
  serve({.browser = {.is_loopback = true}});
  const auto with_host = [this](const std::string& headers) {
    auto socket = connect();
    socket.send("GET /health HTTP/1.1\r\n" + headers + "\r\n");
    return socket.read_answer();
  };
  EXPECT_TRUE(is(with_host("Host: localhost\r\n"), 200));
  EXPECT_TRUE(is(with_host("Host: evil.example\r\n"), 400, "bad_host"));
  EXPECT_TRUE(is(with_host("Host: localhost\r\nOrigin: https://evil.example\r\n"), 403, "bad_origin"));
  EXPECT_TRUE(is(with_host("Host: localhost:9\r\nOrigin: http://localhost:9\r\n"), 200));
}

TEST_F(GuestsTest, operators_data_is_for_this_machine_where_it_is_said_so) {
  serve({.operators = Operators::this_machine});
  EXPECT_TRUE(is(ask("GET /metrics"), 200));
  EXPECT_TRUE(is(ask("GET /metrics", "X-Forwarded-For: 10.1.2.3\r\n"), 403, "operators_only"));
  EXPECT_TRUE(is(ask("GET /health", "X-Forwarded-For: 10.1.2.3\r\n"), 200)) << "probes come from anywhere";
}

}  // namespace
}  // namespace writ::http
