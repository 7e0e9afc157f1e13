#include "llama/chat.h"

#include <algorithm>
#include <exception>
#include <utility>

#include <chat.h>
#include <jinja/lexer.h>
#include <jinja/parser.h>
#include <jinja/runtime.h>
#include <json.h>

#include "llama/backend.h"
#include "llama/chat_request.h"
#include "llama/grammar.h"
#include "llama/native_schema.h"
#include "llama/native_syntax.h"
#include "llama/special_text.h"

namespace writ::llama {

struct ChatTemplate::Impl {
  std::string source;
  ToolFormat format = ToolFormat::tagged;
  TemplateTokens tokens;
  jinja::program program;             // tagged
  bool supports_tools = true;
  common_chat_templates_ptr native;   // native

  [[nodiscard]] RenderedChat render_tagged(const ChatRequest& request, const json::object& document) const;
  [[nodiscard]] RenderedChat render_native(const ChatRequest& request, const json::object& document) const;
};

struct NativeSyntax {
  common_chat_parser_params params;
};

namespace {

std::string escaped_pattern(std::string_view text) {
  std::string pattern;
  for (const char c : text) {
    if (std::string_view(R"(.^$|()*+?[]{}\)").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

/// llama.cpp's triggers in the two forms that its sampler takes.
void take_trigger(Grammar& grammar, const common_grammar_trigger& trigger) {
  switch (trigger.type) {
    case COMMON_GRAMMAR_TRIGGER_TYPE_TOKEN: grammar.trigger_tokens.push_back(trigger.token); break;
    case COMMON_GRAMMAR_TRIGGER_TYPE_WORD: grammar.trigger_patterns.push_back(escaped_pattern(trigger.value)); break;
    case COMMON_GRAMMAR_TRIGGER_TYPE_PATTERN: grammar.trigger_patterns.push_back(trigger.value); break;
    case COMMON_GRAMMAR_TRIGGER_TYPE_PATTERN_FULL: {
      auto pattern = trigger.value;
      if (!pattern.starts_with('^')) pattern.insert(0, 1, '^');
      if (!pattern.ends_with('$')) pattern += '$';
      grammar.trigger_patterns.push_back(std::move(pattern));
      break;
    }
  }
}

/// Without calls the answer is plain JSON, and the grammar engine holds its schema. With calls llama.cpp writes the
/// grammar, in the format of its template: from schemas that it holds and that it cannot make large.
Result<std::optional<grammar::Source>> native_rules(ChatRequest& request) {
  const bool may_call = !request.tools.empty() && request.tool_choice != ToolChoice::none;
  if (!may_call) {
    if (!request.json_schema) return std::nullopt;
    WRIT_TRY(auto rules, json_grammar(*request.json_schema));
    request.json_schema.reset();
    request.tools.clear();
    return rules;
  }
  for (std::size_t i = 0; i < request.tools.size(); ++i) {
    auto& parameters = request.tools[i].at("function").at("parameters");
    auto held = native_schema(parameters, "/tools/" + std::to_string(i) + "/function/parameters");
    if (!held) return fail(as_request_error(std::move(held).error()));
    parameters = std::move(*held);
  }
  if (request.json_schema) {
    auto held = native_schema(*request.json_schema, "/json_schema");
    if (!held) return fail(as_request_error(std::move(held).error()));
    request.json_schema = std::move(*held);
  }
  return std::nullopt;
}

/// A template whose tool calls llama.cpp cannot work out still serves requests without tools.
common_chat_params apply_native(const common_chat_templates* templates, common_chat_templates_inputs& inputs) {
  try {
    return common_chat_templates_apply(templates, inputs);
  } catch (const std::exception&) {
    if (!inputs.tools.empty() || !inputs.json_schema.empty()) throw;
  }
  inputs.force_pure_content = true;
  return common_chat_templates_apply(templates, inputs);
}

}  // namespace

RenderedChat ChatTemplate::Impl::render_tagged(const ChatRequest& request, const json::object& document) const {
  auto input = common_json::parse(to_text(document));
  input["add_generation_prompt"] = request.end == PromptEnd::open_answer;
  input["bos_token"] = tokens.begin;
  input["eos_token"] = tokens.end;
  if (request.tools.empty() || request.tool_choice == ToolChoice::none) input.erase("tools");

  jinja::context context(source);
  jinja::global_from_json(context, input, false);
  jinja::runtime runtime(context);
  const jinja::value results = runtime.execute(program);

  RenderedChat chat;
  chat.prompt = jinja::runtime::gather_string_parts(results)->as_string().str();
  if (!request.tools.empty() && request.tool_choice != ToolChoice::none) {
    chat.answer = AnswerFormat::tagged;
    chat.calls = request.parallel == ParallelCalls::allowed ? CallLimit::many : CallLimit::one;
  }
  return chat;
}

RenderedChat ChatTemplate::Impl::render_native(const ChatRequest& request, const json::object& document) const {
  const auto input = common_json::parse(to_text(document));
  common_chat_templates_inputs inputs;
  inputs.messages = common_chat_msgs_parse_oaicompat(input.at("messages"));
  inputs.tools = common_chat_tools_parse_oaicompat(input.at("tools"));
  inputs.parallel_tool_calls = request.parallel == ParallelCalls::allowed;
  inputs.enable_thinking = false;  // reasoning text would be shown as the answer
  inputs.add_generation_prompt = request.end == PromptEnd::open_answer;
  if (request.json_schema) inputs.json_schema = to_text(*request.json_schema);
  switch (request.tool_choice) {
    case ToolChoice::automatic: inputs.tool_choice = COMMON_CHAT_TOOL_CHOICE_AUTO; break;
    case ToolChoice::none: inputs.tool_choice = COMMON_CHAT_TOOL_CHOICE_NONE; break;
    case ToolChoice::required: inputs.tool_choice = COMMON_CHAT_TOOL_CHOICE_REQUIRED; break;
    case ToolChoice::named:  // the same as required with that tool alone
      inputs.tool_choice = COMMON_CHAT_TOOL_CHOICE_REQUIRED;
      std::erase_if(inputs.tools, [&](const common_chat_tool& tool) { return tool.name != request.tool_name; });
      break;
  }
  const auto params = apply_native(native.get(), inputs);

  RenderedChat chat;
  chat.prompt = params.prompt;
  chat.stops = params.additional_stops;
  chat.grammar.gbnf = params.grammar;
  chat.grammar.lazy = params.grammar_lazy;
  for (const auto& trigger : params.grammar_triggers) take_trigger(chat.grammar, trigger);
  if (!params.grammar_lazy) chat.grammar.prefill = params.generation_prompt;
  chat.answer = AnswerFormat::native;
  auto syntax = std::make_shared<NativeSyntax>();
  syntax->params = common_chat_parser_params(params);
  if (!params.parser.empty()) syntax->params.parser.load(params.parser);
  chat.native = std::move(syntax);
  const bool may_call = !request.tools.empty() && request.tool_choice != ToolChoice::none;
  if (may_call && request.parallel == ParallelCalls::refused) chat.calls = CallLimit::one;
  return chat;
}

ChatTemplate::ChatTemplate(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

ToolFormat ChatTemplate::format() const { return impl_->format; }

bool ChatTemplate::supports_tools() const { return impl_->supports_tools; }

Result<ChatTemplate> ChatTemplate::compile(const std::string& source, ToolFormat format, TemplateTokens tokens) {
  ensure_backend();
  auto impl = std::make_unique<Impl>();
  impl->source = source;
  impl->format = format;
  std::erase_if(tokens.special, [](const std::string& text) { return text.empty(); });
  try {
    if (format == ToolFormat::tagged) {
      jinja::lexer lexer;
      auto lexed = lexer.tokenize(source);
      impl->program = jinja::parse_from_tokens(lexed);
      impl->source = lexed.source;
    } else {
      impl->native = common_chat_templates_init(nullptr, source, tokens.begin, tokens.end);
      impl->supports_tools = common_chat_templates_get_caps(impl->native.get()).at("supports_tools");
    }
  } catch (const std::exception& error) {
    return fail(invalid("bad_chat_template", std::string("chat template: ") + error.what()));
  }
  impl->tokens = std::move(tokens);
  return ChatTemplate(std::move(impl));
}

Result<RenderedChat> ChatTemplate::render(const ChatRequest& request) const {
  WRIT_TRY(auto checked, checked_request(request));
  if (!checked.tools.empty() && checked.tool_choice != ToolChoice::none && !impl_->supports_tools) {
    return fail(invalid("tools_unsupported", "the model's chat template shows no tools",
                        {{"/tools", "must be empty for this model, or tool_choice none"}}));
  }
  // What cannot be enforced is refused before a template sees it.
  std::optional<grammar::Source> rules;
  if (impl_->format == ToolFormat::tagged) {
    WRIT_TRY(rules, tagged_grammar(checked));
  } else {
    WRIT_TRY(rules, native_rules(checked));
  }
  json::value document = json::object{{"messages", checked.messages}, {"tools", checked.tools}};
  SpecialText special(impl_->tokens.special);
  special.hide(document);
  try {
    const auto& shown = document.as_object();
    auto chat = impl_->format == ToolFormat::tagged ? impl_->render_tagged(checked, shown)
                                                    : impl_->render_native(checked, shown);
    special.reveal(chat);
    chat.rules = std::move(rules);
    const bool forced = checked.tool_choice == ToolChoice::required || checked.tool_choice == ToolChoice::named;
    if (forced && !chat.rules && chat.grammar.gbnf.empty()) {
      return fail(invalid("tools_unsupported", "this model cannot be made to call a tool",
                          {{"/tool_choice", "must be auto or none for this model"}}));
    }
    return chat;
  } catch (const std::exception& error) {
    return fail(invalid("render_failed", std::string("the chat template refuses the conversation: ") + error.what()));
  }
}

Result<Answer> parse_native(const NativeSyntax& syntax, const std::string& answer, NativeInput input) {
  try {
    const auto message = common_chat_parse(answer, input == NativeInput::partial, syntax.params);
    Answer parsed{message.content, {}};
    for (const auto& call : message.tool_calls) parsed.calls.push_back({call.name, call.arguments});
    return parsed;
  } catch (const std::exception& error) { return fail(invalid("malformed_tool_call", error.what())); }
}

std::string compact_json(const std::string& text) { return common_json::parse(text).dump(); }

}  // namespace writ::llama
