#include <gtest/gtest.h>

#include "http/response.h"

namespace writ::http {
namespace {

TEST(Response, a_header_with_a_line_break_is_left_out) {
  std::string out;
  append_head(out, {.body = "{}", .headers = {{"Location", "/a"}, {"X", "a\r\nSet-Cookie: b"}}}, {});
  EXPECT_TRUE(out.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_NE(out.find("Location: /a\r\n"), std::string::npos);
  EXPECT_EQ(out.find("Set-Cookie"), std::string::npos);
  EXPECT_NE(out.find("Content-Length: 2\r\n"), std::string::npos);
  EXPECT_TRUE(out.ends_with("\r\n\r\n"));
}

TEST(Response, no_content_has_no_length) {
  std::string out;
  append_head(out, {.status = 204, .content_type = ""}, {});
  EXPECT_EQ(out.find("Content-Length"), std::string::npos);
}

TEST(Response, an_empty_chunk_is_never_written_because_it_would_end_the_body) {
  std::string out;
  append_chunk(out, "");
  EXPECT_EQ(out, "");
  append_chunk(out, std::string(17, 'x'));
  EXPECT_EQ(out, "11\r\n" + std::string(17, 'x') + "\r\n");
}

TEST(Response, refusals_of_http_itself_have_their_own_status_in_head_and_body) {
  const auto refused = error_response(Dialect::writ, method_not_allowed("GET"), "t");
  EXPECT_EQ(refused.status, 405);
  EXPECT_NE(refused.body.find("\"status\":405"), std::string::npos);
  EXPECT_NE(refused.body.find("Method Not Allowed"), std::string::npos);
}

}  // namespace
}  // namespace writ::http
