#include "llama/grammar.h"

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

#include <json-schema-to-grammar.h>
#include <json.h>

#include "llama/tool_call_parser.h"

namespace writ::llama {
namespace {

struct BadSchema {
  Problem problem;
};

/// A schema as a named rule. Throws BadSchema.
std::string add_schema(const common_grammar_builder& builder, const std::string& name, const json::value& schema,
                       const std::string& pointer) {
  try {
    // The document owns what the converter walks; the rules it adds are text.
    const auto document = common_chat_schema_from_json(common_json::parse(to_text(schema)));
    return builder.add_schema(name, *document.root);
  } catch (const std::exception& error) { throw BadSchema{{pointer, error.what()}}; }
}

/// The generator's grammars allow white space between JSON tokens; our answers are compact.
std::string without_space(std::string grammar) {
  const auto begin = grammar.find("\nspace ::=");
  if (begin == std::string::npos) return grammar;
  const auto end = std::min(grammar.find('\n', begin + 1), grammar.size());
  return grammar.replace(begin, end - begin, "\nspace ::= \"\"");
}

/// Rules text-0 … text-n: any text in which the marker does not occur (the automaton that looks for it). Where it would
/// be complete comes `then`, or nothing may come when `then` is "".
std::string add_text(const common_grammar_builder& builder, const std::string& then) {
  const auto rule = [](std::size_t matched) { return "text-" + std::to_string(matched); };
  for (std::size_t matched = 0; matched < call_begin.size(); ++matched) {
    const char next = call_begin[matched];
    // The marker holds its first character once, so a mismatch falls back to the start or to that character.
    const std::string others = matched == 0 ? "[^<]" : std::string("[^<") + next + "]";
    std::string alternatives = "\"\" | " + others + " " + rule(0);
    if (matched > 0) alternatives += " | \"<\" " + rule(1);
    const std::string literal = gbnf_format_literal(std::string(1, next));
    if (matched + 1 < call_begin.size()) {
      alternatives += " | " + literal + " " + rule(matched + 1);
    } else if (!then.empty()) {
      alternatives += " | " + literal + " " + then;
    }
    builder.add_rule(rule(matched), alternatives);
  }
  return rule(0);
}

/// What follows the first <tool_call>.
std::string add_calls(const common_grammar_builder& builder, const ChatRequest& request) {
  std::string bodies;
  for (std::size_t i = 0; i < request.tools.size(); ++i) {
    const auto& function = request.tools[i].at("function").as_object();
    const std::string name(text_at(function, "name"));
    if (request.tool_choice == ToolChoice::named && name != request.tool_name) continue;
    const auto number = std::to_string(i);
    const auto arguments = add_schema(builder, "arguments-" + number, function.at("parameters"),
                                      "/tools/" + number + "/function/parameters");
    const auto call =
        builder.add_rule("call-" + number, gbnf_format_literal("{\"name\":\"" + name + "\",\"arguments\":") + " " +
                                               arguments + " " + gbnf_format_literal("}" + std::string(call_end)));
    bodies += (bodies.empty() ? "" : " | ") + call;
  }
  const auto body = builder.add_rule("call", bodies);
  if (request.parallel == ParallelCalls::refused) return body;
  return builder.add_rule("calls", body + " (" + gbnf_format_literal(std::string(call_begin)) + " " + body + ")*");
}

Result<std::string> build(const auto& add_rules) {
  try {
    return without_space(build_grammar(add_rules));
  } catch (const BadSchema& bad) {
    const bool of_tool = bad.problem.pointer.starts_with("/tools/");
    return fail(invalid(of_tool ? "bad_tools" : "bad_json_schema", "unsupported JSON Schema: " + bad.problem.message,
                        {bad.problem}));
  } catch (const std::exception& error) {
    return fail(invalid("bad_json_schema", std::string("unsupported JSON Schema: ") + error.what()));
  }
}

}  // namespace

Result<std::string> json_grammar(const json::value& schema) {
  return build([&](const common_grammar_builder& builder) { add_schema(builder, "root", schema, "/json_schema"); });
}

Result<std::string> tagged_grammar(const ChatRequest& request) {
  const bool forced = request.tool_choice == ToolChoice::required || request.tool_choice == ToolChoice::named;
  const bool may_call = !request.tools.empty() && request.tool_choice != ToolChoice::none;
  if (!may_call && request.json_schema) return json_grammar(*request.json_schema);
  if (request.tools.empty()) return std::string{};
  return build([&](const common_grammar_builder& builder) {
    const auto calls = may_call ? add_calls(builder, request) : std::string{};
    const auto marker = gbnf_format_literal(std::string(call_begin));
    if (forced) {
      builder.add_rule("root", marker + " " + calls);
    } else if (request.json_schema) {
      builder.add_rule(
          "root", add_schema(builder, "answer", *request.json_schema, "/json_schema") + " | " + marker + " " + calls);
    } else {
      builder.add_rule("root", add_text(builder, calls));
    }
  });
}

}  // namespace writ::llama
