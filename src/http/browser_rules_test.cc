#include "http/browser_rules.h"

#include <gtest/gtest.h>

namespace writ::http {
namespace {

std::string code_of(const BrowserRules& rules, std::string_view host, std::vector<HeaderView> headers = {}) {
  const RequestHead head{.method = "GET", .target = "/", .peer = "", .headers = headers};
  const auto refusal = rules.check(head, host);
  return refusal ? refusal->error.code : "";
}

TEST(BrowserRules, a_loopback_server_is_asked_by_this_machines_names_only) {
  const BrowserRules rules{.is_loopback = true, .hosts = {"writ.example"}};
  for (const std::string_view good : {"localhost", "LOCALHOST:8080", "127.0.0.1:8080", "127.1.2.3", "[::1]:80", "[::1]",
                                      "a.localhost:1", "localhost.", "writ.example:443", "WRIT.example", ""})
    EXPECT_EQ(code_of(rules, good), "") << good;
  for (const std::string_view bad :
       {"evil.example", "evil.example:8080", "127.0.0.1.evil.example", "127.evil", "localhost.evil", "xlocalhost",
        "[::2]", "10.0.0.1", "0.0.0.0", "a.writ.example", ".localhost"})
    EXPECT_EQ(code_of(rules, bad), "bad_host") << bad;
  EXPECT_EQ(code_of({.is_loopback = false}, "evil.example"), "");
}

TEST(BrowserRules, a_loopback_server_hears_no_unknown_origin) {
  const BrowserRules rules{.is_loopback = true, .hosts = {}, .origins = {"https://app.example"}};
  EXPECT_EQ(code_of(rules, "localhost:80", {{"Origin", "http://localhost:80"}}), "") << "its own pages";
  EXPECT_EQ(code_of(rules, "localhost:80", {{"Origin", "https://app.example"}}), "");
  for (const std::string_view bad : {"https://evil.example", "null", "", "http://localhost:81", "https://localhost:80",
                                     "https://app.example.evil", "https://app.example:443", "https://APP.example"})
    EXPECT_EQ(code_of(rules, "localhost:80", {{"Origin", bad}}), "bad_origin") << bad;
  EXPECT_EQ(code_of(rules, "localhost:80", {{"Origin", "https://app.example"}, {"Origin", "https://app.example"}}),
            "bad_origin");
}

TEST(BrowserRules, only_listed_origins_are_answered) {
  const BrowserRules rules{.is_loopback = false, .hosts = {}, .origins = {"https://app.example"}};
  const std::vector<HeaderView> listed{{"origin", "https://app.example"}}, other{{"origin", "https://evil.example"}};
  EXPECT_EQ(rules.allowed_origin({.method = "", .target = "", .peer = "", .headers = listed}), "https://app.example");
  EXPECT_EQ(rules.allowed_origin({.method = "", .target = "", .peer = "", .headers = other}), "");
  EXPECT_EQ(BrowserRules{}.allowed_origin({.method = "", .target = "", .peer = "", .headers = listed}), "");
}

TEST(BrowserRules, an_origin_is_scheme_host_and_port) {
  for (const std::string_view good : {"https://app.example", "http://localhost:3000"}) EXPECT_TRUE(is_origin(good));
  for (const std::string_view bad :
       {"*", "null", "https://*", "https://*.example", "https://app.example/", "app.example", "https://", "ftp://a"})
    EXPECT_FALSE(is_origin(bad)) << bad;
}

}  // namespace
}  // namespace writ::http
