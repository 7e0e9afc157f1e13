#include "llama/chat.h"

#include <fstream>

#include <gtest/gtest.h>

#include "llama/chat_request.h"
#include "llama/tool_call_parser.h"

namespace writ::llama {
namespace {

constexpr const char* chatml =
    "{%- for message in messages -%}{{- '<|im_start|>' + message.role + '\\n' + message.content -}}"
    "{%- if message.tool_calls -%}{%- for call in message.tool_calls -%}"
    "{{- '<tool_call>{\"name\":' + (call.function.name | tojson) + ',\"arguments\":' + call.function.arguments + "
    "'}</tool_call>' -}}"
    "{%- endfor -%}{%- endif -%}{{- '<|im_end|>\\n' -}}{%- endfor -%}"
    "{%- if tools -%}{%- for tool in tools -%}{{- '[' + tool.function.name + ']' -}}{%- endfor -%}{%- endif -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}";

ChatTemplate compiled(ToolFormat format = ToolFormat::tagged) {
  auto result = ChatTemplate::compile(chatml, format, {"<s>", "<|im_end|>", {"<|im_start|>", "<|im_end|>"}});
  EXPECT_TRUE(result.has_value());
  return std::move(*result);
}

ChatRequest request_of(std::string_view messages, std::string_view tools = "[]") {
  ChatRequest request;
  request.messages = parse_json(messages)->as_array();
  request.tools = parse_json(tools)->as_array();
  return request;
}

constexpr std::string_view one_tool = R"([{"type":"function","function":{"name":"list"}}])";

TEST(ChatTemplate, renders_messages_and_asks_for_an_answer) {
  const auto chat =
      compiled().render(request_of(R"([{"role":"developer","content":"Be kind."},{"role":"user","content":"hi"}])"));
  ASSERT_TRUE(chat.has_value());
  EXPECT_EQ(chat->prompt,
            "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(chat->answer, AnswerFormat::text);
  EXPECT_EQ(chat->rules, std::nullopt);
  EXPECT_TRUE(chat->plain.empty());
}

TEST(ChatTemplate, the_models_own_template_renders_what_it_was_trained_with) {
  const std::string folder = WRIT_MODELS "/templates/";
  std::ifstream file(folder + "writ-tools.jinja");
  const std::string source(std::istreambuf_iterator<char>(file), {});
  const auto own =
      ChatTemplate::compile(source, ToolFormat::tagged, {"", "<|im_end|>", {"<|im_start|>", "<|im_end|>"}});
  ASSERT_TRUE(own.has_value());
  std::ifstream cases(folder + "golden.jsonl");  // what the shipped models were trained on
  std::string line;
  int compared = 0;
  while (std::getline(cases, line)) {
    const auto golden = parse_json(line)->as_object();
    ChatRequest request;
    request.messages = golden.at("messages").as_array();
    if (const auto* tools = golden.if_contains("tools"); tools->is_array()) request.tools = tools->get_array();
    request.end = golden.at("add_generation_prompt").as_bool() ? PromptEnd::open_answer : PromptEnd::last_message;
    const auto chat = own->render(request);
    ASSERT_TRUE(chat.has_value()) << text_at(golden, "name") << ": " << chat.error().message
                                  << to_text(golden.at("messages"));
    EXPECT_EQ(chat->prompt, text_at(golden, "text")) << text_at(golden, "name");
    ++compared;
  }
  EXPECT_GE(compared, 20);
}

TEST(ChatTemplate, arguments_of_earlier_calls_become_compact) {
  const auto chat = compiled().render(request_of(
      R"([{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{ \"x\" : 1.5 }"}}]}])"));
  ASSERT_TRUE(chat.has_value());
  EXPECT_NE(chat->prompt.find(R"(<tool_call>{"name":"f","arguments":{"x":1.5}}</tool_call>)"), std::string::npos)
      << chat->prompt;
}

TEST(ChatTemplate, special_tokens_in_a_request_stay_plain_text) {
  const auto chat = compiled().render(request_of(
      R"([{"role":"user","content":[{"type":"text","text":"a<|im_end|>b"},{"type":"text","text":"<|im_start|>"}]}])"));
  ASSERT_TRUE(chat.has_value());
  EXPECT_EQ(chat->prompt, "<|im_start|>user\na<|im_end|>b\n<|im_start|><|im_end|>\n<|im_start|>assistant\n");
  ASSERT_EQ(chat->plain.size(), 2U);
  const auto text = [&](std::size_t i) {
    return chat->prompt.substr(chat->plain[i].begin, chat->plain[i].end - chat->plain[i].begin);
  };
  EXPECT_EQ(text(0), "<|im_end|>");
  EXPECT_EQ(chat->plain[0].begin, 18U);
  EXPECT_EQ(text(1), "<|im_start|>");
}

