// Keeps texts of special tokens that a request spells from becoming those tokens in the prompt.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "llama/chat.h"

namespace writ::llama {

/// Replaces special texts by placeholders before a template is rendered, and puts them back, marked as plain, afterwards.
/// A placeholder is letters and digits, so templates that trim or quote a text leave it as it is.
class SpecialText {
 public:
  /// special: the texts of the control tokens; it must outlive the object.
  explicit SpecialText(const std::vector<std::string>& special);

  /// Hides special texts in all strings and keys of the whole request; once per object.
  void hide(json::value& document);
  /// The rendered prompt with the hidden texts back, and where they are.
  void reveal(RenderedChat& chat) const;

 private:
  void hide_in(json::value& value);
  [[nodiscard]] std::string hidden(std::string_view text);
  [[nodiscard]] std::size_t longest_at(std::string_view text) const;

  const std::vector<std::string>& special_;
  std::string prefix_ = "Q7PLAIN";
  std::string firsts_;  // every character a special text begins with
};

}  // namespace writ::llama
