#include <gtest/gtest.h>

#include "http/openapi.h"
#include "http/ops_routes.h"
#include "http/run_now.h"
#include "http/sample_operations.h"

namespace writ::http {
namespace {

using sample::Find;
using sample::Note;
using sample::Tick;
using sample::Watch;

struct RoutedNotes {
  Task<Result<Note>> put(Context, Note in) { co_return in; }
  Task<Result<Find>> find(Context, Find in) { co_return in; }
  Task<Result<StreamPtr<Tick>>> watch(Context ctx, Watch) {
    auto [writer, stream] = async::make_stream<Tick>(1, std::move(ctx));
    writer.close();
    co_return std::move(stream);
  }
};

class RouteSetTest : public testing::Test {
 protected:
  RouteSetTest() {
    routes.add(sample::put, notes, &RoutedNotes::put);
    routes.add(sample::find, notes, &RoutedNotes::find);
    routes.add(sample::watch, notes, &RoutedNotes::watch);
    routes.add(sample::ask, notes, &RoutedNotes::put);
    static constexpr OperationInfo latest{.id = "sample.latest",
                                          .method = Method::get,
                                          .path = "/v1/notes/latest",
                                          .summary = "The latest.",
                                          .exposure = public_door,
                                          .access = open};
    routes.add_raw(latest,
                   [](Context, RawRequest) -> Task<Result<RawResponse>> { co_return RawResponse{.body = "{}"}; });
    outside.add(routes);
    outside.add(ops_routes(
        invoker, {[] { return json::object(); }, [] { return ReadyReport{}; }, {}, [] { return std::string(); }}));
    inside.add(routes);
  }
  observability::Registry registry{"sample", "1", "test"};
  Invoker invoker{registry};
  RoutedNotes notes;
  Routes routes{invoker};
  RouteSet outside{{public_door, ops_only}}, inside{{internal_only}};
};

TEST_F(RouteSetTest, exposure_decides_which_routes_an_address_has) {
  EXPECT_NE(outside.match("GET", "/health").route, nullptr);
  EXPECT_NE(outside.match("GET", "/v1/notes/n").route, nullptr);
  EXPECT_EQ(outside.match("POST", "/internal/v1/ask").route, nullptr);
  EXPECT_EQ(outside.match("POST", "/internal/v1/ask").allow, "");
  EXPECT_NE(inside.match("POST", "/internal/v1/ask").route, nullptr);
  EXPECT_EQ(inside.match("GET", "/v1/notes/n").route, nullptr);
}

TEST_F(RouteSetTest, literals_win_over_names_and_names_give_their_values) {
  EXPECT_EQ(outside.match("GET", "/v1/notes/latest").route->info.id, "sample.latest");
  const auto found = outside.match("GET", "/v1/notes/a%20b");
  EXPECT_EQ(found.route->info.id, "sample.find");
  EXPECT_EQ(found.params, (PathValues{{"note_id", "a b"}}));
  EXPECT_EQ(outside.match("GET", "/v1/notes/latest/ticks").params.at(0).second, "latest");
}

TEST_F(RouteSetTest, what_is_not_a_path_of_ours_is_nowhere) {
  for (auto path : {"", "v1/notes/n", "/v1/notes", "/v1/notes/", "/v1/notes//ticks", "/v1/notes/n/", "/v1/notes/%f",
                    "/V1/notes/n", "//"}) {
    const auto match = outside.match("GET", path);
    EXPECT_EQ(match.route, nullptr) << path;
    EXPECT_EQ(match.allow, "") << path;
  }
}

TEST_F(RouteSetTest, another_method_is_told_which_are_allowed) {
  EXPECT_EQ(outside.match("DELETE", "/v1/notes/n").allow, "GET, HEAD, PUT");
  EXPECT_EQ(outside.match("HEAD", "/v1/notes/n").route->info.id, "sample.find");
  EXPECT_EQ(outside.match("HEAD", "/v1/notes/n/ticks").allow, "GET");
}

TEST_F(RouteSetTest, openapi_describes_each_operation_with_its_security) {
  const auto document = openapi(outside, {"writ", "0.1", "Test."});
  EXPECT_EQ(document.at("openapi"), "3.1.0");
  const auto& put = document.at("paths").at("/v1/notes/{note_id}").at("put").as_object();
  EXPECT_EQ(put.at("operationId"), "sample.put");
  EXPECT_EQ(to_text(put.at("security")), R"([{"bearer":["notes:write"]}])");
  EXPECT_EQ(to_text(put.at("tags")), R"(["sample"])");
  ASSERT_EQ(put.at("parameters").as_array().size(), 1U);
  EXPECT_EQ(put.at("parameters").at(0).at("in"), "path");
  EXPECT_EQ(put.at("requestBody").at("content").at("application/json").at("schema").at("$ref"),
            "#/components/schemas/http.sample.Note.body");
  EXPECT_NE(std::string(put.at("responses").at("default").at("description").as_string()).find("no_space"),
            std::string::npos);
  const auto& schemas = document.at("components").at("schemas").as_object();
  EXPECT_EQ(schemas.at("http.sample.Note.body").at("properties").as_object().if_contains("note_id"), nullptr);
  EXPECT_EQ(to_text(schemas.at("http.sample.Note.body").at("required")), R"(["text"])");
  EXPECT_EQ(to_text(schemas.at("Problem").at("required")), R"(["type","title","status","code","kind","detail"])");
  EXPECT_EQ(to_text(schemas.at("OpenAiError").at("properties").at("error").at("properties").at("param")),
            R"({"type":["string","null"]})");
  const auto& find = document.at("paths").at("/v1/notes/{note_id}").at("get").as_object();
  EXPECT_EQ(to_text(find.at("security")), "[]");
  EXPECT_EQ(find.at("parameters").as_array().size(), 5U);
  const auto& watch = document.at("paths").at("/v1/notes/{note_id}/ticks").at("get").as_object();
  EXPECT_NE(watch.at("responses").at("200").at("content").as_object().if_contains("text/event-stream"), nullptr);
  EXPECT_EQ(document.at("paths").as_object().if_contains("/internal/v1/ask"), nullptr);
}

TEST_F(RouteSetTest, readiness_is_a_status_and_a_body) {
  OpsCallbacks callbacks;
  callbacks.ready = [] { return ReadyReport{false, {{"status", "starting"}}}; };
  callbacks.ready_of = [](std::string_view name) {
    return name == "policy" ? std::optional(ReadyReport{true, {}}) : std::nullopt;
  };
  RouteSet set({ops_only});
  set.add(ops_routes(invoker, callbacks));
  const auto get = [&](std::string_view path) {
    auto match = set.match("GET", path);
    Invocation call(invoker, match.route->info, {});
    return run_now(match.route->run(std::move(call), {}, {{}, match.params, {}}));
  };
  EXPECT_EQ(get("/ready")->response.status, 503);
  EXPECT_EQ(get("/ready")->response.body, R"({"status":"starting"})");
  EXPECT_EQ(get("/ready/policy")->response.status, 200);
  EXPECT_EQ(get("/ready/other").error().code, "no_service");
}

}  // namespace
}  // namespace writ::http
