// Chat requests in OpenAI's shapes, and what a chat template makes of one: prompt, grammar and the way to read the answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "grammar/grammar.h"

namespace writ::llama {

using Token = std::int32_t;

/// How a model writes tool calls.
enum class ToolFormat {
  tagged,  // <tool_call>{"name":"…","arguments":{…}}</tool_call>, compact JSON: writ's own models
  native,  // whatever llama.cpp recognises in the model's template
};

enum class ToolChoice { automatic, none, required, named };
enum class ParallelCalls { allowed, refused };
/// How a prompt ends: where the model's answer begins, or after the last message, as a trainer wants it.
enum class PromptEnd { open_answer, last_message };

struct ChatRequest {
  json::array messages;  // {role, content: text | parts | null, tool_calls?, tool_call_id?}, 1 or more
  json::array tools{};  // {type: "function", function: {name, description?, parameters?}}
  ToolChoice tool_choice = ToolChoice::automatic;
  std::string tool_name{};  // with ToolChoice::named
  ParallelCalls parallel = ParallelCalls::allowed;
  std::optional<json::value> json_schema{};  // an answer in text must match it
  PromptEnd end = PromptEnd::open_answer;
};

/// A grammar of llama.cpp, for a template's own format of tool calls. Empty `gbnf`: none.
struct Grammar {
  std::string gbnf{};
  bool lazy = false;  // sleeps until a trigger appears in the answer
  std::vector<std::string> trigger_patterns{};  // ECMAScript, searched in the answer; the first group is where it wakes
  std::vector<Token> trigger_tokens{};
  std::string prefill{};  // the end of the prompt, which the grammar covers too
};

/// How many tagged tool calls may end the answer.
enum class CallLimit { none, one, many };

enum class AnswerFormat { text, tagged, native };

/// Bytes [begin, end) of a prompt where the request spelled a special token: they are plain text, not that token.
struct PlainSpan {
  std::size_t begin = 0;
  std::size_t end = 0;
};

struct NativeSyntax;  // llama.cpp's parser for one rendered request

struct RenderedChat {
  std::string prompt;
  std::vector<PlainSpan> plain{};
  std::optional<grammar::Source> rules{};  // what the answer must be, to be compiled for the model's vocabulary
  Grammar grammar{};  // … or llama.cpp's own; never both
  std::vector<std::string> stops{};  // of the template; the request's own come on top
  CallLimit calls = CallLimit::none;
  AnswerFormat answer = AnswerFormat::text;
  std::shared_ptr<const NativeSyntax>
      native{};  // shared: the parser may outlive this value; only with AnswerFormat::native
};

/// What a template must know of the model's vocabulary.
struct TemplateTokens {
  std::string begin{};  // text of the begin-of-sequence token
  std::string end{};  // … of the end-of-sequence token
  std::vector<std::string> special{};  // texts of all control tokens: a request that spells one gets it as plain text
};

/// A compiled chat template. Rendering is const and safe from any thread.
class ChatTemplate {
 public:
  /// source: Jinja. Errors: invalid (bad_chat_template).
  [[nodiscard]] static Result<ChatTemplate> compile(const std::string& source, ToolFormat format,
                                                    TemplateTokens tokens = {});
  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;
  ~ChatTemplate();

  /// Errors: invalid with a problem at its JSON pointer (bad_messages, bad_tools, unknown_tool, bad_json_schema),
  /// tools_unsupported (a native template that shows no tools), or
  /// render_failed where the template itself refuses the conversation.
  [[nodiscard]] Result<RenderedChat> render(const ChatRequest& request) const;

  [[nodiscard]] ToolFormat format() const;
  [[nodiscard]] bool supports_tools() const;

 private:
  struct Impl;
  explicit ChatTemplate(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace writ::llama
