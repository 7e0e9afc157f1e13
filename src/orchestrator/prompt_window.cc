#include "orchestrator/prompt_window.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace writ::orchestrator {
namespace {

constexpr std::size_t old_result_bytes = 1024;
constexpr std::array<std::size_t, 4> new_result_bytes{16'384, 4096, 1024, 256};
constexpr std::int64_t least_answer = 16;  // tokens; an answer of fewer is none

std::string_view content_of(const json::value& message) { return text_at(message.as_object(), "content"); }
bool is_result(const json::value& message) { return text_at(message.as_object(), "role") == "tool"; }

bool has_longer_result(const json::array& step, std::size_t bytes) {
  return std::ranges::any_of(step, [&](const auto& m) { return is_result(m) && content_of(m).size() > bytes; });
}

// The start of the character at or before a place.
std::size_t whole_before(std::string_view text, std::size_t at) {
  while (at > 0 && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) --at;
  return at;
}

}  // namespace

std::string shortened(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return std::string(text);
  const auto head = whole_before(text, bytes / 2), tail = whole_before(text, text.size() - bytes / 2);
  return fmt::format("{} [… {} bytes left out …] {}", text.substr(0, head), tail - head, text.substr(tail));
}

PromptWindow::PromptWindow(Conversation conversation) : conversation_(std::move(conversation)) {
  const auto& c = conversation_;
  ladder_.resize(c.exchanges.size(), {Cut::Kind::exchange});
  if (c.steps.empty()) return;
  for (std::size_t i = 0; i + 1 < c.steps.size(); ++i)
    if (has_longer_result(c.steps[i], old_result_bytes))
      ladder_.push_back({Cut::Kind::old_result, i, old_result_bytes});
  for (std::size_t i = 0; i + 1 < c.steps.size(); ++i) ladder_.push_back({Cut::Kind::step});
  for (const auto bytes : new_result_bytes)
    if (has_longer_result(c.steps.back(), bytes)) ladder_.push_back({Cut::Kind::new_result, c.steps.size() - 1, bytes});
}

std::int64_t PromptWindow::room_for_answer(Tokens context) const {
  // A quarter of the context serves a long answer; one that may be short needs no more than its bound.
  return std::min(conversation_.head.max_tokens, std::max(context.value / 4, least_answer));
}

PromptWindow::Next PromptWindow::counted(const slm::Count& count) {
  const bool fits = count.prompt.value + room_for_answer(count.context) <= count.context.value;
  if (fits) fitting_ = count;
  switch (stage_) {
    case Stage::whole:
      if (fits) break;
      stage_ = Stage::least;
      cuts_ = ladder_.size();
      if (!ladder_.empty()) return Next::count;
      [[fallthrough]];
    case Stage::least: {
      if (fits) {
        stage_ = Stage::between;
        enough_ = ladder_.size();
        break;
      }
      const auto least = std::min(conversation_.head.max_tokens, least_answer);
      if (count.prompt.value + least <= count.context.value) {
        fitting_ = count;
        return Next::fits;  // a shorter answer, then
      }
      least_ = count;
      stage_ = Stage::blame;
      return Next::count;
    }
    case Stage::between: (fits ? enough_ : too_few_) = cuts_; break;
    case Stage::blame:
      head_fits_ = count.prompt.value + least_answer <= count.context.value;
      stage_ = Stage::done;
      return Next::too_long;
    case Stage::done: return Next::too_long;
  }
  if (stage_ == Stage::whole) return Next::fits;
  cuts_ = enough_;
  if (enough_ - too_few_ <= 1) return Next::fits;
  cuts_ = too_few_ + (enough_ - too_few_) / 2;
  return Next::count;
}

json::array PromptWindow::step_after(std::size_t step, std::size_t cuts) const {
  auto out = conversation_.steps[step];
  std::size_t bytes = std::string_view::npos;
  for (std::size_t i = 0; i < cuts; ++i) {
    const auto& cut = ladder_[i];
    if ((cut.kind == Cut::Kind::old_result || cut.kind == Cut::Kind::new_result) && cut.step == step) bytes = cut.bytes;
  }
  for (auto& message : out)
    if (is_result(message)) message.as_object()["content"] = shortened(content_of(message), bytes);
  return out;
}

slm::Prompt PromptWindow::prompt_after(std::size_t cuts) const {
  auto out = conversation_.head;
  const auto append = [&](const json::array& messages) {
    for (const auto& message : messages) out.messages.push_back(message);
  };
  if (stage_ == Stage::blame) {
    out.messages.push_back({{"role", "user"}, {"content", ""}});
    return out;
  }
  const auto left = left_out_after(cuts);
  const auto& c = conversation_;
  for (auto i = static_cast<std::size_t>(left.exchanges - c.forgotten); i < c.exchanges.size(); ++i)
    append(c.exchanges[i]);
  out.messages.push_back(c.question);
  for (auto i = static_cast<std::size_t>(left.steps); i < c.steps.size(); ++i) append(step_after(i, cuts));
  return out;
}

LeftOut PromptWindow::left_out_after(std::size_t cuts) const {
  LeftOut out{.exchanges = conversation_.forgotten};
  for (std::size_t i = 0; i < cuts; ++i) {
    out.exchanges += ladder_[i].kind == Cut::Kind::exchange ? 1 : 0;
    out.steps += ladder_[i].kind == Cut::Kind::step ? 1 : 0;
  }
  for (auto step = static_cast<std::size_t>(out.steps); step < conversation_.steps.size(); ++step) {
    const auto before = conversation_.steps[step], after = step_after(step, cuts);
    for (std::size_t i = 0; i < before.size(); ++i) out.results += before[i] == after[i] ? 0 : 1;
  }
  return out;
}

Error PromptWindow::refusal() const {
  const auto what = !head_fits_                   ? "the agent's instructions and tools alone"
                    : conversation_.steps.empty() ? "the message, with the agent's instructions and tools,"
                                                  : "the message and what the last step did, with the agent's "
                                                    "instructions and tools,";
  const auto fix = head_fits_ ? "shorten it, or use a model with a larger context"
                              : "give the capsule fewer tools, or use a model with a larger context";
  return invalid("context_overflow",
                 fmt::format("{} do not fit into the model's context of {} tokens ({} with the shortest conversation, "
                             "and {} for an answer): {}",
                             what, least_.context.value, least_.prompt.value, least_answer, fix));
}

}  // namespace writ::orchestrator
