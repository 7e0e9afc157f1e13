// ChatStream: a model's answer on its way out. Nothing leaves it that policy has not inspected and committed.
//
//   deciding ──▶ streaming ──▶ ended          allowed: decision, released text…, end
//       └──────────────────────▶ ended        denied or review: decision, end
#pragma once

#include "governed/governed.h"
#include "governed/settling.h"

namespace writ::governed {

/// Text is inspected in pieces of at least this many bytes: about ten tokens, so that one commit serves them all and a
/// reader still sees it flow. The end and a quiet model flush what is left.
inline constexpr std::size_t inspect_bytes = 48;
/// How long an answer on its way waits for policy to come back: a restart takes a second or two. Nothing leaves meanwhile.
inline constexpr Millis restart_patience{10'000};

class ChatStream final : public Stream<ChatItem> {
 public:
  /// `events` is empty when the call was not allowed.
  ChatStream(policy::PolicyPort& policy, Settling settling, Executor executor, Context ctx, ChatCall call,
             Tokens counted, Decided decided, StreamPtr<slm::ChatEvent> events);
  /// Settles what was used when the stream is dropped before its end.
  ~ChatStream() override;

  Task<Result<std::optional<ChatItem>>> next() override;

 private:
  enum class Stage { deciding, streaming, ended };

  Task<Result<ChatItem>> after_event();
  [[nodiscard]] ChatItem refused();
  /// Repeats an idempotent question to policy while policy is away, for restart_patience.
  template <class Ask>
  std::invoke_result_t<Ask&> patiently(Ask ask);
  /// Asks for the release of what is pending, from an earlier offset when policy has lost its place.
  Task<Result<policy::Inspection>> ask_release(bool last);
  /// The same. Gives the decision when the output was denied on new facts.
  Task<Result<std::optional<policy::Decision>>> inspect(bool last);
  Task<Result<ChatItem>> finish(slm::ChatEvent end);
  Task<Result<ChatItem>> stop_denied(policy::Decision denial);
  /// Moves what may leave out of the buffer.
  [[nodiscard]] std::string take_released();
  [[nodiscard]] policy::SettleRequest settlement() const;
  [[nodiscard]] Tokens used() const { return counted_ + completion_; }

  policy::PolicyPort& policy_;
  Settling settling_;
  Executor executor_;
  Context ctx_;
  ChatCall call_;
  Tokens counted_;
  Decided decided_;
  StreamPtr<slm::ChatEvent> events_;
  Stage stage_ = Stage::deciding;
  std::string text_;  // all output so far
  std::size_t inspected_ = 0;  // bytes policy has seen
  std::size_t release_upto_ = 0;  // bytes that may leave
  std::size_t sent_ = 0;  // bytes that have left
  Tokens completion_;  // tokens generated so far
  int questions_ = 0;  // model.output questions asked
  bool settled_ = false;
};

}  // namespace writ::governed
