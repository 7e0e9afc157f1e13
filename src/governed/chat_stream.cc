#include "governed/chat_stream.h"

#include <algorithm>

#include "governed/questions.h"

namespace writ::governed {

ChatStream::ChatStream(policy::PolicyPort& policy, Settling settling, Executor executor, Context ctx, ChatCall call,
                       Tokens counted, Decided decided, StreamPtr<slm::ChatEvent> events)
    : policy_(policy),
      settling_(settling),
      executor_(executor),
      ctx_(std::move(ctx)),
      call_(std::move(call)),
      counted_(counted),
      decided_(std::move(decided)),
      events_(std::move(events)) {
  settled_ = events_ == nullptr;
}

ChatStream::~ChatStream() {
  if (settled_) return;
  events_.reset();
  settling_.charge(executor_, ctx_, settlement(), decided_.decision.reservation);
}

policy::SettleRequest ChatStream::settlement() const {
  return {.request_id = call_.request_id + "/settle", .decision_id = decided_.decision.decision_id, .actual = used()};
}

ChatItem ChatStream::refused() {
  stage_ = Stage::ended;
  ChatItem item;
  auto& end = item.end.emplace();
  end.tokens_left = decided_.decision.tokens_left;
  end.finish = slm::FinishReason::content_filter;
  if (decided_.decision.decision == policy::Verdict::review) {
    end.review = decided_.decision;
    return item;
  }
  end.denied = true;
  end.reason = reason_of(decided_.decision);
  return item;
}

Task<Result<std::optional<ChatItem>>> ChatStream::next() {
  if (stage_ == Stage::deciding) {
    stage_ = Stage::streaming;
    co_return ChatItem{.decided = decided_, .text = {}, .end = {}};
  }
  if (stage_ == Stage::ended) co_return std::nullopt;
  if (events_ == nullptr) co_return refused();
  WRIT_CO_TRY(auto item, co_await after_event());
  co_return std::optional<ChatItem>(std::move(item));
}

Task<Result<ChatItem>> ChatStream::after_event() {
  for (;;) {
    auto event = co_await events_->next();
    if (!event || !*event) {
      // The model broke off; dropping this stream settles what was used.
      co_return fail(event ? internal("the model's stream ended without a finish", "chat_stream")
                           : std::move(event).error());
    }
    auto& e = **event;
    text_ += e.text;
    if (e.finish) co_return co_await finish(std::move(e));
    if (e.usage) completion_ = e.usage->completion;
    if (text_.size() - inspected_ < inspect_bytes) continue;
    WRIT_CO_TRY(auto denial, co_await inspect(false));
    if (denial) co_return co_await stop_denied(std::move(*denial));
    if (decided_.decision.obligations.release == policy::ReleaseMode::hold) continue;
    if (auto text = take_released(); !text.empty())
      co_return ChatItem{.decided = {}, .text = std::move(text), .end = {}};
  }
}

template <class Ask>
std::invoke_result_t<Ask&> ChatStream::patiently(Ask ask) {
  Patience patience(std::min(ctx_.deadline, system_clock().steady() + restart_patience), ctx_.cancel);
  for (;;) {
    auto answer = co_await ask();
    if (answer || !passing(answer.error()) || !co_await patience.wait()) co_return answer;
  }
}

Task<Result<policy::Inspection>> ChatStream::ask_release(bool last) {
  auto offset = inspected_;
  // Once for a place that was lost; once more when policy restarts just then.
  for (int tries = 0; tries < 4; ++tries) {
    const policy::InspectRequest piece{.decision_id = decided_.decision.decision_id,
                                       .offset = static_cast<std::int64_t>(offset),
                                       .text = text_.substr(offset),
                                       .last = last,
                                       .used = used()};
    WRIT_CO_TRY(auto inspection, co_await patiently([&] { return policy_.inspect(ctx_, piece); }));
    if (!inspection.resend_from) co_return inspection;
    if (*inspection.resend_from < 0 || *inspection.resend_from > static_cast<std::int64_t>(text_.size())) break;
    offset = static_cast<std::size_t>(*inspection.resend_from);
  }
  co_return fail(conflict("gap_in_output", "policy has lost its place in the output and does not find it again"));
}

Task<Result<std::optional<policy::Decision>>> ChatStream::inspect(bool last) {
  WRIT_CO_TRY(const auto inspection, co_await ask_release(last));
  inspected_ = text_.size();
  release_upto_ = std::min(text_.size(), static_cast<std::size_t>(inspection.release_upto));
  if (inspection.facts.empty() || last) co_return std::nullopt;  // at the end finish() asks, with all facts
  const auto question =
      ask_model_output(call_, call_.prompt.model, decided_.decision.decision_id, text_, completion_, questions_++);
  WRIT_CO_TRY(auto judged, co_await patiently([&] { return policy_.evaluate(ctx_, question); }));
  if (judged.decision == policy::Verdict::allow) co_return std::nullopt;
  co_return std::optional<policy::Decision>(std::move(judged));
}

std::string ChatStream::take_released() {
  auto out = text_.substr(sent_, release_upto_ - std::min(sent_, release_upto_));
  sent_ += out.size();
  return out;
}

Task<Result<ChatItem>> ChatStream::finish(slm::ChatEvent end) {
  // Read to its end, so that the call counts as done, not as cancelled; after the finish nothing else may come.
  (void)co_await events_->next();
  events_.reset();
  if (end.usage) {
    counted_ = end.usage->prompt;
    completion_ = end.usage->completion;
  }
  WRIT_CO_CHECK(co_await inspect(true));
  auto content = text_;
  std::vector<std::int64_t> breaks;
  for (const auto& call : end.tool_calls) {
    breaks.push_back(static_cast<std::int64_t>(content.size()));
    content += "\n" + call.name + call.arguments;
  }
  const policy::FinishRequest request{
      .output = ask_model_output(call_, call_.prompt.model, decided_.decision.decision_id, std::move(content),
                                 completion_, questions_++, std::move(breaks)),
      .settle = settlement()};
  WRIT_CO_TRY(auto finished, co_await patiently([&] { return policy_.finish(ctx_, request); }));
  settled_ = true;
  stage_ = Stage::ended;
  ChatItem item;
  auto& last = item.end.emplace();
  last.finish = *end.finish;
  last.usage = {.prompt = counted_, .completion = completion_};
  last.tokens_left = finished.settled.tokens_left;
  item.decided = Decided{.action = policy::Action::model_output,
                         .resource = decided_.resource,
                         .request_hash = {},
                         .decision = std::move(finished.decision)};
  if (item.decided->decision.decision != policy::Verdict::allow) {
    last.denied = true;
    last.reason = reason_of(item.decided->decision);
    last.finish = slm::FinishReason::content_filter;
    last.text = text_.substr(0, sent_);
    co_return item;
  }
  release_upto_ = text_.size();
  item.text = take_released();
  last.text = text_;
  last.tool_calls = std::move(end.tool_calls);
  co_return item;
}

Task<Result<ChatItem>> ChatStream::stop_denied(policy::Decision denial) {
  events_.reset();  // frees the slot
  // The denial stands whether or not its charge can be recorded at once.
  const auto settled = co_await policy_.settle(ctx_, settlement());
  if (!settled) settling_.charge(executor_, ctx_, settlement(), decided_.decision.reservation);
  settled_ = true;
  stage_ = Stage::ended;
  ChatItem item;
  auto& end = item.end.emplace();
  end.finish = slm::FinishReason::content_filter;
  end.denied = true;
  end.reason = reason_of(denial);
  end.text = text_.substr(0, sent_);
  end.usage = {.prompt = counted_, .completion = completion_};
  end.tokens_left = settled ? settled->tokens_left : denial.tokens_left;
  item.decided = Decided{.action = policy::Action::model_output,
                         .resource = decided_.resource,
                         .request_hash = {},
                         .decision = std::move(denial)};
  co_return item;
}

}  // namespace writ::governed
