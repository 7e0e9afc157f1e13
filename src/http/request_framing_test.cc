#include "http/request_framing.h"

#include <gtest/gtest.h>

#include <vector>

namespace writ::http {
namespace {

struct Row {
  std::string_view what;
  std::string_view target = "/v1/x";
  std::vector<HeaderView> headers;
  unsigned version = 11;
};

std::expected<Addressed, Refusal> check(const Row& row) {
  return check_framing({.method = "POST", .target = row.target, .peer = "", .headers = row.headers}, row.version);
}

TEST(RequestFraming, a_body_ends_by_one_length_of_digits_or_exactly_chunked_on_1_1) {
  const HeaderView host{"Host", "t"};
  for (const Row& row : std::vector<Row>{
           {.what = "gzip", .headers = {host, {"Transfer-Encoding", "gzip"}}},
           {.what = "identity", .headers = {host, {"Transfer-Encoding", "identity"}}},
           {.what = "xchunked", .headers = {host, {"Transfer-Encoding", "xchunked"}}},
           {.what = "two codings", .headers = {host, {"Transfer-Encoding", "chunked, gzip"}}},
           {.what = "two codings, chunked last", .headers = {host, {"Transfer-Encoding", "gzip, chunked"}}},
           {.what = "chunked twice", .headers = {host, {"Transfer-Encoding", "chunked, chunked"}}},
           {.what = "a parameter", .headers = {host, {"Transfer-Encoding", "chunked;q=1"}}},
           {.what = "a comma", .headers = {host, {"Transfer-Encoding", "chunked,"}}},
           {.what = "quoted", .headers = {host, {"Transfer-Encoding", "\"chunked\""}}},
           {.what = "a control", .headers = {host, {"Transfer-Encoding", "chunked\x0b"}}},
           {.what = "empty", .headers = {host, {"Transfer-Encoding", ""}}},
           {.what = "repeated", .headers = {host, {"Transfer-Encoding", "chunked"}, {"transfer-encoding", "chunked"}}},
           {.what = "repeated, another",
            .headers = {host, {"Transfer-Encoding", "x"}, {"Transfer-Encoding", "chunked"}}},
           {.what = "with a length", .headers = {host, {"Content-Length", "3"}, {"Transfer-Encoding", "chunked"}}},
           {.what = "gzip with a length", .headers = {host, {"Transfer-Encoding", "gzip"}, {"Content-Length", "3"}}},
           {.what = "on 1.0", .headers = {host, {"Transfer-Encoding", "chunked"}}, .version = 10},
           {.what = "two lengths", .headers = {host, {"Content-Length", "5"}, {"Content-Length", "5"}}},
           {.what = "a list", .headers = {host, {"Content-Length", "5, 5"}}},
           {.what = "a sign", .headers = {host, {"Content-Length", "+5"}}},
           {.what = "negative", .headers = {host, {"Content-Length", "-5"}}},
           {.what = "hexadecimal", .headers = {host, {"Content-Length", "0x5"}}},
           {.what = "a blank", .headers = {host, {"Content-Length", "5 5"}}},
           {.what = "no number", .headers = {host, {"Content-Length", ""}}},
       }) {
    const auto refused = check(row);
    ASSERT_FALSE(refused) << row.what;
    EXPECT_EQ(refused.error().error.code, "bad_request") << row.what;
  }
  EXPECT_TRUE(check({.what = "chunked", .headers = {host, {"transfer-encoding", "Chunked"}}}));
  EXPECT_TRUE(check({.what = "sized", .headers = {host, {"Content-Length", "0005"}}}));
  EXPECT_TRUE(check({.what = "no body", .headers = {host}}));
}

TEST(RequestFraming, a_request_addresses_one_host) {
  for (const std::string_view host :
       {"", "a b", "a,b", "a@b", "a/b", "a:b", "a:", "a:123456", "[::1", "[]", "a\xc3\xa9", "a#b", ":80"})
    EXPECT_FALSE(check({.what = host, .headers = {{"Host", host}}})) << host;
  for (const std::string_view host : {"a", "A.b-c_d", "127.0.0.1:8080", "[::1]:80", "[::1]", "localhost."})
    EXPECT_EQ(check({.what = host, .headers = {{"Host", host}}})->host, host);
  EXPECT_FALSE(check({.what = "none", .headers = {}}));
  EXPECT_FALSE(check({.what = "two", .headers = {{"Host", "a"}, {"host", "a"}}}));
  EXPECT_FALSE(check({.what = "two on 1.0", .headers = {{"Host", "a"}, {"host", "a"}}, .version = 10}));
  EXPECT_TRUE(check({.what = "none on 1.0", .headers = {}, .version = 10}));
}

TEST(RequestFraming, a_target_is_a_path_or_this_hosts_url) {
  const std::vector<HeaderView> host{{"Host", "h:80"}};
  EXPECT_EQ(check({.what = "", .target = "http://h:80/v1?x=1", .headers = host})->target, "/v1?x=1");
  EXPECT_EQ(check({.what = "", .target = "HTTPS://H:80", .headers = host})->target, "/");
  for (const std::string_view target : {"http://other/v1", "http://h:80@other/v1", "http://h:80?x", "h:80", "*", "v1/x",
                                        "ftp://h:80/x", "http:/v1", "/a#b", "/a\\b", "/a\x7f", "/\xc3\xb1", "http://"})
    EXPECT_FALSE(check({.what = "", .target = target, .headers = host})) << target;
}

TEST(RequestFraming, headers_of_which_there_may_be_one_stand_once) {
  for (const std::string_view name :
       {"Content-Type", "Content-Encoding", "Writ-Timeout", "Idempotency-Key", "X-Request-ID"})
    EXPECT_FALSE(check({.what = name, .headers = {{"Host", "t"}, {name, "a"}, {name, "a"}}})) << name;
  EXPECT_TRUE(check({.what = "others", .headers = {{"Host", "t"}, {"Accept", "a"}, {"Accept", "b"}}}));
}

TEST(RequestFraming, what_is_expected_is_100_continue) {
  EXPECT_TRUE(check({.what = "", .headers = {{"Host", "t"}, {"Expect", "100-Continue"}}}));
  EXPECT_EQ(check({.what = "", .headers = {{"Host", "t"}, {"Expect", "200-ok"}}}).error().error.code,
            "expectation_failed");
}

TEST(RequestFraming, a_line_that_goes_on_is_seen) {
  EXPECT_TRUE(has_folded_line("A: b\r\n c\r\n"));
  EXPECT_TRUE(has_folded_line("A: b\r\n\tc\r\n"));
  EXPECT_FALSE(has_folded_line("A: b\r\nB: c \t\r\n\r\n"));
}

TEST(ChunkRules, extensions_are_text_and_short_in_sum) {
  ChunkRules rules;
  EXPECT_TRUE(rules.allow(";a=b"));
  EXPECT_FALSE(rules.allow(";a=\"\n\""));
  int allowed = 0;
  while (rules.allow(std::string(1000, 'x'))) ++allowed;
  EXPECT_EQ(allowed, 16);
}

}  // namespace
}  // namespace writ::http
