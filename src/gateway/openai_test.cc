#include <gtest/gtest.h>

#include "gateway/fake_ports.h"
#include "gateway/infer.h"
#include "gateway/openai_request.h"
#include "http/problem.h"
#include "http/sse.h"

namespace writ::gateway::openai {
namespace {

Result<slm::Prompt> prompt_of(std::string_view text) {
  auto in = schema::decode<ChatCompletionRequest>(parse_json(text).value(), {.unknown = schema::Unknown::ignore});
  if (!in) return fail(std::move(in).error());
  return to_prompt(*std::move(in), 64);
}

std::vector<std::string> pointers_of(const Result<slm::Prompt>& prompt) {
  std::vector<std::string> out;
  if (!prompt)
    for (const auto& p : prompt.error().problems) out.push_back(p.pointer);
  return out;
}

TEST(OpenAiRequest, becomes_the_prompt_that_is_guarded) {
  const auto prompt = prompt_of(
      R"({"model":"tiny","user":"u","store":true,"max_tokens":5,"max_completion_tokens":7,"temperature":0.5,"top_p":0.9,
    "seed":3,"stop":"END","tool_choice":"required","response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{"type":"object"}}},
    "messages":[{"role":"developer","content":"be brief"},
                {"role":"user","name":"ann","content":[{"type":"text","text":"one"},{"type":"text","text":"two"}]},
                {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},
                {"role":"tool","tool_call_id":"c1","content":"3"}],
    "tools":[{"type":"function","function":{"name":"f","strict":true}}]})");
  ASSERT_TRUE(prompt) << prompt.error().message;
  EXPECT_EQ(prompt->model, "tiny");
  EXPECT_EQ(prompt->max_tokens, 7);
  EXPECT_EQ(prompt->temperature, 0.5);
  EXPECT_EQ(prompt->seed, 3);
  EXPECT_EQ(prompt->stop, std::vector<std::string>{"END"});
  EXPECT_EQ(prompt->response_schema, (json::object{{"type", "object"}}));
  EXPECT_EQ(
      prompt->messages,
      parse_json(
          R"([{"role":"system","content":"be brief"},{"role":"user","content":[{"type":"text","text":"one"},{"type":"text","text":"two"}]},
    {"role":"assistant","content":"","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},
    {"role":"tool","content":"3","tool_call_id":"c1"}])")
          ->as_array());
  EXPECT_EQ(
      prompt->tools,
      parse_json(R"([{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{}}}}])")
          ->as_array());
}

TEST(OpenAiRequest, without_a_bound_gets_the_default_one_and_nulls_are_absent) {
  const auto prompt = prompt_of(
      R"({"messages":[{"role":"user","content":"hi"}],"max_tokens":null,"tools":null,"stop":null,"seed":null,"n":1})");
  ASSERT_TRUE(prompt) << prompt.error().message;
  EXPECT_EQ(prompt->max_tokens, 64);
  EXPECT_EQ(prompt->model, "");
  EXPECT_EQ(prompt->tool_choice, json::value("auto"));
}

TEST(OpenAiRequest, names_every_problem_and_lets_no_unscanned_content_in) {
  const auto prompt = prompt_of(
      R"({"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]},{"role":"tool","content":"3"},
    {"role":"user"},{"role":"user","content":5}],"tools":[{"type":"custom","function":{"name":"a b"}}],"stop":["","x"],
    "response_format":{"type":"json_schema"}})");
  EXPECT_EQ(pointers_of(prompt),
            (std::vector<std::string>{"/messages/0/content/0", "/messages/1/tool_call_id", "/messages/2/content",
                                      "/messages/3/content", "/tools/0/type", "/tools/0/function/name", "/stop/0",
                                      "/response_format/json_schema/schema"}));
}

TEST(OpenAiRequest, refuses_by_name_what_would_silently_change_the_answer) {
  const auto prompt = prompt_of(
      R"({"messages":[{"role":"user","content":"hi"}],"logprobs":true,"frequency_penalty":1,"presence_penalty":0,
    "functions":[],"modalities":["text","audio"]})");
  ASSERT_FALSE(prompt);
  EXPECT_EQ(prompt.error().code, "unsupported_parameter");
  EXPECT_EQ(pointers_of(prompt),
            (std::vector<std::string>{"/logprobs", "/frequency_penalty", "/functions", "/modalities"}));
  EXPECT_FALSE(prompt_of(R"({"messages":[{"role":"user","content":"hi"}],"n":2})"));
}

struct Chat {
  Bench bench;

