#include "grammar/grammar.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "grammar/engine_messages.h"
#include "grammar/limits.h"

namespace writ::grammar {
namespace {

constexpr writ_grammar_limits engine_limits{.row_items = limit::row_items.most,
                                            .compile_fuel = limit::compile_fuel.most,
                                            .step_fuel = limit::step_fuel.most,
                                            .step_items = limit::step_items.most,
                                            .lexer_states = limit::lexer_states.most,
                                            .symbols = limit::symbols.most};
/// While the part that fails is looked for; each attempt is a compilation.
constexpr int attempts_max = 64;
constexpr std::chrono::seconds locate_time{2};

/// Compact JSON, and no \u escapes: with them a free property could spell the name of a known one.
json::value with_options(json::value document) {
  if (document.is_bool()) {
    // The engine reads its options from an object.
    document = document.get_bool() ? json::object{} : json::object{{"type", "null"}, {"const", 0}};
  }
  document.as_object()["x-guidance"] = {{"whitespace_flexible", false}, {"json_allowed_escapes", R"(nrbtf\")"}};
  return document;
}

Result<bool> checked(std::int32_t answer, const Messages& messages) {
  if (answer != WRIT_CEDAR_FAILED) return answer == 1;
  if (messages.panicked()) return fail(internal("the grammar engine panicked: " + messages.text, "grammar"));
  return fail(
      invalid("grammar_too_complex", "the answer's grammar is beyond its limits at this place: " + messages.text));
}

/// The schemas directly inside one, with what leads to each in the same document.
std::vector<json::value> inner_schemas(const json::object& schema) {
  std::vector<json::value> inner;
  for (const auto& [key, value] : schema) {
    if (key == "properties" || key == "patternProperties") {
      for (const auto& [name, one] : value.as_object()) inner.push_back(one);
    } else if (key == "anyOf" || key == "oneOf" || key == "allOf" || key == "prefixItems") {
      for (const auto& one : value.as_array()) inner.push_back(one);
    } else if (key == "items" || key == "additionalProperties") {
      inner.push_back(value);
    }
  }
  return inner;
}

/// The keyword of this schema that the engine means, "" where it is the whole of it.
std::string_view keyword_of(const json::object& schema, std::string_view message) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 9> signs{{{"oneOf", "oneOf"},
                                                                                {"min/maxProperties", "minProperties"},
                                                                                {"min/maxProperties", "maxProperties"},
                                                                                {"pattern", "patternProperties"},
                                                                                {"regex", "pattern"},
                                                                                {"minLength", "minLength"},
                                                                                {"minItems", "minItems"},
                                                                                {"required property", "required"},
                                                                                {"circular", "$ref"}}};
  for (const auto& [sign, keyword] : signs)
    if (message.find(sign) != std::string_view::npos && schema.contains(keyword)) return keyword;
  return {};
}

/// The engine's words, in one line and short.
std::string told(std::string_view message) {
  constexpr std::size_t most = 200;
  std::string out(message.substr(0, std::min(message.find('\n'), most)));
  return out.empty() ? "the grammar engine refuses it" : out;
}

Error unsupported(std::string pointer, std::string message) {
  return invalid("unsupported_schema", "the JSON Schema cannot be enforced",
                 {{std::move(pointer), std::move(message)}});
}

}  // namespace

Source Source::json(Schema schema) {
  Source source{.rules = "start: @schema0\n"};
  source.schemas.push_back(std::move(schema));
  return source;
}

std::string Source::text() const {
  json::array grammars{json::object{{"lark_grammar", rules}}};
  for (std::size_t i = 0; i < schemas.size(); ++i)
    grammars.push_back(
        json::object{{"name", fmt::format("schema{}", i)}, {"json_schema", with_options(schemas[i].document)}});
  return to_text(json::object{{"grammars", std::move(grammars)}});
}

void Matcher::Free::operator()(writ_matcher* matcher) const { writ_matcher_free(matcher); }
void Grammar::Free::operator()(writ_grammar* grammar) const { writ_grammar_free(grammar); }

Result<Grammar> Grammar::compile_text(const Vocabulary& vocabulary, const std::string& text) {
  Messages messages;
  auto* handle =
      writ_grammar_compile(vocabulary.handle_.get(), borrow(text), &engine_limits, Messages::receive, &messages);
  if (handle != nullptr) return Grammar(handle, vocabulary.size());
  if (messages.panicked()) return fail(internal("the grammar engine panicked: " + messages.text, "grammar"));
  return fail(invalid("unsupported_schema", messages.text));
}

