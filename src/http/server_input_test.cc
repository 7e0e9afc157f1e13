// Every class of bad input that a client can send, against a real server.
#include "http/server_fixture.h"

namespace writ::http {
namespace {

using namespace std::string_literals;

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

std::size_t answers_in(std::string_view text) {
  std::size_t count = 0;
  for (auto at = text.find("HTTP/1.1 "); at != std::string_view::npos; at = text.find("HTTP/1.1 ", at + 1)) ++count;
  return count;
}

// Each could be read as two requests by one reader and as one by another.
TEST_F(ServerTest, what_two_readers_would_read_differently_is_one_400_and_a_close) {
  start();
  const std::string hidden = "GET /v1/notes/hidden HTTP/1.1\r\nHost: t\r\n\r\n";
  const auto post = [](std::string_view headers) {
    return "POST /v1/chat HTTP/1.1\r\nHost: t\r\n" + std::string(headers) + "\r\n";
  };
  const std::string whole = "0\r\n\r\n";
  for (const std::string& bad : {
           post("Transfer-Encoding: gzip\r\n"),
           post("Transfer-Encoding: identity\r\n"),
           post("Transfer-Encoding: xchunked\r\n"),
           post("Transfer-Encoding: chunked, gzip\r\n") + whole,
           post("Transfer-Encoding: gzip, chunked\r\n") + whole,
           post("Transfer-Encoding: \r\n"),
           post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n") + whole,
           post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n") + whole,
           post("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n") + whole,
           post("Transfer-Encoding: gzip\r\nContent-Length: 5\r\n"),
           post("Content-Length: 5\r\nTransfer-Encoding: gzip\r\n"),
           post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + whole,
           post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n") + whole,
           post("Transfer-Encoding:\r\n chunked\r\n") + whole,
           post("Transfer-Encoding: x\r\n\tchunked\r\n") + whole,
           post("Transfer-Encoding : chunked\r\n") + whole,
           post(" Transfer-Encoding: chunked\r\n") + whole,
           post("Transfer-Encoding\0: chunked\r\n"s) + whole,
           post("Transfer-Encoding: chunked\x0b\r\n") + whole,
           post("Transfer-Encoding: chunked\nX: y\r\n") + whole,
           post("Transfer-Encoding: chunked\rX: y\r\n") + whole,
           post("X: y\r\n Transfer-Encoding: chunked\r\n") + whole,
           post("X\n: y\r\n"),
           post("X: a\0b\r\n"s),
           post(": y\r\n"),
           post("X y: z\r\n"),
           post("X\x7f: z\r\n"),
           std::string(
               "POST /v1/chat HTTP/1.0\r\nHost: t\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n"),
           std::string("POST /v1/chat HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: gzip\r\n\r\n"),
           post("Content-Length: 0\r\nContent-Length: 0\r\n"),
           post("Content-Length: 0\r\nContent-Length: 46\r\n"),
           post("Content-Length: 0, 0\r\n"),
           post("Content-Length: +0\r\n"),
           post("Content-Length: -1\r\n"),
           post("Content-Length: 0x0\r\n"),
           post("Content-Length: 0 0\r\n"),
           post("Content-Length: \r\n"),
           post("Content-Length: 99999999999999999999\r\n"),
           post("Content-Length: 18446744073709551616\r\n"),
           std::string("GET http://other/v1/notes/n HTTP/1.1\r\nHost: t\r\n\r\n"),
           std::string("GET t:80 HTTP/1.1\r\nHost: t\r\n\r\n"),
           std::string("GET * HTTP/1.1\r\nHost: t\r\n\r\n"),
           std::string("CONNECT t:80 HTTP/1.1\r\nHost: t\r\n\r\n"),
           std::string("GET /v1/notes/n#x HTTP/1.1\r\nHost: t\r\n\r\n"),
           std::string("GET  /v1/notes/n HTTP/1.1\r\nHost: t\r\n\r\n"),
           std::string("GET /v1/notes/n  HTTP/1.1\r\nHost: t\r\n\r\n"),
           std::string("GET /v1/notes/n HTTP/1.1 \r\nHost: t\r\n\r\n"),
           std::string("GET /v1/notes/n\tHTTP/1.1\r\nHost: t\r\n\r\n"),
           std::string("GET /v1/notes/n HTTP/1.1\nHost: t\n\n"),
           std::string("\r\n\r\nGET / HTTP/1.1\r\nHost: t\r\n\r\n"),
           std::string("\nGET / HTTP/1.1\r\nHost: t\r\n\r\n"),
           std::string("GET / HTTP/2.0\r\nHost: t\r\n\r\n"),
           std::string("GET /v1/notes/n HTTP/1.1\r\nHost: a b\r\n\r\n"),
           std::string("GET /v1/notes/n HTTP/1.1\r\nHost:\r\n\r\n"),
           std::string("GET /v1/notes/n HTTP/1.1\r\nHost: t\r\nHost: t\r\n\r\n"),
           std::string("GET /v1/notes/n HTTP/1.0\r\nHost: t\r\nHost: u\r\n\r\n"),
       }) {
    const auto answer = raw(bad + hidden);
    EXPECT_TRUE(is(answer, 400, "bad_request")) << bad << "\n" << answer;
    EXPECT_NE(answer.find("Connection: close"), std::string::npos) << bad;
    EXPECT_EQ(answers_in(answer), 1U) << bad << "\n" << answer;
  }
}

TEST_F(ServerTest, a_chunked_body_is_strict_about_its_own_lines) {
  start();
  const auto send = [this](std::string_view body) {
    return raw(
        "POST /v1/chat HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" +
        std::string(body) + "GET /v1/notes/hidden HTTP/1.1\r\nHost: t\r\n\r\n");
  };
  for (const std::string& bad :
       {"+2\r\n{}\r\n0\r\n\r\n"s, "0x2\r\n{}\r\n0\r\n\r\n"s, "-2\r\n{}\r\n0\r\n\r\n"s, " 2\r\n{}\r\n0\r\n\r\n"s,
        "2 \r\n{}\r\n0\r\n\r\n"s, "2\n{}\r\n0\r\n\r\n"s, "2\r\n{}0\r\n\r\n"s, "2\r\n{} \r\n0\r\n\r\n"s,
        "2\r\n{}\n0\r\n\r\n"s, "10000000000000002\r\n{}\r\n0\r\n\r\n"s, "2;a=\"\n\"\r\n{}\r\n0\r\n\r\n"s,
        "2;a=\x01\r\n{}\r\n0\r\n\r\n"s, "2;" + std::string(5000, 'a') + "\r\n{}\r\n0\r\n\r\n",
        "2;" + std::string(200'000, 'a'), "2\r\n{}\r\n0\r\nContent-Length: 5\r\n\r\n"s,
        "2\r\n{}\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n"s, "2\r\n{}\r\n0\r\nX y: z\r\n\r\n"s,
        std::string("\0\r\n\r\n", 5)}) {
    const auto answer = send(bad);
    EXPECT_TRUE(is(answer, 400)) << bad.substr(0, 80) << "\n" << answer;
    EXPECT_EQ(answers_in(answer), 1U) << bad.substr(0, 80) << "\n" << answer;
  }
  EXPECT_TRUE(is(send("FFFFFFFFFFFFFFFF\r\n{}"), 413, "body_too_large"));
  auto good = connect();
  good.send(request("POST /v1/chat", "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n") +
            "2;a=\"b\"\r\n{}\r\n0\r\nAuthorization: Bearer x\r\n\r\n" + request("GET /v1/notes/n"));
  EXPECT_TRUE(is(good.read_answer(), 400, "invalid_request"));
  EXPECT_TRUE(is(good.read_answer(), 200)) << "extensions and trailers are left out";
}

TEST_F(ServerTest, a_head_of_very_many_headers_is_refused) {
  start();
  std::string many;
  for (int i = 0; i < 200; ++i) many += "a: b\r\n";
  EXPECT_TRUE(is(ask("GET /v1/notes/n", many), 431, "header_too_large"));
}

TEST_F(ServerTest, what_an_upgrade_or_an_expectation_asks_is_left_out_or_refused) {
  start();
  EXPECT_TRUE(
      is(ask("GET /v1/notes/n", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"), 200));
  EXPECT_TRUE(is(ask("GET /v1/notes/n", "Connection: Upgrade\r\nUpgrade: websocket\r\n"), 200));
  EXPECT_TRUE(is(ask("GET /v1/notes/n", "Expect: a-miracle\r\n"), 417, "expectation_failed"));
  EXPECT_TRUE(is(raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 400));
  auto old = connect();
  old.send(
      "POST /v1/chat HTTP/1.0\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n");
  old.send("{}");
  EXPECT_TRUE(is(old.read_all(), 400, "")) << "HTTP/1.0 knows no 100";
}

TEST_F(ServerTest, paths_and_methods_have_their_statuses) {
  start();
  EXPECT_TRUE(is(ask("GET /nothing"), 404, "no_route"));
  const auto other = ask("DELETE /v1/notes/n");
  EXPECT_TRUE(is(other, 405, "method_not_allowed"));
  EXPECT_NE(other.find("Allow: GET, HEAD, PUT\r\n"), std::string::npos) << other;
  EXPECT_TRUE(is(ask("OPTIONS /v1/notes/n"), 405));
  EXPECT_TRUE(is(ask("QUERY /v1/notes/n"), 405));
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