  Result<http::RawResponse> send(std::string body) {
    const Posted posted(http::json_type, std::move(body));
    return bench.loops.run(bench.door.chat({}, posted.request()));
  }
  Result<http::RawResponse> ask(bool stream, std::string_view more = "") {
    return send(R"({"model":"tiny","messages":[{"role":"user","content":"hi"}],"stream":)" +
                std::string(stream ? "true" : "false") + std::string(more) + "}");
  }
  struct Streamed {
    std::string bytes;
    std::vector<json::object> chunks;
    bool done = false;          // [DONE] came, and last
    std::optional<Error> error;
    std::string text, finish;
  };
  Streamed read(Result<http::RawResponse> response) {
    Streamed out;
    EXPECT_TRUE(response) << response.error().message;
    if (!response) return out;
    EXPECT_EQ(response->content_type, http::sse_type);
    for (;;) {
      auto item = bench.loops.run(response->stream->next());
      if (!item) out.error = item.error();
      if (!item || !*item) break;
      out.bytes += **item;
    }
    http::SseParser parser;
    const auto events = parser.feed(out.bytes).value();
    for (const auto& event : events) {
      EXPECT_FALSE(out.done) << "nothing follows [DONE]";
      if (event.data == "[DONE]") {
        out.done = true;
        continue;
      }
      out.chunks.push_back(parse_json(event.data).value().as_object());
      const auto* choices = out.chunks.back().if_contains("choices");
      if (choices == nullptr || choices->as_array().empty()) continue;
      const auto& choice = choices->as_array()[0].as_object();
      out.text += text_at(choice.at("delta").as_object(), "content");
      if (const auto finish = text_at(choice, "finish_reason"); !finish.empty()) out.finish = finish;
    }
    return out;
  }
};

TEST(OpenAiChat, answers_whole_with_usage_and_the_ids_that_lead_to_the_audit) {
  Chat chat;
  chat.bench.slm.say({"Hello", " you"}, slm::FinishReason::length);
  const auto response = chat.ask(false);
  ASSERT_TRUE(response) << response.error().message;
  const auto body = parse_json(response->body).value().as_object();
  EXPECT_EQ(body.at("object"), "chat.completion");
  EXPECT_EQ(body.at("model"), "tiny");
  EXPECT_EQ(body.at("system_fingerprint"), "1@abc");
  const auto& choice = body.at("choices").as_array()[0].as_object();
  EXPECT_EQ(choice.at("message"), (json::value{{"role", "assistant"}, {"content", "Hello you"}, {"refusal", nullptr}}));
  EXPECT_EQ(choice.at("finish_reason"), "length");
  EXPECT_EQ(body.at("usage"), (json::value{{"prompt_tokens", 10}, {"completion_tokens", 3}, {"total_tokens", 13}}));
  ASSERT_FALSE(chat.bench.policy.asked.empty());
  const auto id = std::string(text_at(body, "id"));
  ASSERT_TRUE(id.starts_with("chatcmpl-"));
  EXPECT_TRUE(chat.bench.policy.asked[0].request_id.starts_with("call_" + id.substr(9) + "/"));
  EXPECT_EQ(response->headers.at(0).value, "dec_call");
  EXPECT_EQ(chat.bench.registry.counters(metric::completions).with({"whole", "length"}).value(), 1U);
}

TEST(OpenAiChat, gives_tool_calls_to_the_client_with_a_null_content) {
  Chat chat;
  chat.bench.slm.script.push_back({.tool_calls = {{.id = "call_1", .name = "f", .arguments = "{\"x\":1}"}},
                                   .finish = slm::FinishReason::tool_calls,
                                   .usage = slm::Usage{}});
  const auto script = chat.bench.slm.script;
  const auto whole = chat.ask(false);
  ASSERT_TRUE(whole);
  const auto choice = parse_json(whole->body)->at("choices").as_array()[0].as_object();
  EXPECT_EQ(choice.at("finish_reason"), "tool_calls");
  EXPECT_TRUE(choice.at("message").at("content").is_null());
  const json::value function{{"name", "f"}, {"arguments", "{\"x\":1}"}};
  EXPECT_EQ(choice.at("message").at("tool_calls").as_array()[0],
            (json::value{{"id", "call_1"}, {"type", "function"}, {"function", function}}));

  chat.bench.slm.script = script;
  const auto streamed = chat.read(chat.ask(true));
  ASSERT_EQ(streamed.chunks.size(), 3U);
  const auto& delta = streamed.chunks[1].at("choices").as_array()[0].at("delta");
  EXPECT_EQ(delta.at("tool_calls").as_array()[0],
            (json::value{{"id", "call_1"}, {"type", "function"}, {"function", function}, {"index", 0}}));
  EXPECT_EQ(streamed.finish, "tool_calls");
  EXPECT_TRUE(streamed.done);
}

