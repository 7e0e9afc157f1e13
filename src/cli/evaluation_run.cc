#include "cli/evaluation_run.h"

#include <algorithm>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "async/task_group.h"
#include "cli/json_numbers.h"
#include "cli/terminal.h"
#include "core/assert.h"

namespace writ::cli {
namespace {

/// Often enough to see that it goes on, seldom enough for a log file.
constexpr Seconds progress_every{10};
constexpr Seconds run_stop_patience{30};

}  // namespace

Status EvaluationRun::play(std::int32_t jobs, std::stop_source stop) {
  stop_ = std::move(stop);
  began_ = system_clock().steady();
  auto status = server_.loops().run(play_all(jobs));
  took_ = std::chrono::duration_cast<Millis>(system_clock().steady() - began_);
  std::ranges::sort(wrong_, {}, &Wrong::index);
  WRIT_CHECK(status);
  const auto& all = scores_.all();
  if (all.refused > 0 && all.refused == all.cases.of)
    return fail(unavailable(
        "all_refused", "the server refused every case, the first one with: " + wrong_[0].outcome.fault, std::nullopt));
  return {};
}

Task<Status> EvaluationRun::play_all(std::int32_t jobs) {
  async::TaskGroup group("evaluation", static_cast<std::size_t>(jobs));
  working_ = jobs;  // before the first begins: where there are few cases, it may end at once
  for (std::int32_t i = 0; i < jobs; ++i) {
    auto spawned = group.spawn(server_.loops().at(0), "cases", work());
    WRIT_ASSERT(spawned, "a new group has room for its tasks");
  }
  while (working_ > 0) {
    // The workers see the stop by themselves; each tells when it has ended.
    if (co_await one_ended_.wait(system_clock().steady() + progress_every, {}) == async::Woken::timed_out)
      tell_progress();
  }
  WRIT_CO_CHECK(co_await group.stop(run_stop_patience));
  co_return status_;
}

Task<void> EvaluationRun::work() {
  while (next_ < cases_.size() && !stop_.stop_requested()) {
    auto status = co_await play_one(next_++);
    if (status) continue;
    if (status_) status_ = std::move(status);
    stop_.request_stop();  // the others would fail alike
  }
  --working_;
  one_ended_.notify();
}

Task<Status> EvaluationRun::play_one(std::size_t index) {
  Context ctx;
  ctx.cancel = stop_.get_token();
  evaluation::Conversation conversation(cases_[index], form_);
  while (!conversation.ended()) {
    WRIT_CO_TRY(auto reply, co_await server_.complete(ctx, conversation.request()));
    if (reply.completion) {
      count(*reply.completion);
      conversation.take(*reply.completion);
    } else {
      conversation.refuse(std::move(reply.refusal));
    }
  }
  ++played_;
  scores_.add(conversation.outcome());
  if (!conversation.outcome().case_right) wrong_.push_back({.index = index, .outcome = conversation.outcome()});
  co_return Status{};
}

void EvaluationRun::count(const json::value& completion) {
  const auto* document = completion.if_object();
  if (document == nullptr) return;
  if (model_.empty()) model_ = text_at(*document, "model");
  const auto* usage = document->if_contains("usage");
  if (usage == nullptr || !usage->is_object()) return;
  prompt_tokens_ += number_at(usage->get_object(), "prompt_tokens");
  completion_tokens_ += number_at(usage->get_object(), "completion_tokens");
}

void EvaluationRun::tell_progress() const {
  const auto elapsed = std::chrono::duration_cast<Seconds>(system_clock().steady() - began_);
  const auto& all = scores_.all().cases;
  std::string left;
  if (played_ > 0)
    left = fmt::format(", about {:%T} to go", elapsed * static_cast<std::int64_t>(cases_.size() - played_) /
                                                  static_cast<std::int64_t>(played_));
  print_line(stderr, fmt::format("[{:%T}] {} of {} cases, {:.1f} % right so far{}", elapsed, played_, cases_.size(),
                                 all.percent(), left));
}

}  // namespace writ::cli
