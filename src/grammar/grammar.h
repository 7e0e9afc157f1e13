// Grammars for the tokens of one model: compiled once, followed by each answer with a matcher of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "grammar/schema.h"
#include "grammar/vocabulary.h"

struct writ_grammar;
struct writ_matcher;

namespace writ::grammar {

/// What an answer must be: rules in the engine's Lark syntax, whose @schema0, @schema1, … are JSON of the schemas.
struct Source {
  std::string rules;
  std::vector<Schema> schemas{};
  bool operator==(const Source&) const = default;

  /// The rules of an answer that is JSON of the one schema.
  [[nodiscard]] static Source json(Schema schema);
  /// One text for equal grammars.
  [[nodiscard]] std::string text() const;
};

/// The place of one answer in its grammar. Thread: one at a time; movable between threads.
/// Errors of all members: invalid (grammar_too_complex) when a step is beyond the limits; then for good.
class Matcher {
 public:
  /// Whether this token may come next. Cost: microseconds. End-of-answer tokens are may_end()'s.
  [[nodiscard]] Result<bool> allows(std::int32_t token);
  /// Whether the answer may end here.
  [[nodiscard]] Result<bool> may_end();
  /// Which tokens may come next, a bit each; valid until the next call. Bounded by the limits step_fuel and step_items.
  [[nodiscard]] Result<std::span<const std::uint32_t>> mask();
  /// Takes a token that is allowed.
  [[nodiscard]] Status accept(std::int32_t token);

 private:
  friend class Grammar;
  struct Free {
    void operator()(writ_matcher* matcher) const;
  };
  Matcher(writ_matcher* handle, std::size_t tokens) : handle_(handle), words_((tokens + 31) / 32) {}
  std::unique_ptr<writ_matcher, Free> handle_;
  std::vector<std::uint32_t> words_;
};

/// Immutable: safe from any thread. It may outlive its vocabulary.
class Grammar {
 public:
  /// Bounded by the limits compile_fuel, symbols and step_fuel: at most about a second. It recurses: call it on a thread
  /// with limits.h's compile_stack. Errors: invalid (unsupported_schema) at the JSON pointer of the schema, and keyword
  /// where it is known, that cannot be enforced or that nothing satisfies.
  [[nodiscard]] static Result<Grammar> compile(const Vocabulary& vocabulary, const Source& source);

  /// Cost: a copy of the compiled lexer, 0.1 ms for usual schemas. Errors: internal.
  [[nodiscard]] Result<Matcher> begin() const;

 private:
  struct Free {
    void operator()(writ_grammar* grammar) const;
  };
  Grammar(writ_grammar* handle, std::size_t tokens) : handle_(handle), tokens_(tokens) {}
  [[nodiscard]] static Result<Grammar> compile_text(const Vocabulary& vocabulary, const std::string& text);
  [[nodiscard]] static Error locate(const Vocabulary& vocabulary, const Source& source, Error whole);

  std::unique_ptr<writ_grammar, Free> handle_;
  std::size_t tokens_;  // of the vocabulary
};

}  // namespace writ::grammar
