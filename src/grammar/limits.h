// What a schema and the grammar made of it may cost: one row for each bound, checked before anything recursive runs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace writ::grammar {

struct Limit {
  std::string_view name;
  std::uint64_t most = 0;  // inclusive
  std::string_view unit;
  std::string_view why;
};

namespace limit {
// Of one schema.
inline constexpr Limit schema_bytes{"schema bytes", 262'144, "bytes of JSON text", "four times OpenAI's largest"};
inline constexpr Limit depth{"schema depth", 32, "levels of JSON", "what the JSON parser takes; readers recurse"};
inline constexpr Limit subschemas{"subschemas", 6'000, "schemas inside the schema",
                                  "the compiler may recurse once for each: 6,000 x 8 KiB is within its stack"};
inline constexpr Limit name_bytes{"name length", 256, "bytes of a property's or definition's name",
                                  "a name is written into the grammar and into error pointers"};
inline constexpr Limit properties{"properties", 1'000, "properties in the whole schema",
                                  "compiling one object is quadratic in its optional properties: 0.2 s"};
inline constexpr Limit definitions{"definitions", 1'000, "entries of $defs and definitions", "each may be a rule"};
inline constexpr Limit references{"references", 2'000, "$ref in the schema", "each is looked up"};
inline constexpr Limit reference_chain{"reference chain", 64, "$ref that lead to a $ref at once",
                                       "nobody writes longer ones; the compiler recurses along them"};
inline constexpr Limit enum_values{"enum values", 5'000, "values of enum in the whole schema", "each is a branch"};
inline constexpr Limit branches{"branches", 1'000, "entries of anyOf, oneOf and allOf in the whole schema",
                                "intersections multiply them"};
inline constexpr Limit one_of{"oneOf branches", 128, "entries of one oneOf", "every pair must be found disjoint"};
inline constexpr Limit length{"length", 65'536, "characters or items, in minLength to maxProperties",
                              "longer than any answer that fits a context"};
inline constexpr Limit number{"number", 9'007'199'254'740'992, "of either sign (2^53)",
                              "beyond it numbers are rounded"};
inline constexpr Limit decimals{"decimals", 9, "digits after the point", "ranges are written out digit by digit"};
inline constexpr Limit multiple_of{"multipleOf", 65'536, "as a whole number, without its point",
                                   "the lexer has a state for each remainder"};
inline constexpr Limit pattern_bytes{"pattern length", 2'048, "bytes", "longer ones are programs"};
inline constexpr Limit pattern_depth{"pattern depth", 24, "groups inside groups", "its reader recurses"};
inline constexpr Limit pattern_size{"pattern size", 8'192, "characters, each as often as its quantifiers repeat it",
                                    "nested quantifiers multiply"};
// Of one request.
inline constexpr Limit grammar_bytes{"grammar bytes", 1'048'576, "bytes, all schemas of a request",
                                     "64 tools of 16 KiB"};
// Of one compilation and one answer; the engine's own.
inline constexpr Limit row_items{"row items", 10'000, "Earley items at one place",
                                 "an optional property takes four; ambiguity beyond it is an attack"};
inline constexpr Limit compile_fuel{"compile fuel", 1'000'000, "expression nodes",
                                    "20 ms; large real schemas need half"};
inline constexpr Limit step_fuel{"step fuel", 200'000, "expression nodes for one mask", "14 ms"};
inline constexpr Limit step_items{"step items", 200'000, "Earley items for one mask", "10 ms"};
inline constexpr Limit lexer_states{"lexer states", 40'000, "states of one answer's lexer", "1 to 2 kB each"};
inline constexpr Limit symbols{"symbols", 200'000, "symbols of one grammar", "a few MB of memory"};
}  // namespace limit

/// All of them, as docs/structured-outputs.md lists them.
inline constexpr std::array limits{
    limit::schema_bytes,  limit::depth,         limit::subschemas,      limit::name_bytes,    limit::properties,
    limit::definitions,   limit::references,    limit::reference_chain, limit::enum_values,   limit::branches,
    limit::one_of,        limit::length,        limit::number,          limit::decimals,      limit::multiple_of,
    limit::pattern_bytes, limit::pattern_depth, limit::pattern_size,    limit::grammar_bytes, limit::row_items,
    limit::compile_fuel,  limit::step_fuel,     limit::step_items,      limit::lexer_states,  limit::symbols};

/// Stack of a thread that compiles, bytes: reserved, not used, until a schema needs it.
inline constexpr std::size_t compile_stack = 64U << 20U;

}  // namespace writ::grammar
