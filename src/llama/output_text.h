// Turns the bytes of generated tokens into text that may be sent: whole UTF-8 characters, up to the first stop string.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace writ::llama {

class OutputText {
 public:
  /// Empty stop strings are ignored.
  explicit OutputText(std::vector<std::string> stops = {});

  /// Takes the bytes of the next token and returns what is ready. Bytes that are no UTF-8 become U+FFFD, a cut
  /// character in the middle one of them; the beginning of a
  /// character or of a stop string is held back. After a stop string nothing is ready any more.
  std::string push(std::string_view bytes);
  /// What was held back, at the end of the answer. A character that is not whole by then is left out.
  std::string flush();
  [[nodiscard]] bool stopped() const { return stopped_; }

 private:
  std::vector<std::string> stops_;
  std::string bytes_;  // the beginning of a character
  std::string held_;  // valid text that may be the beginning of a stop string
  bool stopped_ = false;
};

/// The longest suffix of `text` that is a proper beginning of `marker`, in bytes.
[[nodiscard]] std::size_t suffix_beginning(std::string_view text, std::string_view marker);

}  // namespace writ::llama
