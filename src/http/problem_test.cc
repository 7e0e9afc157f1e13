#include <gtest/gtest.h>

#include "http/problem.h"

namespace writ::http {
namespace {

Error sample() {
  auto e = conflict("run_active", "a run is active");
  e.problems = {{"/messages/0/content", "is taken"}};
  e.retry_after = std::chrono::seconds(7);
  e.outcome = Outcome::unknown;
  e.where = "orchestrator.cc:12";
  return e;
}

TEST(Problem, an_error_crosses_whole_but_for_where) {
  const auto text = to_text(problem_document(sample(), "abc"));
  EXPECT_EQ(text.find("orchestrator.cc"), std::string::npos);
  auto expected = sample();
  expected.where.clear();
  EXPECT_EQ(read_problem(409, text), expected);
}

TEST(Problem, internal_shows_its_code_and_no_message) {
  auto secret = internal("password=hunter2", "db");
  secret.problems = {{"/x", "hunter2"}};
  for (auto dialect : {Dialect::writ, Dialect::openai}) {
    const auto text = to_text(error_document(dialect, secret, "trace-1"));
    EXPECT_EQ(text.find("hunter2"), std::string::npos);
    EXPECT_NE(text.find("trace-1"), std::string::npos);
  }
}

TEST(Problem, openai_clients_get_their_own_shape) {
  const auto document = openai_error(sample(), "t");
  const auto& error = document.at("error").as_object();
  EXPECT_EQ(error.at("type"), "invalid_request_error");
  EXPECT_EQ(error.at("param"), "messages[0].content");
  EXPECT_EQ(error.at("code"), "run_active");
  EXPECT_EQ(openai_error(unauthenticated("bad_token", "no"), "t").at("error").at("param"), nullptr);
}

TEST(Problem, what_a_proxy_says_has_an_unknown_outcome) {
  const auto error = read_problem(503, "<html>upstream</html>");
  EXPECT_EQ(error.kind, ErrorKind::unavailable);
  EXPECT_EQ(error.code, "http_503");
  EXPECT_EQ(error.outcome, Outcome::unknown);
  EXPECT_EQ(read_problem(404, "").kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace writ::http
