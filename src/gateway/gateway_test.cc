#include <gtest/gtest.h>

#include <set>

#include "gateway/fake_door.h"

namespace writ::gateway {
namespace {

struct Gate : Door {
  [[nodiscard]] const http::Route& route(std::string_view id) const {
    for (const auto& route : made.service.routes.at(0).all())
      if (route.info.id == id) return route;
    throw std::out_of_range(std::string(id));
  }
  Result<http::Reply> send(std::string_view id, std::vector<std::string> scopes, std::string body) {
    const auto& r = route(id);
    const Posted posted(http::json_type, std::move(body));
    Context ctx;
    ctx.principal = {.tenant = TenantId("t"), .subject = Subject("s"), .scopes = std::move(scopes)};
    ctx.idempotency_key = "key-1";
    return bench.loops.run(
        r.run(http::Invocation(invoker, r.info, {}), std::move(ctx), {posted.head, {}, posted.body}));
  }
};

TEST(Gateway, only_these_operations_are_open) {
  const Gate door;
  std::set<std::string_view> open;
  for (const auto& route : door.made.service.routes.at(0).all()) {
    EXPECT_EQ(route.info.exposure.kind(), http::Exposure::Kind::public_) << route.info.id;
    if (route.info.access.kind() == http::Access::Kind::open) open.insert(route.info.id);
    else EXPECT_FALSE(route.info.access.scope().empty()) << route.info.id;
  }
  EXPECT_EQ(open, (std::set<std::string_view>{"gateway.root", "gateway.openapi", "identity.token", "identity.jwks"}));
}

TEST(Gateway, no_operation_takes_a_larger_body_than_rates_must_let_pass) {
  const Gate door;
  std::size_t largest = 0;
  for (const auto& route : door.made.service.routes.at(0).all()) largest = std::max(largest, route.info.body_max);
  EXPECT_EQ(static_cast<std::int64_t>(largest), policy::rated_body_max);
}

TEST(Gateway, chat_and_inference_want_the_scope_for_models) {
  Gate door;
  const std::string chat = R"({"model":"tiny","messages":[{"role":"user","content":"hi"}]})";
  for (const auto& [id, body] :
       {std::pair<std::string_view, std::string>{"gateway.chat", chat}, {"gateway.infer", R"({"prompt":"hi"})"}}) {
    const auto refused = door.send(id, {"runs:write"}, body);
    ASSERT_FALSE(refused) << id;
    EXPECT_EQ(refused.error().code, "missing_scope");
    EXPECT_TRUE(door.bench.policy.asked.empty());
  }
  door.bench.slm.say({"hello"});
  const auto answered = door.send("gateway.chat", {"models:use"}, chat);
  ASSERT_TRUE(answered) << answered.error().message;
}

TEST(Gateway, passes_the_idempotency_key_on) {
  Gate door;
  const auto started = door.send("gateway.start_session", {"runs:write"}, R"({"prompt":"hi"})");
  ASSERT_TRUE(started) << started.error().message;
  EXPECT_EQ(started->response.status, 201);
  EXPECT_EQ(door.orchestrator.idempotency_key, "key-1");
}

TEST(Gateway, maps_each_answer_of_a_review) {
  using orchestrator::ReviewAnswer;
  Gate door;
  auto& port = door.made.port;
  auto& loops = door.bench.loops;
  const ReviewId id("rev_1");
  ASSERT_TRUE(loops.run(port.approve({}, {.review_id = id, .arguments = json::object{{"x", 1}}, .note = "ok"})));
  EXPECT_EQ(door.orchestrator.answered->answer, ReviewAnswer::approve);
  EXPECT_EQ(door.orchestrator.answered->review_id, id);
  EXPECT_EQ(door.orchestrator.answered->arguments, (json::object{{"x", 1}}));
  EXPECT_EQ(door.orchestrator.answered->note, "ok");
  ASSERT_TRUE(loops.run(port.deny({}, {.review_id = id, .note = "no"})));
  EXPECT_EQ(door.orchestrator.answered->answer, ReviewAnswer::deny);
  ASSERT_TRUE(loops.run(port.retry({}, {.review_id = id, .note = {}})));
  EXPECT_EQ(door.orchestrator.answered->answer, ReviewAnswer::retry);
  ASSERT_TRUE(loops.run(port.done({}, {.review_id = id, .result = 5, .note = {}})));
  EXPECT_EQ(door.orchestrator.answered->answer, ReviewAnswer::done);
  EXPECT_EQ(door.orchestrator.answered->result, json::value(5));
}

TEST(Gateway, describes_every_route_and_what_raw_ones_take) {
  Gate door;
  const auto root = door.send("gateway.root", {}, "");
  ASSERT_TRUE(root);
  EXPECT_EQ(parse_json(root->response.body)->at("name"), "writ");
  const auto reply = door.send("gateway.openapi", {}, "");
  ASSERT_TRUE(reply);
  const auto document = parse_json(reply->response.body).value();
  const auto& paths = document.at("paths").as_object();
  for (const auto& route : door.made.service.routes.at(0).all())
    EXPECT_TRUE(paths.contains(route.info.path)) << route.info.path;
  const auto& chat = paths.at("/v1/chat/completions").at("post").at("requestBody").at("content").at("application/json");
  const auto name = std::string(view(chat.at("schema").at("$ref").as_string()))
                        .substr(std::string_view("#/components/schemas/").size());
  EXPECT_TRUE(document.at("components").at("schemas").at(name).at("properties").as_object().contains("messages"));
  EXPECT_TRUE(paths.at("/oauth2/token")
                  .at("post")
                  .at("requestBody")
                  .at("content")
                  .as_object()
                  .contains("application/x-www-form-urlencoded"));
}

TEST(Gateway, readiness_shows_policy_and_models_and_needs_identity) {
  const Gate door;
  std::map<std::string, bool> required;
  for (const auto& check : door.made.service.checks) required[check.name] = check.need == observability::Need::required;
  EXPECT_EQ(required, (std::map<std::string, bool>{{"identity", true}, {"policy", false}, {"slm", false}}));
  for (const auto& check : door.made.service.checks)
    if (check.name != "identity") EXPECT_EQ(check.status().error().code, "not_yet_known");
}

/// How many requests of somebody new are let in; 1,000 under the built-in rates.
int let_in(Door& door, const std::string& subject) {
  int out = 0;
  for (; out < 1'000; ++out)
    if (!door.made.rates.admit({.tenant = TenantId("t"), .subject = Subject(subject)}, {.requests = 1})) break;
  return out;
}
void start(Door& door) {
  async::TaskGroup tasks("test", 10);
  ASSERT_TRUE(door.bench.loops.run(door.made.service.start(runtime::Scope{door.bench.loops, tasks})));
  ASSERT_TRUE(door.bench.loops.run(tasks.stop(Seconds{5})));
}

TEST(Gateway, the_first_request_finds_the_rates_of_the_constitution) {
  Door door;
  door.bench.policy.rates = {{.id = "three", .per_seconds = 600, .burst = 3}};
  EXPECT_EQ(let_in(door, "early"), 1'000);
  start(door);
  EXPECT_EQ(let_in(door, "ann"), 3);
}

TEST(Gateway, without_policy_the_rates_known_last_hold) {
  Door door;
  door.bench.policy.rates = {{.id = "three", .per_seconds = 600, .burst = 3}};
  start(door);
  door.bench.policy.rates.reset();
  door.bench.policy.constitution_error = unavailable("policy_down", "policy is down");
  start(door);
  EXPECT_EQ(let_in(door, "ann"), 3);
  door.bench.policy.constitution_error.reset();
  start(door);
  EXPECT_EQ(let_in(door, "bob"), 1'000) << "a constitution without rates has the built-in ones";
}

TEST(Gateway, rates_that_no_constitution_may_have_are_not_taken_from_policy) {
  Door door;
  door.bench.policy.rates = {{.id = "never", .kind = policy::RateKind::bytes, .burst = 1}};
  start(door);
  EXPECT_EQ(let_in(door, "ann"), 1'000);
}

}  // namespace
}  // namespace writ::gateway
