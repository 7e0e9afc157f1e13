// The client against real and misbehaving servers: what it reuses, what it repeats, and what it says of each failure.
#include <thread>

#include "http/client_connection.h"
#include "http/server_fixture.h"

namespace writ::http {
namespace {

/// A server that answers each connection by a script and closes it.
class ScriptedServer {
 public:
  using Script = std::function<void(RawSocket&, int connection)>;
  explicit ScriptedServer(Script script) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (::bind(fd_, reinterpret_cast<const sockaddr*>(&at), size) != 0 || ::listen(fd_, 16) != 0)
      throw std::runtime_error("listen");
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
    thread_ = std::jthread([this, script = std::move(script)] {
      for (int n = 0;; ++n) {
        RawSocket peer(::accept(fd_, nullptr, nullptr));
        if (!peer.connected()) return;
        script(peer, n);
      }
    });
  }
  ~ScriptedServer() {
    ::shutdown(fd_, SHUT_RDWR);
    thread_.join();
    ::close(fd_);
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  int fd_;
  std::uint16_t port_ = 0;
  std::jthread thread_;
};

constexpr std::string_view ok_answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
void take_request(RawSocket& peer) { (void)peer.read_until("\r\n\r\n"); }

class ClientTest : public ServerTest {
 protected:
  Result<ClientResponse> get(Client& client, Repeat repeat = Repeat::unsafe,
                             Context ctx = Context{}.within(Seconds{10})) {
    return loops.run(client.send(std::move(ctx), {.method = Method::get, .target = "/v1/notes/n", .repeat = repeat}));
  }
  double connections() { return server->registry.gauge(connections_info).value(); }
  static constexpr observability::MetricInfo connections_info{
      .name = "http_connections", .help = "Open connections of the server.", .type = observability::MetricType::gauge};
};

TEST(Client, a_base_url_is_plain_http_with_host_and_port) {
  for (auto good : {"http://policy:8080", "http://127.0.0.1:1/prefix/", "http://[::1]:80", "http://localhost"})
    EXPECT_TRUE(Client::create(good)) << good;
  for (auto bad : {"", "https://x", "http://", "http://:80", "http://x:", "http://x:99999x", "http://a@b:1",
                   "http://x:1/?q", "http://[::1"})
    EXPECT_FALSE(Client::create(bad)) << bad;
}

TEST_F(ClientTest, a_connection_is_used_again_after_a_whole_answer) {
  start();
  const auto client = *Client::create(server->url());
  for (int i = 0; i < 5; ++i) {
    const auto answer = get(*client);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 200);
    EXPECT_FALSE(answer->header("traceparent").empty());
  }
  EXPECT_EQ(connections(), 1);
}

TEST_F(ClientTest, nobody_listening_means_not_sent) {
  const auto client = *Client::create("http://127.0.0.1:1");
  const auto answer = get(*client);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(answer.error().outcome, Outcome::not_sent);
  // The message may go out to the public; the address is for the log.
  EXPECT_EQ(answer.error().message.find("127.0.0.1"), std::string::npos) << answer.error().message;
  EXPECT_EQ(answer.error().where, "127.0.0.1:1");
}

TEST(Client, a_connection_to_itself_is_known_as_one) {
  async::Loops loops(1);
  Socket lonely(loops.at(0)), other(loops.at(0));
  lonely.open(asio::ip::tcp::v4());
  lonely.bind({asio::ip::address_v4::loopback(), 0});
  EXPECT_FALSE(is_to_itself(lonely)) << "not connected";
  lonely.connect(lonely.local_endpoint());
  EXPECT_TRUE(is_to_itself(lonely));
  asio::basic_socket_acceptor<asio::ip::tcp, Executor> server(loops.at(0), {asio::ip::address_v4::loopback(), 0});
  other.connect(server.local_endpoint());
  EXPECT_FALSE(is_to_itself(other));
}

TEST_F(ClientTest, a_cut_after_the_request_is_unknown_and_never_repeated) {
  std::atomic<int> seen{0};
  ScriptedServer peer([&](RawSocket& socket, int) {
    take_request(socket);
    ++seen;
  });
  const auto client = *Client::create(peer.url());
  for (auto repeat : {Repeat::unsafe, Repeat::idempotent}) {
    const auto answer = get(*client, repeat);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().outcome, Outcome::unknown);
  }
  EXPECT_EQ(seen, 2) << "a fresh connection is not stale: no repetition";
}

