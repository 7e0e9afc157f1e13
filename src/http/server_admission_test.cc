// When the server asks whether there is room for a request, and what a client sees when there is none.
#include <charconv>

#include "http/server_fixture.h"

namespace writ::http {
namespace {

/// Lets in until its bytes are used up; notes down what it was asked.
class Room final : public Admission {
 public:
  std::size_t bytes = 1'000'000;
  [[nodiscard]] Status admit(const Principal& principal, Asked asked) override {
    const std::lock_guard lock(mutex_);
    asked_.push_back(principal.subject.str() + " " + std::to_string(asked.requests) + " " +
                     std::to_string(asked.bytes));
    if (asked.bytes > bytes)
      return fail(Error{.kind = ErrorKind::quota_exceeded,
                        .code = "rate_limit_exceeded",
                        .message = "no room",
                        .retry_after = Seconds{7}});
    bytes -= asked.bytes;
    return {};
  }
  [[nodiscard]] std::vector<std::string> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> asked_;
};

const std::string note = R"({"text":"a note"})";

class AdmissionTest : public ServerTest {
 protected:
  Room room;
  void SetUp() override { start({}, &room); }
  void TearDown() override { (void)server->stop(Seconds{5}), server.reset(); }
  [[nodiscard]] static std::string chunk(std::size_t size) {
    std::array<char, 16> length{};
    const auto end = std::to_chars(length.data(), length.data() + length.size(), size, 16).ptr;
    return std::string(length.data(), end) + "\r\n" + std::string(size, ' ') + "\r\n";
  }
};

TEST_F(AdmissionTest, each_request_of_somebody_proved_asks_for_itself_and_its_length) {
  EXPECT_TRUE(is(ask(put_line, entitled(), note), 200));
  EXPECT_EQ(room.asked(), std::vector<std::string>{"dev 1 17"});
}

TEST_F(AdmissionTest, who_is_not_proved_and_who_may_not_call_ask_for_nothing) {
  EXPECT_TRUE(is(ask(put_line, "", note), 401));
  const Principal reader{TenantId("local"), Subject("dev"), PrincipalKind::user, {"notes:read"}, {}};
  EXPECT_TRUE(
      is(ask(put_line, "Authorization: Bearer tester\r\nWrit-Principal: " + PlainTokens::of(reader) + "\r\n", note),
         403, "missing_scope"));
  EXPECT_TRUE(is(ask("GET /v1/notes/n"), 200));  // open to all
  EXPECT_TRUE(is(ask("GET /nowhere", entitled()), 404));
  EXPECT_EQ(room.asked(), std::vector<std::string>{});
}

TEST_F(AdmissionTest, no_room_is_answered_before_the_body_comes) {
  room.bytes = 10;
  auto socket = connect();
  socket.send("PUT /v1/notes/n HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 17\r\n" + entitled() +
              "\r\n");
  const auto answer = socket.read_answer(false);
  EXPECT_TRUE(is(answer, 429, "rate_limit_exceeded")) << answer;
  EXPECT_TRUE(answer.contains("\r\nRetry-After: 7\r\n")) << answer;
  EXPECT_TRUE(answer.contains("application/problem+json")) << answer;
  EXPECT_TRUE(notes.last_request().principal.subject.empty());
}

TEST_F(AdmissionTest, what_is_longer_than_allowed_asks_for_no_bytes) {
  EXPECT_TRUE(is(ask(put_line, entitled(), std::string(sample::put.info.body_max + 1, ' ')), 413));
  EXPECT_EQ(room.asked(), std::vector<std::string>{"dev 1 0"});
}

TEST_F(AdmissionTest, a_chunked_body_is_counted_as_it_is) {
  const auto head = "PUT /v1/notes/n HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n" + entitled() + "\r\n";
  EXPECT_TRUE(is(raw(head + "11\r\n" + note + "\r\n" + chunk(500) + chunk(500) + "0\r\n\r\n"), 200));
  EXPECT_EQ(room.asked(), (std::vector<std::string>{"dev 1 1", "dev 0 1016"}));
  room.bytes = 100;
  EXPECT_TRUE(is(raw(head + "11\r\n" + note + "\r\n" + chunk(500) + "0\r\n\r\n"), 429, "rate_limit_exceeded"));
  room.bytes = 0;
  EXPECT_TRUE(is(raw(head), 429, "rate_limit_exceeded"));  // the body never came
}

TEST_F(AdmissionTest, a_stream_is_one_request_however_long_it_lasts) {
  const auto stream = raw(request("GET /v1/notes/n/ticks", entitled()));
  EXPECT_TRUE(is(stream, 200)) << stream;
  EXPECT_EQ(room.asked(), std::vector<std::string>{"dev 1 0"});
}

}  // namespace
}  // namespace writ::http
