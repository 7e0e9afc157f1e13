// The public door over real HTTP: what a client sees on the wire.
#include <gtest/gtest.h>

#include "gateway/fake_door.h"
#include "http/client.h"
#include "http/server.h"
#include "http/sse.h"

namespace writ::gateway {
namespace {

/// "Bearer <scope>" is a principal with that scope.
class ScopeAuthenticator final : public http::Authenticator {
 public:
  Task<Result<http::Authenticated>> authenticate(Context, const http::RequestHead& head,
                                                 const http::OperationInfo&) override {
    constexpr std::string_view scheme = "Bearer ";
    const auto value = head.header("Authorization");
    if (!value.starts_with(scheme)) co_return fail(unauthenticated("no_credentials", "send a token"));
    co_return http::Authenticated{.principal = {.tenant = TenantId("t"),
                                                .subject = Subject("s"),
                                                .scopes = {std::string(value.substr(scheme.size()))}},
                                  .caller = {}};
  }
};

struct Address : testing::Test {
  Door door;
  ScopeAuthenticator authenticator;
  std::unique_ptr<http::Server> server;
  std::unique_ptr<http::Client> client;

  void SetUp() override {
    http::RouteSet routes({http::public_door});
    routes.add(door.made.service.routes.at(0));
    auto started = http::Server::start(door.bench.loops, {.admission = &door.made.rates}, std::move(routes),
                                       authenticator, door.bench.registry, door.log);
    ASSERT_TRUE(started) << started.error().message;
    server = std::move(*started);
    client = http::Client::create("http://127.0.0.1:" + std::to_string(server->port())).value();
  }
  void TearDown() override {
    if (server) EXPECT_TRUE(door.bench.loops.run(server->stop(Seconds{5})));
  }