TEST_F(ClientTest, a_cut_answer_is_an_error_and_not_a_short_answer) {
  ScriptedServer peer([](RawSocket& socket, int) {
    take_request(socket);
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  });
  const auto client = *Client::create(peer.url());
  const auto answer = get(*client);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, "connection_cut");
  EXPECT_EQ(answer.error().outcome, Outcome::unknown);
}

TEST_F(ClientTest, a_stale_pooled_connection_is_repeated_once_when_idempotent) {
  std::atomic<int> requests{0};
  ScriptedServer peer([&](RawSocket& socket, int connection) {
    take_request(socket);
    ++requests;
    socket.send(ok_answer);
    if (connection % 2 == 0) take_request(socket);  // then it closes: the second request meets a closing connection
  });
  const auto client = *Client::create(peer.url());
  EXPECT_TRUE(get(*client, Repeat::idempotent));
  EXPECT_TRUE(get(*client, Repeat::idempotent));
  EXPECT_EQ(requests, 2);
  const auto second = *Client::create(peer.url());
  EXPECT_TRUE(get(*second));
  const auto unsafe = get(*second);
  ASSERT_FALSE(unsafe) << "the server may have acted on it";
  EXPECT_EQ(unsafe.error().outcome, Outcome::unknown);
}

TEST_F(ClientTest, a_pooled_connection_that_the_server_closed_is_not_used) {
  std::atomic<int> closed{0};
  ScriptedServer peer([&](RawSocket& socket, int) {
    take_request(socket);
    socket.send(ok_answer);
    socket.close();
    ++closed;
  });
  const auto client = *Client::create(peer.url());
  EXPECT_TRUE(get(*client));
  while (closed == 0) std::this_thread::yield();
  EXPECT_TRUE(get(*client)) << "an unsafe request may not be repeated: the connection has to be seen as closed before";
}

TEST_F(ClientTest, a_line_break_in_a_header_is_never_sent) {
  start();
  const auto client = *Client::create(server->url());
  const auto answer =
      loops.run(client->send({}, {.method = Method::get, .target = "/v1/notes/n", .headers = {{"X", "a\r\nY: b"}}}));
  EXPECT_EQ(answer.error().code, "bad_header");
  EXPECT_EQ(
      loops.run(client->send({}, {.method = Method::get, .target = "/v1/notes/n HTTP/1.1\r\n\r\n"})).error().outcome,
      Outcome::not_sent);
}

