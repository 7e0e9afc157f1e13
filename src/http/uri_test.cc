#include <gtest/gtest.h>

#include "http/call_headers.h"
#include "http/uri.h"

namespace writ::http {
namespace {

TEST(Uri, percent_coding_is_reversible_and_refuses_what_is_broken) {
  const std::string text = "a b/c?d=ü%&+";
  EXPECT_EQ(percent_encode(text), "a%20b%2Fc%3Fd%3D%C3%BC%25%26%2B");
  EXPECT_EQ(percent_decode(percent_encode(text)), text);
  for (auto broken : {"%", "%4", "%zz", "%00", "%ff", "%ed%a0%80"}) EXPECT_FALSE(percent_decode(broken)) << broken;
}

TEST(Uri, a_query_is_read_in_order_with_plus_as_space) {
  const auto pairs = parse_query("a=1&&b=x+y%21&a=&c");
  ASSERT_TRUE(pairs);
  EXPECT_EQ(*pairs, (NamedTexts{{"a", "1"}, {"b", "x y!"}, {"a", ""}, {"c", ""}}));
  EXPECT_EQ(parse_query("a=%f").error().code, "bad_encoding");
  EXPECT_EQ(format_query({{"a", "1 2"}, {"b", "&"}}), "a=1%202&b=%26");
}

TEST(Uri, a_template_names_its_fields) {
  EXPECT_EQ(template_names("/v1/runs/{run_id}/steps/{step}"), (std::vector<std::string>{"run_id", "step"}));
  EXPECT_EQ(split_path("/").size(), 1U);
  EXPECT_EQ(template_name("{}"), "");
}

TEST(CallHeaders, a_timeout_has_a_unit_and_a_bound) {
  EXPECT_EQ(parse_timeout("1250ms"), Millis(1250));
  EXPECT_EQ(parse_timeout("5s"), Millis(5000));
  for (auto bad : {"", "5", "ms", "-1ms", "5m", "1.5s", "99999999s", "5 s"}) EXPECT_FALSE(parse_timeout(bad)) << bad;
  EXPECT_EQ(format_timeout(Millis(-3)), "0ms");
}

ReadCallHeaders read(std::vector<HeaderView> headers) {
  RequestHead head;
  head.headers = headers;
  return read_call_headers(head);
}

TEST(CallHeaders, ids_and_trace_are_taken_when_well_formed) {
  const auto read_good = read({{"X-REQUEST-ID", "req-1"},
                               {"Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
                               {"idempotency-key", "k"}});
  EXPECT_TRUE(read_good.problems.empty());
  EXPECT_EQ(read_good.headers.request_id, "req-1");
  EXPECT_EQ(read_good.headers.trace.trace_id, "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(read_good.headers.idempotency_key, "k");

  const auto read_none = read({});
  EXPECT_EQ(read_none.headers.trace.trace_id.size(), 32U);
  EXPECT_TRUE(read_none.headers.trace.span_id.empty());
  EXPECT_EQ(read_none.headers.request_id, read_none.headers.trace.trace_id);
}

TEST(CallHeaders, every_malformed_header_is_named) {
  const std::string long_key(256, 'k');
  const auto bad = read({{"X-Request-ID", "a b"}, {"Writ-Timeout", "soon"}, {"Idempotency-Key", long_key}});
  EXPECT_EQ(bad.problems.size(), 3U);
  EXPECT_EQ(bad.headers.request_id, bad.headers.trace.trace_id);
}

TEST(Uri, an_ipv6_address_stands_in_brackets) {
  EXPECT_EQ(format_authority("localhost", "80"), "localhost:80");
  EXPECT_EQ(format_authority("::1", "8080"), "[::1]:8080");
}

}  // namespace
}  // namespace writ::http
