// C ABI of constrained decoding. Text is (pointer, size) in UTF-8, borrowed for the time of the call.
// No entry lets a panic through; the sink must not throw and must copy what it keeps. Stack: compiling recurses into the
// grammar, so its caller gives the thread what src/grammar/limits.h says; the other entries need no more than usual.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "writ_cedar.h"
#ifdef __cplusplus
extern "C" {
#endif

typedef struct writ_vocabulary writ_vocabulary;  // a model's tokens as bytes: immutable, usable from any thread
typedef struct writ_grammar writ_grammar;        // compiled for a vocabulary, which it outlives: usable from any thread
typedef struct writ_matcher writ_matcher;        // the place of one answer in its grammar: one thread at a time

// What one compilation, and one token of one answer, may cost. Beyond it the entry fails.
typedef struct {
  uint64_t row_items;     // Earley items at one place of an answer
  uint64_t compile_fuel;  // nodes of the lexer's expressions while compiling
  uint64_t step_fuel;     // … for one mask
  uint64_t step_items;    // Earley items for one mask
  uint64_t lexer_states;  // of one answer; 1 to 2 kB each
  uint64_t symbols;       // of the grammar
} writ_grammar_limits;

// Token i is bytes[ends[i - 1], ends[i]); an empty one is never allowed. end_token: any token that ends an answer.
writ_vocabulary* writ_vocabulary_new(const uint8_t* bytes, const size_t* ends, size_t count, uint32_t end_token,
                                     writ_cedar_sink sink, void* user);
void writ_vocabulary_free(writ_vocabulary* vocabulary);

// text: {"grammars":[{"lark_grammar":…},{"name":…,"json_schema":…},…]}. Null: not a grammar, beyond the limits, or no
// answer can match it.
writ_grammar* writ_grammar_compile(const writ_vocabulary* vocabulary, writ_text text, const writ_grammar_limits* limits,
                                   writ_cedar_sink sink, void* user);
void writ_grammar_free(writ_grammar* grammar);

writ_matcher* writ_matcher_new(const writ_grammar* grammar, writ_cedar_sink sink, void* user);
void writ_matcher_free(writ_matcher* matcher);
// 1 yes, 0 no, WRIT_CEDAR_FAILED with a message: beyond the limits, after which every entry of this matcher fails.
int32_t writ_matcher_may_end(writ_matcher* matcher, writ_cedar_sink sink, void* user);
int32_t writ_matcher_allows(writ_matcher* matcher, uint32_t token, writ_cedar_sink sink, void* user);
// A bit for each token that may come next; tokens that end the answer are may_end()'s.
int32_t writ_matcher_mask(writ_matcher* matcher, uint32_t* words, size_t count, writ_cedar_sink sink, void* user);
int32_t writ_matcher_accept(writ_matcher* matcher, uint32_t token, writ_cedar_sink sink, void* user);

#ifdef __cplusplus
}
#endif