/// The deepest schema that fails by itself while all inside it compile.
Error Grammar::locate(const Vocabulary& vocabulary, const Source& source, Error whole) {
  int attempts = 0;
  const auto until = std::chrono::steady_clock::now() + locate_time;
  const auto fails = [&](const json::value& part, const json::value& defs) -> std::optional<std::string> {
    if (!part.is_object() || ++attempts > attempts_max || std::chrono::steady_clock::now() > until) return std::nullopt;
    Schema alone{part, {}};
    if (!defs.is_null()) alone.document.as_object()["$defs"] = defs;
    const auto compiled = compile_text(vocabulary, Source::json(std::move(alone)).text());
    if (compiled) return std::nullopt;
    return compiled.error().message;
  };
  for (const auto& schema : source.schemas) {
    const auto* document = schema.document.if_object();
    const auto defs = document != nullptr && document->contains("$defs") ? document->at("$defs") : json::value(nullptr);
    if (document == nullptr) {
      if (!schema.document.get_bool()) return unsupported(schema.at, "no value satisfies it");
      continue;
    }
    auto reason = fails(schema.document, nullptr);
    if (!reason) continue;
    json::value culprit = schema.document;
    for (bool deeper = true; deeper && attempts <= attempts_max;) {
      deeper = false;
      auto inner = inner_schemas(culprit.as_object());
      if (const auto* target = culprit.as_object().if_contains("$ref"); target != nullptr && defs.is_object()) {
        const auto name = view(target->as_string()).substr(std::string_view("#/$defs/").size());
        if (const auto* led = defs.as_object().if_contains(name)) inner.push_back(*led);
      }
      for (auto& one : inner) {
        const auto worse = fails(one, defs);
        if (!worse) continue;
        reason = worse;
        culprit = std::move(one);
        deeper = true;
        break;
      }
    }
    auto pointer = std::string(text_at(culprit.as_object(), "$comment"));
    const auto keyword = keyword_of(culprit.as_object(), *reason);
    if (!keyword.empty()) pointer = pointer_to(pointer, keyword);
    return unsupported(pointer, told(*reason));
  }
  const auto pointer = source.schemas.empty() ? std::string() : source.schemas.front().at;
  return unsupported(pointer, "all schemas of the request together are too complex: " + told(whole.message));
}

Result<Grammar> Grammar::compile(const Vocabulary& vocabulary, const Source& source) {
  const auto text = source.text();
  if (text.size() > limit::grammar_bytes.most) {
    return fail(unsupported(source.schemas.empty() ? "" : source.schemas.front().at,
                            fmt::format("all schemas of the request together have {} bytes; at most {} {}", text.size(),
                                        limit::grammar_bytes.most, limit::grammar_bytes.unit)));
  }
  auto compiled = compile_text(vocabulary, text);
  if (compiled || compiled.error().kind == ErrorKind::internal) return compiled;
  return fail(locate(vocabulary, source, std::move(compiled).error()));
}

Result<Matcher> Grammar::begin() const {
  Messages messages;
  auto* handle = writ_matcher_new(handle_.get(), Messages::receive, &messages);
  if (handle == nullptr) return fail(internal("no matcher: " + messages.text, "grammar"));
  return Matcher(handle, tokens_);
}

Result<bool> Matcher::allows(std::int32_t token) {
  Messages messages;
  return checked(writ_matcher_allows(handle_.get(), static_cast<std::uint32_t>(token), Messages::receive, &messages),
                 messages);
}

Result<bool> Matcher::may_end() {
  Messages messages;
  return checked(writ_matcher_may_end(handle_.get(), Messages::receive, &messages), messages);
}

Result<std::span<const std::uint32_t>> Matcher::mask() {
  Messages messages;
  WRIT_CHECK(
      checked(writ_matcher_mask(handle_.get(), words_.data(), words_.size(), Messages::receive, &messages), messages));
  return std::span<const std::uint32_t>(words_);
}

Status Matcher::accept(std::int32_t token) {
  Messages messages;
  WRIT_CHECK(checked(
      writ_matcher_accept(handle_.get(), static_cast<std::uint32_t>(token), Messages::receive, &messages), messages));
  return {};
}

}  // namespace writ::grammar