TEST_F(ClientTest, answers_are_limited_in_head_and_body) {
  ScriptedServer peer([](RawSocket& socket, int connection) {
    take_request(socket);
    if (connection == 0) socket.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    else socket.send("HTTP/1.1 200 OK\r\nX: " + std::string(9000, 'x') + "\r\nContent-Length: 0\r\n\r\n");
  });
  const auto client = *Client::create(peer.url(), {.header_max = 8000, .body_max = 99'999});
  EXPECT_EQ(get(*client).error().code, "answer_too_large");
  EXPECT_EQ(get(*client).error().code, "answer_too_large");
}

TEST_F(ClientTest, interim_answers_are_skipped_and_a_body_may_end_with_the_connection) {
  ScriptedServer peer([](RawSocket& socket, int) {
    take_request(socket);
    socket.send("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\nuntil the end");
  });
  const auto client = *Client::create(peer.url());
  const auto answer = get(*client);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "until the end");
}

TEST_F(ClientTest, a_dropped_stream_closes_its_connection) {
  start();
  const auto client = *Client::create(server->url());
  Context ctx = Context{}.within(Seconds{10});
  ClientRequest request{
      .method = Method::get, .target = "/v1/notes/flood/ticks", .headers = {{"Authorization", "Bearer x"}}};
  request.headers.push_back(
      {"Writ-Principal", PlainTokens::of({TenantId("t"), Subject("s"), PrincipalKind::user, {"notes:read"}, {}})});
  auto opened = loops.run(client->open_stream(ctx, request));
  ASSERT_TRUE(opened);
  ASSERT_TRUE(opened->stream);
  EXPECT_TRUE(loops.run(opened->stream->next()));
  opened->stream.reset();
  EXPECT_EQ(notes.stream_dropped.get_future().wait_for(Seconds{10}), std::future_status::ready);
}

TEST_F(ClientTest, a_cut_stream_of_a_port_is_an_error_of_unknown_outcome) {
  ScriptedServer peer([](RawSocket& socket, int) {
    take_request(socket);
    socket.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string event = "id: 1\ndata: {\"seq\":1,\"text\":\"a\"}\n\n";
    socket.send("22\r\n" + event + "\r\n");
  });
  const auto client = *Client::create(peer.url());
  PlainTokens tokens;
  Remote remote(*client, tokens, invoker, "sample");
  auto stream = loops.run(remote.open(sample::watch, Context{}.within(Seconds{10}), sample::Watch{"n"}));
  ASSERT_TRUE(stream);
  const auto first = loops.run((*stream)->next());
  ASSERT_TRUE(first);
  ASSERT_TRUE(*first);
  const auto cut = loops.run((*stream)->next());
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(cut.error().outcome, Outcome::unknown);
}

TEST_F(ClientTest, a_stream_whose_heartbeats_stay_away_is_cut_and_one_that_has_them_is_not) {
  constexpr int beats = 6;
  std::promise<void> over;
  ScriptedServer peer([&, until = over.get_future().share()](RawSocket& socket, int) {
    take_request(socket);
    socket.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < beats; ++i) {
      std::this_thread::sleep_for(Millis{100});
      socket.send("3\r\n:\n\n\r\n");
    }
    until.wait();  // the connection stays open, and nothing comes
  });
  const auto client = *Client::create(peer.url());
  auto opened = loops.run(client->open_stream(
      Context{}.within(Seconds{60}),
      {.method = Method::get, .target = "/v1/notes/n/ticks", .headers = {}, .silence = Millis{500}}));
  ASSERT_TRUE(opened);
  std::string got;
  auto piece = loops.run(opened->stream->next());
  for (; piece && *piece; piece = loops.run(opened->stream->next())) got += **piece;
  over.set_value();
  EXPECT_EQ(got.size(), beats * heartbeat_comment.size()) << "longer in sum than the silence that is borne";
  ASSERT_FALSE(piece);
  EXPECT_EQ(piece.error().code, "stream_cut");
}

Task<void> send_to(Client* client, std::atomic<int>* done) {
  if (co_await client->send(Context{}.within(Seconds{20}), {.method = Method::get, .target = "/v1/notes/n"})) ++*done;
}

TEST_F(ClientTest, more_requests_than_connections_wait_their_turn) {
  start();
  const auto client = *Client::create(server->url(), {.connections_max = 2});
  async::TaskGroup group("requests", 100);
  std::atomic<int> done{0};
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(group.spawn(loops.at(0), "request", send_to(client.get(), &done)));
  EXPECT_TRUE(loops.run(group.stop(Seconds{20})));
  EXPECT_EQ(done, 100);
  EXPECT_LE(connections(), 2);
}

TEST_F(ClientTest, a_full_queue_refuses_and_a_waiting_request_keeps_its_deadline) {
  start();
  const auto client = *Client::create(server->url(), {.connections_max = 1, .waiting_max = 1});
  async::TaskGroup group("requests", 4);
  std::atomic<int> done{0};
  auto hold = [](Client* c) -> Task<void> {
    Context ctx = Context{}.within(Seconds{20});
    ClientRequest request{.method = Method::put, .target = "/v1/notes/n", .body = R"({"text":"gate"})"};
    request.headers.push_back({"Authorization", "Bearer x"});
    request.headers.push_back(
        {"Writ-Principal", PlainTokens::of({TenantId("t"), Subject("s"), PrincipalKind::user, {"notes:write"}, {}})});
    (void)co_await c->send(ctx, request);
  };
  ASSERT_TRUE(group.spawn(loops.at(0), "hold", hold(client.get())));
  while (notes.at_gate == 0) std::this_thread::yield();
  const auto late = get(*client, Repeat::unsafe, Context{}.within(Millis(30)));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::deadline);
  EXPECT_EQ(late.error().outcome, Outcome::not_sent);
  ASSERT_TRUE(group.spawn(loops.at(0), "wait", send_to(client.get(), &done)));
  const auto refused = get(*client);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "queue_full");
  notes.gate.notify();
  EXPECT_TRUE(loops.run(group.stop(Seconds{10})));
  EXPECT_EQ(done, 1);
}

}  // namespace
}  // namespace writ::http
