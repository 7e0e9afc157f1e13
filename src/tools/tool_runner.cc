#include "tools/tool_runner.h"

#include <exception>
#include <mutex>
#include <optional>

namespace writ::tools {
namespace {

/// What a caller and its call share; the call may outlive the caller.
struct Pending {
  std::mutex mutex;
  std::optional<Result<json::value>> answer;
  async::Signal answered;
  std::stop_source told;  // to end

  void set(Result<json::value> result) {
    {
      const std::lock_guard lock(mutex);
      answer = std::move(result);
    }
    answered.notify();
  }
  std::optional<Result<json::value>> take() {
    const std::lock_guard lock(mutex);
    return std::exchange(answer, std::nullopt);
  }
};

Error of_unknown_outcome(Error error) {
  error.outcome = Outcome::unknown;
  return error;
}

Task<void> perform(std::shared_ptr<Pending> pending, Tool* tool, Context ctx, ToolCallContext call,
                   json::object arguments) {
  Result<json::value> answer = fail(of_unknown_outcome(internal("the tool gave no answer", tool->info().name)));
  try {
    answer = co_await tool->call(std::move(ctx), std::move(call), std::move(arguments));
  } catch (const std::exception& thrown) {
    answer = fail(of_unknown_outcome(internal(std::string("the tool threw: ") + thrown.what(), tool->info().name)));
  }
  if (!answer) answer.error().outcome = outcome_of(answer.error());
  pending->set(std::move(answer));
}

}  // namespace

Task<Result<json::value>> ToolRunner::call(Tool& tool, Context ctx, ToolCallContext call, json::object arguments) {
  const auto& info = tool.info();
  const auto here = co_await async::this_executor();
  auto pending = std::make_shared<Pending>();  // shared with the call, which may outlive this wait
  auto within = ctx.within(info.timeout);
  const auto deadline = within.deadline;
  within.cancel = pending->told.get_token();
  if (auto spawned =
          calls_.spawn(here, info.name, perform(pending, &tool, within, std::move(call), std::move(arguments)));
      !spawned) {
    spawned.error().outcome = Outcome::not_sent;
    co_return fail(std::move(spawned).error());
  }
  // A group that stops tells every call of it; one that nobody tells would only end by its deadline.
  const std::stop_callback stopping(calls_.stopping(), [pending] { pending->told.request_stop(); });
  auto woken = co_await pending->answered.wait(deadline, ctx.cancel);
  if (woken == async::Woken::cancelled && info.effect == Effect::once)
    if (co_await pending->answered.wait(std::min(deadline, system_clock().steady() + once_grace), {}) ==
        async::Woken::notified)
      woken = async::Woken::notified;
  if (woken != async::Woken::notified) {
    pending->told.request_stop();
    (void)co_await pending->answered.wait(system_clock().steady() + last_words, {});
  }
  if (auto answer = pending->take()) co_return std::move(*answer);
  auto error = woken == async::Woken::cancelled ? cancelled(info.name) : deadline_exceeded(info.name);
  co_return fail(of_unknown_outcome(std::move(error)));
}

}  // namespace writ::tools
