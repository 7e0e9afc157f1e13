#include "settings/url.h"

#include <gtest/gtest.h>

namespace writ::settings {
namespace {

TEST(Url, reads_host_port_and_path) {
  EXPECT_EQ(parse_url("http://Policy.local:8081/v1/"), (Url{Scheme::http, "policy.local", 8081, "/v1"}));
  EXPECT_EQ(parse_url("https://a"), (Url{Scheme::https, "a", 443, ""}));
  EXPECT_EQ(parse_url("http://[::1]:80/"), (Url{Scheme::http, "::1", 80, ""}));
}

TEST(Url, writes_what_it_reads) {
  for (auto text : {"http://policy:8081/v1", "https://a", "http://[::1]:8080", "http://127.0.0.1"})
    EXPECT_EQ(parse_url(text)->str(), text);
}

TEST(Url, refuses_everything_else) {
  for (auto bad : {"",
                   "policy:8080",
                   "ftp://a",
                   "http://",
                   "http://:80",
                   "http://a:0",
                   "http://a:65536",
                   "http://a:",
                   "http://a:8x",
                   "http://u:p@a",
                   "http://a?x=1",
                   "http://a#f",
                   "http://a b",
                   "http://a/b c",
                   "http://[::1",
                   "http://[::1]x",
                   "http://[zz]:1",
                   "http://-a",
                   "http://a..b",
                   "HTTP://a"})
    EXPECT_FALSE(parse_url(bad)) << bad;
}

}  // namespace
}  // namespace writ::settings