TEST(ChatTemplate, a_request_that_spells_the_placeholder_keeps_its_text) {
  const auto chat = compiled().render(request_of(R"([{"role":"user","content":"Q7PLAIN0E <|im_end|> Q7PLAIN1E"}])"));
  ASSERT_TRUE(chat.has_value());
  EXPECT_NE(chat->prompt.find("\nQ7PLAIN0E <|im_end|> Q7PLAIN1E<|im_end|>\n"), std::string::npos) << chat->prompt;
  EXPECT_EQ(chat->plain.size(), 1U);
}

TEST(ChatTemplate, tools_are_shown_unless_none_may_be_called) {
  auto request = request_of(R"([{"role":"user","content":"hi"}])", one_tool);
  auto chat = compiled().render(request);
  ASSERT_TRUE(chat.has_value());
  EXPECT_NE(chat->prompt.find("[list]"), std::string::npos);
  EXPECT_EQ(chat->answer, AnswerFormat::tagged);
  EXPECT_EQ(chat->calls, CallLimit::many);

  request.parallel = ParallelCalls::refused;
  EXPECT_EQ(compiled().render(request)->calls, CallLimit::one);

  request.tool_choice = ToolChoice::none;
  chat = compiled().render(request);
  EXPECT_EQ(chat->prompt.find("[list]"), std::string::npos);
  EXPECT_EQ(chat->answer, AnswerFormat::text);
}

TEST(ChatTemplate, wrong_requests_are_refused_with_every_problem) {
  const auto messages = compiled().render(
      request_of(R"([{"role":"boss","content":1},7,{"role":"user","content":[{"type":"image_url"}]}])"));
  ASSERT_FALSE(messages.has_value());
  EXPECT_EQ(messages.error().code, "bad_messages");
  EXPECT_EQ(messages.error().problems.size(), 4U);

  const auto tools = compiled().render(request_of(
      R"([{"role":"user","content":""}])",
      R"([{"type":"function","function":{"name":"a b"}},{"type":"function","function":{"name":"x","parameters":{"type":"array"}}},
          {"type":"function","function":{"name":"x"}}])"));
  ASSERT_FALSE(tools.has_value());
  EXPECT_EQ(tools.error().code, "bad_tools");
  EXPECT_EQ(tools.error().problems.size(), 3U);

  auto unknown = request_of(R"([{"role":"user","content":""}])", one_tool);
  unknown.tool_choice = ToolChoice::named;
  unknown.tool_name = "rm";
  EXPECT_EQ(compiled().render(unknown).error().code, "unknown_tool");
  EXPECT_EQ(compiled().render(request_of("[]")).error().code, "bad_messages");
}

TEST(ChatTemplate, a_template_that_does_not_parse_or_refuses_is_an_error) {
  EXPECT_EQ(ChatTemplate::compile("{% if %}", ToolFormat::tagged).error().code, "bad_chat_template");
  const auto refusing = ChatTemplate::compile("{{ raise_exception('no') }}", ToolFormat::tagged);
  ASSERT_TRUE(refusing.has_value());
  EXPECT_EQ(refusing->render(request_of(R"([{"role":"user","content":""}])")).error().code, "render_failed");
}

// A template of Hermes models, small.
constexpr const char* hermes =
    "{%- if tools %}{{- '<|im_start|>system\\n<tools>' }}{%- for tool in tools %}{{- tool | tojson }}{%- endfor %}"
    "{{- '</tools><|im_end|>\\n' }}{%- endif %}{%- for message in messages %}{{- '<|im_start|>' + message.role + "
    "'\\n' }}"
    "{%- if message.content %}{{- message.content }}{%- endif %}{%- if message.tool_calls %}{%- for call in "
    "message.tool_calls %}"
    "{{- '\\n<tool_call>\\n{\"name\": \"' + call.function.name + '\", \"arguments\": ' }}{{- call.function.arguments "
    "| tojson }}"
    "{{- '}\\n</tool_call>' }}{%- endfor %}{%- endif %}{{- '<|im_end|>\\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}";

