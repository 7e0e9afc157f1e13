// What the server does with good requests: order, keep-alive, streams, disconnects, stopping.
#include "http/server_fixture.h"

#include <thread>

namespace writ::http {
namespace {

constexpr auto soon = Seconds{10};

std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

TEST_F(ServerTest, answers_in_json_with_the_ids_of_the_request) {
  start();
  const auto answer = ask(put_line, entitled() + "X-Request-ID: req-1\r\nIdempotency-Key: k1\r\nWrit-Timeout: 2s\r\n",
                          R"({"text":"t"})");
  EXPECT_TRUE(is(answer, 200));
  EXPECT_NE(answer.find("X-Request-ID: req-1\r\n"), std::string::npos);
  EXPECT_NE(answer.find("traceparent: 00-"), std::string::npos);
  EXPECT_EQ(body_of(answer), R"({"note_id":"n","text":"t","count":0,"tags":[]})");
  EXPECT_EQ(notes.last_request().idempotency_key, "k1");
  EXPECT_EQ(notes.last_request().principal.subject.str(), "dev");
  EXPECT_LE(notes.last_request().remaining(), Seconds{2});
}

TEST_F(ServerTest, an_error_of_the_operation_has_its_status_and_retry_after) {
  start();
  const auto answer = ask(put_line, entitled(), R"({"text":"conflict"})");
  EXPECT_TRUE(is(answer, 409, "no_space"));
  EXPECT_NE(answer.find("Retry-After: 9\r\n"), std::string::npos);
}

TEST_F(ServerTest, pipelined_requests_are_answered_in_order_however_they_are_cut) {
  start();
  std::string all;
  for (int i = 0; i < 20; ++i) {
    if (i % 2 == 0) all += request("GET /v1/notes/n?count=" + std::to_string(i));
    else all += request(put_line, entitled(), R"({"text":"t","count":)" + std::to_string(i) + "}");
  }
  for (const std::size_t piece : {all.size(), std::size_t(700), std::size_t(61)}) {
    auto socket = connect();
    for (std::size_t at = 0; at < all.size(); at += piece)
      ASSERT_TRUE(socket.send(std::string_view(all).substr(at, piece)));
    for (int i = 0; i < 20; ++i) {
      const auto answer = socket.read_answer();
      ASSERT_NE(answer.find("\"count\":" + std::to_string(i) + ","), std::string::npos)
          << piece << " " << i << " " << answer;
    }
  }
}

TEST_F(ServerTest, requests_may_come_byte_by_byte_and_in_chunks) {
  start();
  auto socket = connect();
  for (const char c : request("GET /v1/notes/n")) ASSERT_TRUE(socket.send({&c, 1}));
  EXPECT_TRUE(is(socket.read_answer(), 200));
  const auto chunked = request(put_line, entitled() + "Transfer-Encoding: chunked\r\n") +
                       "8\r\n{\"text\":\r\n5;x=y\r\n\"abc\"\r\n1\r\n}\r\n0\r\nTrailer: x\r\n\r\n";
  for (const char c : chunked) ASSERT_TRUE(socket.send({&c, 1}));
  EXPECT_NE(socket.read_answer().find(R"("text":"abc")"), std::string::npos);
}

TEST_F(ServerTest, head_is_get_without_a_body) {
  start();
  auto socket = connect();
  socket.send(request("HEAD /v1/notes/n") + request("GET /v1/notes/n"));
  const auto head = socket.read_answer(true);
  EXPECT_TRUE(is(head, 200));
  EXPECT_EQ(head.find("Content-Length: 0"), std::string::npos);
  EXPECT_TRUE(is(socket.read_answer(), 200));
  EXPECT_TRUE(is(ask("HEAD /v1/notes/n/ticks"), 405));
}

TEST_F(ServerTest, http_1_0_closes_unless_it_asks_to_stay) {
  start();
  auto socket = connect();
  socket.send("GET /v1/notes/n HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_NE(socket.read_answer().find("Connection: keep-alive"), std::string::npos);
  socket.send("GET /v1/notes/n HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(is(socket.read_all(), 200));
  auto stream = connect();
  stream.send("GET /v1/notes/n/ticks HTTP/1.0\r\n" + entitled() + "\r\n");
  const auto all = stream.read_all();
  EXPECT_EQ(all.find("chunked"), std::string::npos);
  EXPECT_TRUE(all.ends_with("event: end\ndata: {}\n\n")) << all;
}

TEST_F(ServerTest, a_client_that_expects_100_is_told_to_continue_only_when_it_may) {
  start();
  auto socket = connect();
  socket.send(request(put_line, entitled() + "Expect: 100-continue\r\nContent-Length: 12\r\n"));
  EXPECT_EQ(socket.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  socket.send(R"({"text":"t"})");
  EXPECT_TRUE(is(socket.read_answer(), 200));
  auto refused = connect();
  refused.send(request(put_line, "Expect: 100-continue\r\nContent-Length: 12\r\n"));
  EXPECT_TRUE(is(refused.read_all(), 401));
}

TEST_F(ServerTest, a_stream_is_written_as_events_with_ids_and_an_end) {
  start();
  auto socket = connect();
  socket.send(request("GET /v1/notes/n/ticks", entitled() + "Last-Event-ID: 40\r\n"));
  const auto all = socket.read_until("0\r\n\r\n");
  EXPECT_NE(all.find("Content-Type: text/event-stream"), std::string::npos);
  for (auto id : {"id: 41\n", "id: 42\n", "id: 43\n", "event: end\n"})
    EXPECT_NE(all.find(id), std::string::npos) << all;
  EXPECT_EQ(all.find("id: 44"), std::string::npos);
  socket.send(request("GET /v1/notes/n"));
  EXPECT_TRUE(is(socket.read_answer(), 200)) << "a stream read to its end leaves the connection usable";
}

TEST_F(ServerTest, an_error_in_mid_stream_is_an_event) {
  start();
  auto socket = connect();
  socket.send(request("GET /v1/notes/broken/ticks", entitled()));
  const auto all = socket.read_until("0\r\n\r\n");
  EXPECT_NE(all.find("id: 1\n"), std::string::npos);
  EXPECT_NE(all.find("event: error\n"), std::string::npos);
  EXPECT_NE(all.find(R"("code":"gone")"), std::string::npos);
}

TEST_F(ServerTest, a_silent_stream_is_kept_alive_by_comments) {
  start({.heartbeat = Millis(20)});
  auto socket = connect();
  socket.send(request("GET /v1/notes/silent/ticks", entitled()));
  EXPECT_TRUE(socket.read_until("3\r\n:\n\n\r\n3\r\n:\n\n\r\n").ends_with(":\n\n\r\n"));
  auto dropped = notes.stream_dropped.get_future();
  socket.close();
  EXPECT_EQ(dropped.wait_for(soon), std::future_status::ready);
}

TEST_F(ServerTest, a_client_that_goes_cancels_its_handler) {
  start();
  auto socket = connect();
  socket.send(request(put_line, entitled(), R"({"text":"hold"})"));
  notes.entered.get_future().wait();
  socket.close();
  auto left = notes.left.get_future();
  ASSERT_EQ(left.wait_for(soon), std::future_status::ready);
  EXPECT_EQ(left.get(), async::Woken::cancelled);
}

TEST_F(ServerTest, pipelined_bytes_do_not_hide_that_the_client_went) {
  start();
  auto socket = connect();
  socket.send(request(put_line, entitled(), R"({"text":"hold"})") + request("GET /v1/notes/n"));
  notes.entered.get_future().wait();
  socket.close();
  EXPECT_EQ(notes.left.get_future().wait_for(soon), std::future_status::ready);
}

TEST_F(ServerTest, a_subscriber_that_does_not_read_is_closed) {
  start({.stream_stall = Millis(80)});
  auto socket = connect();
  socket.send(request("GET /v1/notes/flood/ticks", entitled()));
  EXPECT_EQ(notes.stream_dropped.get_future().wait_for(soon), std::future_status::ready);
}

TEST_F(ServerTest, a_client_that_does_not_take_its_answers_is_closed) {
  start({.write_stall = Millis(80)});
  auto socket = connect();
  const auto big = request(put_line, entitled(), R"({"text":")" + std::string(120'000, 'x') + "\"}");
  while (socket.send(big)) {}
  EXPECT_NE(errno, EAGAIN) << "the server still held the connection after 10 s";
}

}  // namespace
}  // namespace writ::http