TEST(OpenAiChat, streams_role_then_text_then_finish_then_usage_then_done) {
  Chat chat;
  const std::string piece(60, 'a');
  chat.bench.slm.say({piece, piece, "end"});
  const auto out = chat.read(chat.ask(true, R"(,"stream_options":{"include_usage":true})"));
  ASSERT_GE(out.chunks.size(), 5U);
  EXPECT_EQ(out.chunks.front().at("choices").as_array()[0].at("delta").at("role"), "assistant");
  EXPECT_EQ(out.text, piece + piece + "end");
  EXPECT_EQ(out.finish, "stop");
  EXPECT_TRUE(out.chunks.back().at("choices").as_array().empty());
  EXPECT_EQ(out.chunks.back().at("usage").at("total_tokens"), 13);
  EXPECT_TRUE(out.chunks.front().at("usage").is_null());
  for (const auto& chunk : out.chunks) EXPECT_EQ(chunk.at("id"), out.chunks.front().at("id"));
  EXPECT_TRUE(out.done);
  EXPECT_FALSE(out.error);
  EXPECT_EQ(chat.bench.registry.counter(metric::streamed).value(), out.bytes.size());
  EXPECT_EQ(chat.bench.registry.counters(metric::completions).with({"stream", "stop"}).value(), 1U);
}

TEST(OpenAiChat, without_include_usage_no_chunk_has_usage) {
  Chat chat;
  chat.bench.slm.say({"x"});
  for (const auto& chunk : chat.read(chat.ask(true)).chunks) EXPECT_FALSE(chunk.contains("usage"));
}

TEST(OpenAiChat, lets_no_text_out_that_policy_did_not_release) {
  const std::string open(60, 'a'), secret(60, 'S');
  for (const bool stream : {true, false}) {
    Chat chat;
    chat.bench.policy.release_max = 60;
    chat.bench.policy.output = decision_of(policy::Verdict::deny, "dec_output", "the output holds a secret");
    chat.bench.slm.say({open, secret});
    chat.bench.slm.script.back().tool_calls = {{.id = "call_1", .name = "SSS", .arguments = "{}"}};
    auto response = chat.ask(stream);
    if (!stream) {
      ASSERT_TRUE(response);
      const auto choice = parse_json(response->body)->at("choices").as_array()[0];
      EXPECT_EQ(choice.at("finish_reason"), "content_filter");
      EXPECT_EQ(choice.at("message").at("refusal"), "the output holds a secret");
      EXPECT_EQ(response->body.find("SSS"), std::string::npos);
      continue;
    }
    const auto out = chat.read(std::move(response));
    EXPECT_EQ(out.text, open);
    EXPECT_EQ(out.bytes.find("SSS"), std::string::npos);
    EXPECT_EQ(out.finish, "content_filter");
    EXPECT_TRUE(out.done);
  }
}

TEST(OpenAiChat, a_refused_call_is_a_403_before_any_stream_and_reaches_no_model) {
  for (const bool stream : {true, false}) {
    Chat chat;
    chat.bench.policy.call = decision_of(policy::Verdict::deny, "dec_no", "not on sundays");
    const auto denied = chat.ask(stream);
    ASSERT_FALSE(denied);
    EXPECT_EQ(denied.error().kind, ErrorKind::forbidden);
    EXPECT_EQ(denied.error().code, "policy_denied");
    EXPECT_EQ(denied.error().message, "not on sundays (dec_no)");
    chat.bench.policy.call = decision_of(policy::Verdict::review, "dec_ask", "ask first");
    const auto review = chat.ask(stream);
    ASSERT_FALSE(review);
    EXPECT_EQ(review.error().code, "review_required");
    EXPECT_TRUE(chat.bench.slm.asked.empty());
    EXPECT_EQ(chat.bench.registry.counters(metric::refused).with({"policy_denied"}).value(), 1U);
    EXPECT_EQ(chat.bench.registry.counters(metric::refused).with({"review_required"}).value(), 1U);
  }
}

TEST(OpenAiChat, without_policy_nothing_is_called) {
  Chat chat;
  chat.bench.policy.evaluate_error = unavailable("policy_down", "policy cannot be reached");
  const auto response = chat.ask(true);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(chat.bench.slm.asked.empty());
}