TEST(ChatTemplate, native_templates_give_a_grammar_and_a_parser_for_their_own_calls) {
  const auto native = ChatTemplate::compile(hermes, ToolFormat::native, {"", "<|im_end|>", {"<|im_end|>"}});
  ASSERT_TRUE(native.has_value());
  auto request = request_of(R"([{"role":"user","content":"say <|im_end|>"}])", one_tool);
  request.tool_choice = ToolChoice::required;
  const auto chat = native->render(request);
  ASSERT_TRUE(chat.has_value()) << chat.error().message;
  EXPECT_EQ(chat->plain.size(), 1U);
  EXPECT_NE(chat->grammar.gbnf, "");
  ToolCallParser parser(*chat);
  EXPECT_EQ(parser.feed("<tool_call>\n{\"name\": \"list\", "), "");
  EXPECT_EQ(parser.feed("\"arguments\": {}}\n</tool_call>"), "");
  const auto answer = parser.finish();
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  ASSERT_EQ(answer->calls.size(), 1U);
  EXPECT_EQ(answer->calls[0], (ToolCall{"list", "{}"}));
}

TEST(ChatTemplate, of_a_native_answer_with_more_calls_than_permitted_the_first_is_left) {
  const auto native = ChatTemplate::compile(hermes, ToolFormat::native, {"", "<|im_end|>", {"<|im_end|>"}});
  ASSERT_TRUE(native.has_value());
  const auto calls_of = [&](ParallelCalls parallel, CallLimit limit) {
    auto request = request_of(R"([{"role":"user","content":"hi"}])", one_tool);
    request.parallel = parallel;
    auto chat = native->render(request);
    EXPECT_EQ(chat->calls == CallLimit::one, parallel == ParallelCalls::refused);
    chat->calls = limit;
    ToolCallParser parser(*chat);
    const std::string call = "<tool_call>\n{\"name\": \"list\", \"arguments\": {}}\n</tool_call>";
    EXPECT_EQ(parser.feed(call + "\n" + call), "");
    const auto answer = parser.finish();
    return answer ? answer->calls.size() : 0U;
  };
  EXPECT_EQ(calls_of(ParallelCalls::allowed, CallLimit::many), 2U);
  EXPECT_EQ(calls_of(ParallelCalls::allowed, CallLimit::one), 1U) << "as of a template without a grammar for its calls";
}

TEST(ChatTemplate, a_native_answer_without_tools_is_held_to_its_schema_by_our_own_rules) {
  auto request = request_of(R"([{"role":"user","content":"hi"}])");
  request.json_schema = json::object{{"type", "integer"}, {"multipleOf", 5}};
  const auto chat = compiled(ToolFormat::native).render(request);
  ASSERT_TRUE(chat.has_value()) << chat.error().message;
  ASSERT_TRUE(chat->rules);
  EXPECT_EQ(chat->grammar.gbnf, "");
  request.json_schema = json::object{{"not", json::object{}}};
  EXPECT_EQ(compiled(ToolFormat::native).render(request).error().problems.at(0).pointer, "/json_schema/not");
}

TEST(ChatTemplate, tools_are_refused_where_a_native_template_shows_none) {
  const auto native = ChatTemplate::compile("{% for m in messages %}{{ m.content }}{% endfor %}", ToolFormat::native);
  ASSERT_TRUE(native.has_value());
  EXPECT_FALSE(native->supports_tools());
  auto request = request_of(R"([{"role":"user","content":"hi"}])", one_tool);
  EXPECT_EQ(native->render(request).error().code, "tools_unsupported");
  request.tool_choice = ToolChoice::none;
  EXPECT_TRUE(native->render(request).has_value());
}

TEST(ChatTemplate, native_text_is_shown_as_it_comes) {
  const auto chat = compiled(ToolFormat::native).render(request_of(R"([{"role":"user","content":"hi"}])"));
  ASSERT_TRUE(chat.has_value()) << chat.error().message;
  ToolCallParser parser(*chat);
  auto text = parser.feed("Hello ");
  text += parser.feed("world");
  const auto answer = parser.finish();
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(text + answer->text, "Hello world");
  EXPECT_NE(text, "");
}

}  // namespace
}  // namespace writ::llama
