// PromptWindow: what of a conversation goes into a model's context when not all of it does. Pure: it proposes a prompt, is
// told how many tokens that has, and proposes the next, until one fits.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "slm/api/types.h"

namespace writ::orchestrator {

/// A model call before it is fitted.
struct Conversation {
  slm::Prompt head;  // all but the conversation; its messages: the system prompt, if there is one
  std::vector<json::array> exchanges;  // of earlier runs of the session, oldest first: question and answer
  json::value question;  // of this run
  std::vector<json::array> steps;  // of this run: an answer with tool calls, and their results
  std::int64_t forgotten = 0;  // exchanges that are older than those
};

/// What the model is not told.
struct LeftOut {
  std::int64_t exchanges = 0;  // of earlier runs, oldest first
  std::int64_t steps = 0;  // of this run, oldest first
  std::int64_t results = 0;  // of tools, shortened in their middle
  bool operator==(const LeftOut&) const = default;
};

/// In this order, no more than needed: whole exchanges of earlier runs, oldest first; the middle of long results of earlier
/// steps; whole earlier steps; the middle of the newest results. The system prompt, the tools, the question and the newest
/// step always stay, a call and its results always together. docs/decisions/0024-context-window.md
class PromptWindow {
 public:
  enum class Next { count, fits, too_long };

  explicit PromptWindow(Conversation conversation);

  /// The prompt to be counted, or the one that fits.
  [[nodiscard]] slm::Prompt prompt() const { return prompt_after(cuts_); }
  /// Takes in how many tokens prompt() has. count: prompt() is another one now.
  [[nodiscard]] Next counted(const slm::Count& count);
  /// After fits: of prompt(), which need not be the one that was counted last.
  [[nodiscard]] slm::Count count() const { return fitting_; }
  [[nodiscard]] LeftOut left_out() const { return left_out_after(cuts_); }
  /// After too_long: what is too long, with the limit and the fix.
  [[nodiscard]] Error refusal() const;

 private:
  enum class Stage { whole, least, between, blame, done };
  struct Cut {
    enum class Kind { exchange, old_result, step, new_result } kind;
    std::size_t step = 0;  // old_result
    std::size_t bytes = 0;  // what stays of a result
  };
  [[nodiscard]] slm::Prompt prompt_after(std::size_t cuts) const;
  [[nodiscard]] LeftOut left_out_after(std::size_t cuts) const;
  [[nodiscard]] json::array step_after(std::size_t step, std::size_t cuts) const;
  /// Tokens that are kept for the answer.
  [[nodiscard]] std::int64_t room_for_answer(Tokens context) const;

  const Conversation conversation_;
  std::vector<Cut> ladder_;
  Stage stage_ = Stage::whole;
  std::size_t cuts_ = 0;  // rungs of the ladder that are applied
  std::size_t too_few_ = 0, enough_ = 0;  // the answer is between them
  slm::Count fitting_;  // of the longest prompt so far that fits
  slm::Count least_;  // of the prompt with every cut
  bool head_fits_ = true;  // without the question
};

/// The text with its middle left out, when it is longer than `bytes`; characters stay whole.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t bytes);

}  // namespace writ::orchestrator
