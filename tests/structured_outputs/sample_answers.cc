// A program of the tests: reads schemas, one JSON document {id, schema} a line, and writes for each why it is refused, or
// random answers that its grammar lets through, made with the product's own checks, compilation and masks.
// Usage: grammar_sample_answers <answers for each schema> <most bytes of an answer> <seed>
#include <pthread.h>

#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

#include "grammar/limits.h"
#include "grammar/test_vocabulary.h"

namespace writ::grammar {
namespace {

struct Run {
  int answers;
  std::size_t bytes_max;
  std::mt19937 random;
};

/// A walk through the grammar; ends come early, so that most answers are complete. nullopt: it was cut.
Result<std::optional<std::string>> walk(const Grammar& grammar, Run& run) {
  static const auto tokens = test_tokens();
  WRIT_TRY(auto matcher, grammar.begin());
  std::string text;
  // An answer that only may end does so with this chance at each token; some are long.
  const auto eagerness = std::uniform_real_distribution(0.2, 0.9)(run.random);
  while (text.size() <= run.bytes_max) {
    WRIT_TRY(const auto may_end, matcher.may_end());
    WRIT_TRY(const auto mask, matcher.mask());
    std::vector<std::int32_t> allowed, closing;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      if (((mask[i / 32] >> (i % 32)) & 1U) == 0) continue;
      allowed.push_back(static_cast<std::int32_t>(i));
      if (tokens[i] == "\"" || tokens[i] == "}" || tokens[i] == "]" || tokens[i] == "\"}")
        closing.push_back(static_cast<std::int32_t>(i));
    }
    const auto chance = std::uniform_real_distribution(0.0, 1.0)(run.random);
    if (may_end && (allowed.empty() || chance < eagerness)) return text;
    if (allowed.empty()) return fail(internal("the grammar lets nothing follow: " + text));
    const auto& from = !closing.empty() && chance < 0.4 ? closing : allowed;
    const auto token = from[std::uniform_int_distribution<std::size_t>(0, from.size() - 1)(run.random)];
    WRIT_TRY(const auto known, matcher.allows(token));
    if (!known) return fail(internal("mask and allows() disagree after " + text));
    WRIT_CHECK(matcher.accept(token));
    text += tokens[static_cast<std::size_t>(token)];
  }
  return std::nullopt;
}

json::object outcome(const json::value& schema, Run& run) {
  const auto refused = [](const Error& error) {
    json::array pointers;
    for (const auto& problem : error.problems)
      pointers.push_back({{"pointer", problem.pointer}, {"message", problem.message}});
    return json::object{{"refused", pointers}, {"kind", info(error.kind).label}, {"message", error.message}};
  };
  auto enforced = enforced_schema(schema, "");
  if (!enforced) return refused(enforced.error());
  const auto grammar = Grammar::compile(test_vocabulary(), Source::json(std::move(*enforced)));
  if (!grammar) return refused(grammar.error());
  json::array answers;
  int cut = 0;
  json::array failures;
  for (int i = 0; i < run.answers; ++i) {
    const auto answer = walk(*grammar, run);
    if (!answer) failures.push_back(json::string(answer.error().message));
    else if (*answer) answers.push_back(json::string(**answer));
    else ++cut;
  }
  return {{"answers", answers}, {"cut", cut}, {"failures", failures}};
}

void* read_all(void* given) {
  auto& run = *static_cast<Run*>(given);
  for (std::string line; std::getline(std::cin, line);) {
    const auto document = parse_json(line);
    json::object out;
    if (!document) {
      out = {{"refused", json::array{json::object{{"pointer", ""}, {"message", document.error().message}}}},
             {"kind", "invalid"}};
    } else {
      out = outcome(document->at("schema"), run);
      out["id"] = document->at("id");
    }
    std::cout << to_text(out) << std::endl;
  }
  return nullptr;
}

}  // namespace
}  // namespace writ::grammar

int main(int count, char** arguments) {
  if (count != 4) {
    std::cerr << "usage: grammar_sample_answers <answers> <bytes> <seed>\n";
    return 2;
  }
  writ::grammar::Run run{std::atoi(arguments[1]), static_cast<std::size_t>(std::atoi(arguments[2])),
                         std::mt19937(static_cast<std::uint32_t>(std::atoi(arguments[3])))};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, writ::grammar::compile_stack);
  pthread_t thread{};
  if (pthread_create(&thread, &attributes, writ::grammar::read_all, &run) != 0) return 1;
  pthread_join(thread, nullptr);
  return 0;
}