TEST(OpenAiChat, an_error_in_mid_stream_is_a_chunk_and_never_an_end) {
  Chat chat;
  chat.bench.slm.script = {{.text = std::string(60, 'a')}};
  chat.bench.slm.breaks_with = unavailable("model_lost", "the model went away");
  const auto out = chat.read(chat.ask(true));
  ASSERT_FALSE(out.chunks.empty());
  EXPECT_EQ(out.chunks.back().at("error").at("code"), "model_lost");
  EXPECT_EQ(out.chunks.back().at("error").at("type"), "server_error");
  EXPECT_FALSE(out.done);
  EXPECT_TRUE(out.finish.empty());
  ASSERT_TRUE(out.error);
  EXPECT_EQ(out.error->code, "model_lost");
}

TEST(OpenAiChat, a_client_that_goes_away_is_settled) {
  Bench bench;
  bench.slm.say({std::string(60, 'a'), std::string(60, 'b')});
  const Posted posted(http::json_type, R"({"model":"tiny","messages":[{"role":"user","content":"hi"}],"stream":true})");
  auto response = bench.loops.run(bench.door.chat({}, posted.request()));
  ASSERT_TRUE(response);
  ASSERT_TRUE(bench.loops.run(response->stream->next()));
  response->stream.reset();
  ASSERT_TRUE(bench.loops.run(bench.tasks.stop(Seconds{5})));
  EXPECT_EQ(bench.policy.settled, 1);
  EXPECT_EQ(bench.policy.finished, 0);
}

TEST(OpenAiChat, speaks_of_errors_in_openais_codes) {
  Chat chat;
  const auto no_model = chat.send(R"({"model":"gpt","messages":[{"role":"user","content":"hi"}]})");
  ASSERT_FALSE(no_model);
  const auto document = http::openai_error(no_model.error(), "");
  EXPECT_EQ(document.at("error").at("code"), "model_not_found");
  EXPECT_EQ(document.at("error").at("param"), "model");
  EXPECT_EQ(info(no_model.error().kind).status, 404);

  Error spent;
  spent.kind = ErrorKind::quota_exceeded;
  spent.code = "budget_spent";
  spent.retry_after = Seconds{7};
  chat.bench.policy.evaluate_error = spent;
  const auto quota = chat.ask(false);
  ASSERT_FALSE(quota);
  EXPECT_EQ(quota.error().code, "insufficient_quota");
  EXPECT_EQ(quota.error().retry_after, Seconds{7});
  spent.code = "budget_reserved";  // clients give up on insufficient_quota, and try again on this
  EXPECT_EQ(as_openai(spent).code, "rate_limit_exceeded");
  EXPECT_EQ(as_openai(invalid("context_overflow", "too long")).code, "context_length_exceeded");

  const auto bad = chat.send(R"({"messages":[],"temperature":"hot"})");
  ASSERT_FALSE(bad);
  EXPECT_EQ(http::openai_error(bad.error(), "").at("error").at("type"), "invalid_request_error");
  EXPECT_EQ(bad.error().problems.size(), 2U);
}

TEST(OpenAiModels, are_listed_and_found_by_id) {
  Bench bench;
  const auto list = bench.loops.run(bench.door.models({}, {}));
  ASSERT_TRUE(list);
  const auto body = schema::encode(*list).as_object();
  EXPECT_EQ(body.at("object"), "list");
  EXPECT_EQ(body.at("data").as_array()[0].at("id"), "tiny");
  EXPECT_EQ(body.at("data").as_array()[0].at("object"), "model");
  EXPECT_TRUE(bench.loops.run(bench.door.model({}, {.model = "tiny"})));
  const auto missing = bench.loops.run(bench.door.model({}, {.model = "gpt"}));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, "model_not_found");
}

TEST(Inference, answers_once_and_withholds_a_denied_output_whole) {
  Bench bench;
  Inference inference(bench.calls, 64);
  bench.slm.say({"four"});
  const auto answer = bench.loops.run(inference.infer({}, {.prompt = "2+2?", .model = {}, .max_tokens = {}}));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->text, "four");
  EXPECT_EQ(answer->model, "tiny");
  EXPECT_EQ(answer->usage.completion, Tokens{3});
  EXPECT_EQ(answer->decision_id.str(), "dec_call");
  EXPECT_EQ(bench.slm.asked.at(0).prompt.max_tokens, 64);

  bench.policy.output = decision_of(policy::Verdict::deny, "dec_output", "no");
  bench.slm.say({"four"});
  const auto denied = bench.loops.run(inference.infer({}, {.prompt = "2+2?", .model = {}, .max_tokens = {}}));
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, "output_denied");
}

}  // namespace
}  // namespace writ::gateway::openai
