// Every class of bad input that a client can send, against a real server.
#include "http/server_fixture.h"

namespace writ::http {
namespace {

TEST_F(ServerTest, what_is_not_http_is_answered_400_and_closed) {
  start();
  for (std::string_view bad :
       {"GARBAGE\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/1.1\r\nHost t\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: t\r\nContent-Length: x\r\n\r\n", "GET /v1/notes/n HTTP/1.1\r\n\r\n",
        "GET /v1/notes/n HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "\x16\x03\x01\x02\r\n\r\n",
        "POST /v1/chat HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /v1/chat HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    const auto answer = raw(bad);
    EXPECT_TRUE(is(answer, 400, "bad_request")) << bad << "\n" << answer;
  }
}

TEST_F(ServerTest, paths_and_methods_have_their_statuses) {
  start();
  EXPECT_TRUE(is(ask("GET /nothing"), 404, "no_route"));
  const auto other = ask("DELETE /v1/notes/n");
  EXPECT_TRUE(is(other, 405, "method_not_allowed"));
  EXPECT_NE(other.find("Allow: GET, HEAD, PUT\r\n"), std::string::npos) << other;
  EXPECT_TRUE(is(ask("OPTIONS /v1/notes/n"), 405));
  EXPECT_TRUE(is(ask("BREW /v1/notes/n"), 501, "unknown_method"));
  EXPECT_TRUE(is(ask("GET http://t/v1/notes/n?count=4"), 200));
}

TEST_F(ServerTest, problems_are_named_all_at_once_with_trace_and_type) {
  start();
  const auto answer =
      ask(put_line, entitled() + "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n",
          R"({"text":"","count":100,"extra":1})");
  EXPECT_TRUE(is(answer, 400, "invalid_request"));
  EXPECT_NE(answer.find("Content-Type: application/problem+json"), std::string::npos);
  EXPECT_NE(answer.find(R"("trace_id":"0af7651916cd43dd8448eb211c80319c")"), std::string::npos);
  for (auto pointer : {"/text", "/count", "/extra"})
    EXPECT_NE(answer.find("\"" + std::string(pointer) + "\""), std::string::npos);
}

TEST_F(ServerTest, bodies_must_be_json_of_their_type) {
  start();
  EXPECT_TRUE(is(ask(put_line, entitled(), "{"), 400, "bad_json"));
  EXPECT_TRUE(is(ask(put_line, entitled(), "{\"text\":\"\xff\"}"), 400, "bad_encoding"));
  EXPECT_TRUE(is(ask(put_line, entitled(), R"({"text":"a","text":"b"})"), 400, "bad_json"));
  EXPECT_TRUE(
      is(ask(put_line, entitled(), "{\"text\":" + std::string(40, '[') + std::string(40, ']') + "}"), 400, "bad_json"));
  EXPECT_TRUE(is(ask("POST /v1/chat", "Content-Type: text/plain\r\n", "hello"), 415, "unsupported_media_type"));
  EXPECT_TRUE(is(ask("POST /v1/chat", "Content-Type: application/json\r\nContent-Encoding: gzip\r\n", "{}"), 415,
                 "unsupported_encoding"));
  EXPECT_TRUE(is(ask("GET /v1/notes/n", {}, "{}"), 400, "unexpected_body"));
}

TEST_F(ServerTest, openai_routes_use_openais_error_shape) {
  start();
  const auto answer =
      ask("POST /v1/chat", "Content-Type: application/json\r\n", R"({"note_id":"n","text":5,"new_field":1})");
  EXPECT_TRUE(is(answer, 400));
  EXPECT_NE(answer.find(R"({"error":{"message":)"), std::string::npos) << answer;
  EXPECT_NE(answer.find(R"("param":"text")"), std::string::npos);
  EXPECT_EQ(answer.find("new_field"), std::string::npos);
}

TEST_F(ServerTest, what_is_too_large_is_refused_while_it_comes) {
  start({.header_max = 2048});
  EXPECT_TRUE(is(raw("GET /v1/notes/n HTTP/1.1\r\nHost: t\r\nX: " + std::string(4096, 'x') + "\r\n\r\n"), 431,
                 "header_too_large"));
  const std::string big = R"({"text":")" + std::string(140'000, 'x') + "\"}";
  EXPECT_TRUE(is(ask(put_line, entitled(), big), 413, "body_too_large"));
  std::string chunked = request(put_line, entitled() + "Transfer-Encoding: chunked\r\n");
  for (int i = 0; i < 20; ++i) chunked += "2000\r\n" + std::string(0x2000, 'x') + "\r\n";
  EXPECT_TRUE(is(raw(chunked + "0\r\n\r\n"), 413, "body_too_large"));
}

TEST_F(ServerTest, malformed_call_headers_are_refused) {
  start();
  EXPECT_TRUE(is(ask("GET /v1/notes/n", "Writ-Timeout: soon\r\n"), 400, "bad_header"));
  EXPECT_TRUE(is(ask("GET /v1/notes/n", "X-Request-ID: a b\r\n"), 400, "bad_header"));
  EXPECT_TRUE(is(ask("GET /v1/notes/n", "Writ-Timeout: 0ms\r\n"), 504, "deadline_exceeded"));
}

TEST_F(ServerTest, who_is_not_known_or_not_entitled_is_refused_before_the_body) {
  start();
  const auto unknown = ask(put_line, {}, R"({"text":"t"})");
  EXPECT_TRUE(is(unknown, 401, "no_credentials"));
  EXPECT_NE(unknown.find("WWW-Authenticate: Bearer"), std::string::npos);
  EXPECT_TRUE(is(ask(put_line, "Authorization: Bearer x\r\nContent-Type: application/json\r\n", R"({"text":"t"})"), 401,
                 "no_principal"));
  const Principal reader{TenantId("local"), Subject("dev"), PrincipalKind::user, {"notes:read"}, {}};
  const auto headers =
      "Authorization: Bearer x\r\nContent-Type: application/json\r\nWrit-Principal: " + PlainTokens::of(reader) +
      "\r\n";
  EXPECT_TRUE(is(ask(put_line, headers, R"({"text":"t"})"), 403, "missing_scope"));
}

TEST_F(ServerTest, a_slow_head_and_a_slow_body_are_cut_off) {
  start({.header_timeout = Millis(60), .body_grace = Millis(60), .body_rate_min = 1'000'000});
  auto head = connect();
  head.send("GET /v1/notes/n HTTP/1.1\r\nHost:");
  EXPECT_TRUE(is(head.read_all(), 408, "request_timeout"));
  auto body = connect();
  body.send("PUT /v1/notes/n HTTP/1.1\r\nHost: t\r\n" + entitled() + "Content-Length: 100\r\n\r\n{");
  EXPECT_TRUE(is(body.read_all(), 408, "request_timeout"));
}

TEST_F(ServerTest, a_silent_connection_is_closed_without_a_word) {
  start({.idle_timeout = Millis(60)});
  auto silent = connect();
  EXPECT_EQ(silent.read_all(), "");
}

TEST_F(ServerTest, connections_over_the_limit_are_told_so) {
  start({.connections_max = 1});
  auto first = connect();
  first.send(request("GET /v1/notes/n"));
  EXPECT_TRUE(is(first.read_answer(), 200));
  auto second = connect();
  EXPECT_TRUE(second.read_all().starts_with("HTTP/1.1 503 "));
}

TEST_F(ServerTest, an_internal_error_shows_a_trace_id_and_logs_the_rest) {
  start();
  const auto answer = ask(put_line, entitled(), R"({"text":"crash"})");
  EXPECT_TRUE(is(answer, 500, "internal"));
  EXPECT_EQ(answer.find("hunter2"), std::string::npos);
  EXPECT_NE(answer.find("trace_id"), std::string::npos);
  EXPECT_NE(server->lines.text.find("hunter2"), std::string::npos);
}

TEST_F(ServerTest, a_taken_port_is_an_error_that_says_what_to_do) {
  start();
  PlainTokens tokens;
  const auto second =
      Server::start(loops, {.port = server->server->port()}, RouteSet({public_door}), tokens, registry, server->log);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "port_taken");
  EXPECT_NE(second.error().message.find("another port"), std::string::npos);
  EXPECT_EQ(
      Server::start(loops, {.bind = "localhost"}, RouteSet({public_door}), tokens, registry, server->log).error().code,
      "bad_bind");
}

// A client that tries again and again while its server is down must not keep the server from its port.
TEST_F(ServerTest, it_gets_its_port_while_somebody_knocks) {
  start();
  const auto port = server->server->port();
  ASSERT_TRUE(server->stop(Seconds{5}));
  server.reset();
  PlainTokens tokens;
  LogLines lines;
  const observability::Logger log{"server", observability::Level::debug, lines.writer()};
  const std::jthread client([port](const std::stop_token& enough) {
    while (!enough.stop_requested()) const RawSocket knock(port);
  });
  for (int i = 0; i < 300; ++i) {
    const auto again = Server::start(loops, {.port = port}, RouteSet({public_door}), tokens, registry, log);
    ASSERT_TRUE(again) << "start " << i << ": " << again.error().message;
    ASSERT_TRUE(loops.run((*again)->stop(Seconds{5})));
  }
}

}  // namespace
}  // namespace writ::http
