// The real model of the integration tests: the tiny one of the repository, or the GGUF that WRIT_TEST_GGUF names.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "llama/engine.h"
#include "llama/model.h"

namespace writ::llama {

inline ModelFiles test_model_files() {
  const char* other = std::getenv("WRIT_TEST_GGUF");
  std::ifstream file(WRIT_MODELS "/templates/writ-tools.jinja");
  return {.gguf = other != nullptr ? other : WRIT_MODELS "/tiny/writ-tiny.gguf",
          .chat_template = std::string(std::istreambuf_iterator<char>(file), {})};
}

/// Loaded once per test program.
inline const Model& test_model() {
  static const auto model = [] {
    auto loaded = Model::load(test_model_files());
    if (!loaded) {
      ADD_FAILURE() << loaded.error().message;
      std::abort();
    }
    return std::move(*loaded);
  }();
  return *model;
}

inline ChatRequest chat_request(std::string_view question, std::string_view tools = "[]") {
  ChatRequest request;
  request.messages = {json::object{{"role", "user"}, {"content", question}}};
  request.tools = parse_json(tools)->as_array();
  return request;
}

/// The place of an answer in the grammar of these rules.
inline grammar::Matcher matcher_of(std::string rules) {
  const auto compiled = grammar::Grammar::compile(**test_model().vocabulary(), {.rules = std::move(rules)});
  EXPECT_TRUE(compiled) << compiled.error().problems.at(0).message;
  return compiled->begin().value();
}

/// A sequence of the rendered request with the matcher of its rules.
inline Sequence sequence_under_rules(SequenceId id, const RenderedChat& chat) {
  auto sequence = sequence_for(id, chat, *test_model().tokenize(chat));
  if (!chat.rules) return sequence;
  const auto compiled = grammar::Grammar::compile(**test_model().vocabulary(), *chat.rules);
  EXPECT_TRUE(compiled) << compiled.error().problems.at(0).message;
  sequence.matcher = compiled->begin().value();
  return sequence;
}

}  // namespace writ::llama
