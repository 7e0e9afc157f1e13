#include <gtest/gtest.h>

#include "http/sse.h"

namespace writ::http {
namespace {

const std::string stream_text =
    "\xEF\xBB\xBF: hello\n\nid: 7\ndata: {\"a\":1}\n\nevent: end\r\ndata: x\r\ndata:y\r\n\r\n:\n\ndata\rdata\r\rid: "
    "9\n\nevent: lost";
const std::vector<SseEvent> expected{{"", "7", "{\"a\":1}"}, {"end", "", "x\ny"}, {"", "", "\n"}};

TEST(SseParser, any_split_of_the_bytes_gives_the_same_events) {
  for (std::size_t i = 0; i <= stream_text.size(); ++i) {
    for (std::size_t j = i; j <= stream_text.size(); ++j) {
      SseParser parser;
      std::vector<SseEvent> all;
      for (const auto& piece : {stream_text.substr(0, i), stream_text.substr(i, j - i), stream_text.substr(j)}) {
        auto events = parser.feed(piece);
        ASSERT_TRUE(events);
        all.insert(all.end(), events->begin(), events->end());
      }
      ASSERT_EQ(all, expected) << i << " " << j;
    }
  }
}

TEST(SseParser, reads_what_format_event_writes) {
  SseParser parser;
  const auto events = parser.feed(format_event("", 12, "one") + format_event("error", {}, "two\nlines\n") +
                                  std::string(heartbeat_comment));
  ASSERT_TRUE(events);
  EXPECT_EQ(*events, (std::vector<SseEvent>{{"", "12", "one"}, {"error", "", "two\nlines\n"}}));
}

TEST(SseParser, refuses_an_event_that_grows_without_end) {
  SseParser parser(100);
  ASSERT_TRUE(parser.feed("data: " + std::string(50, 'x') + "\n"));
  const auto more = parser.feed("data: " + std::string(50, 'x'));
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code, "event_too_large");
}

}  // namespace
}  // namespace writ::http