  http::ClientResponse send(http::Method method, std::string target, std::string bearer = {}, std::string body = {},
                            std::string_view type = http::json_type) {
    auto response = door.bench.loops.run(client->send(
        Context{}.within(Seconds{10}), request(method, std::move(target), std::move(bearer), std::move(body), type)));
    EXPECT_TRUE(response) << response.error().message;
    return response ? *std::move(response) : http::ClientResponse{};
  }
  static http::ClientRequest request(http::Method method, std::string target, std::string bearer, std::string body,
                                     std::string_view type) {
    http::ClientRequest out{
        .method = method, .target = std::move(target), .content_type = std::string(type), .body = std::move(body)};
    if (!bearer.empty()) out.headers.push_back({"Authorization", "Bearer " + bearer});
    return out;
  }
  /// Reads a stream to its end or its cut.
  Result<std::string> read(std::string body) {
    auto opened = door.bench.loops.run(client->open_stream(
        Context{}.within(Seconds{10}),
        request(http::Method::post, "/v1/chat/completions", "models:use", std::move(body), http::json_type)));
    if (!opened) return fail(std::move(opened).error());
    EXPECT_EQ(opened->response.status, 200);
    EXPECT_TRUE(opened->response.header("Content-Type").starts_with(http::sse_type));
    return door.bench.loops.run(drain(std::move(opened->stream)));
  }
  static Task<Result<std::string>> drain(StreamPtr<std::string> stream) {
    std::string out;
    for (;;) {
      auto piece = co_await stream->next();
      if (!piece) {
        piece.error().message += "; before it came: " + out;
        co_return fail(std::move(piece).error());
      }
      if (!*piece) co_return out;
      out += **piece;
    }
  }
};

const std::string streamed = R"({"model":"tiny","messages":[{"role":"user","content":"hi"}],"stream":true})";

TEST_F(Address, streams_chunks_that_end_with_done_and_nothing_after_it) {
  door.bench.slm.say({"Hello"});
  const auto bytes = read(streamed);
  ASSERT_TRUE(bytes) << bytes.error().message;
  EXPECT_TRUE(bytes->starts_with("data: {"));
  EXPECT_TRUE(bytes->ends_with("data: [DONE]\n\n")) << *bytes;
  EXPECT_NE(bytes->find("Hello"), std::string::npos);
}

TEST_F(Address, cuts_a_stream_that_breaks_after_its_error_chunk) {
  door.bench.slm.script = {{.text = std::string(60, 'a')}};
  door.bench.slm.breaks_with = unavailable("model_lost", "the model went away");
  const auto bytes = read(streamed);
  ASSERT_FALSE(bytes);
  EXPECT_NE(bytes.error().message.find("\"code\":\"model_lost\""), std::string::npos) << bytes.error().message;
  EXPECT_EQ(bytes.error().message.find("[DONE]"), std::string::npos);
}

TEST_F(Address, tells_errors_of_openais_routes_in_openais_shape) {
  const auto error = [](const http::ClientResponse& response) { return parse_json(response.body)->at("error"); };
  const auto nobody = send(http::Method::post, "/v1/chat/completions", "", streamed);
  EXPECT_EQ(nobody.status, 401);
  EXPECT_EQ(error(nobody).at("type"), "authentication_error");
  const auto scopeless = send(http::Method::post, "/v1/chat/completions", "runs:read", streamed);
  EXPECT_EQ(scopeless.status, 403);
  EXPECT_EQ(error(scopeless).at("type"), "permission_error");
  const auto broken = send(http::Method::post, "/v1/chat/completions", "models:use", "{");
  EXPECT_EQ(broken.status, 400);
  EXPECT_EQ(error(broken).at("type"), "invalid_request_error");
  const auto missing = send(http::Method::get, "/v1/models/gpt", "models:use", "", "");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(error(missing).at("code"), "model_not_found");
  door.bench.policy.call = decision_of(policy::Verdict::deny, "dec_no", "no");
  const auto denied = send(http::Method::post, "/v1/chat/completions", "models:use", streamed);
  EXPECT_EQ(denied.status, 403);
  EXPECT_EQ(error(denied).at("code"), "policy_denied");
  door.bench.policy.call = decision_of(policy::Verdict::allow, "dec_call", "");
  door.bench.slm.chat_error = unavailable("queue_full", "the queue is full", Seconds{3});
  const auto busy = send(http::Method::post, "/v1/chat/completions", "models:use", streamed);
  EXPECT_EQ(busy.status, 503);
  EXPECT_EQ(busy.header("Retry-After"), "3");
  EXPECT_EQ(door.bench.policy.settled, 1) << "the reservation of a call that never began is given back";
}

TEST_F(Address, a_rate_limit_is_told_in_the_shape_of_the_route) {
  using policy::RateRule;
  ASSERT_TRUE(door.made.rates.follow(std::vector<RateRule>{{.id = "one",
                                                            .per = policy::RatePer::tenant,
                                                            .kind = policy::RateKind::requests,
                                                            .count = 1,
                                                            .per_seconds = 600,
                                                            .burst = 1}}));
  EXPECT_EQ(send(http::Method::get, "/v1/models/tiny", "models:use", "", "").status, 200);
  const auto chat = send(http::Method::post, "/v1/chat/completions", "models:use", streamed);
  EXPECT_EQ(chat.status, 429);
  EXPECT_EQ(chat.header("Retry-After"), "600");
  const auto error = parse_json(chat.body)->at("error");
  EXPECT_EQ(error.at("type"), "rate_limit_error");
  EXPECT_EQ(error.at("code"), "rate_limit_exceeded");
  const auto run = send(http::Method::get, "/v1/runs/run_1", "runs:read", "", "");
  EXPECT_EQ(run.status, 429);
  EXPECT_TRUE(run.header("Content-Type").starts_with(http::problem_type));
  EXPECT_EQ(parse_json(run.body)->at("code"), "rate_limit_exceeded");
  EXPECT_EQ(send(http::Method::get, "/", "", "", "").status, 200) << "what is open to all is not limited";
  EXPECT_EQ(send(http::Method::get, "/v1/runs/run_1", "", "", "").status, 401);
}

TEST_F(Address, gives_tokens_for_forms_and_problem_documents_elsewhere) {
  const auto token = send(http::Method::post, "/oauth2/token", "",
                          "grant_type=client_credentials&client_id=svc&client_secret=s", http::form_type);
  EXPECT_EQ(token.status, 200);
  EXPECT_EQ(token.header("Cache-Control"), "no-store");
  EXPECT_EQ(parse_json(token.body)->at("access_token"), "jwt");
  const auto run = send(http::Method::get, "/v1/runs/run_1", "", "", "");
  EXPECT_EQ(run.status, 401);
  EXPECT_TRUE(run.header("Content-Type").starts_with(http::problem_type));
  EXPECT_EQ(send(http::Method::get, "/v1/runs/run_1", "runs:read", "", "").status, 200);
  EXPECT_EQ(send(http::Method::get, "/", "", "", "").status, 200);
}

}  // namespace
}  // namespace writ::gateway
