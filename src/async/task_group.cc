#include "async/task_group.h"

#include <cstdio>
#include <exception>
#include <map>
#include <mutex>

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>

namespace writ::async {

struct TaskGroup::State {
  State(std::string n, std::size_t l) : name(std::move(n)), limit(l) {}
  const std::string name;
  const std::size_t limit;
  std::stop_source stop;
  mutable std::mutex mutex;
  std::map<std::uint64_t, std::string> tasks;
  std::uint64_t next_id = 0;
  Signal ended;
};

TaskGroup::TaskGroup(std::string name, std::size_t limit) : state_(std::make_shared<State>(std::move(name), limit)) {}
TaskGroup::~TaskGroup() { state_->stop.request_stop(); }

Status TaskGroup::spawn(Executor on, std::string what, Task<void> task) {
  std::uint64_t id = 0;
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->stop.stop_requested()) return fail(unavailable("stopping", state_->name + " is stopping"));
    if (state_->tasks.size() >= state_->limit)
      return fail(unavailable("group_full", fmt::format("{}: already {} at work", state_->name, state_->limit)));
    id = state_->next_id++;
    state_->tasks.emplace(id, std::move(what));
  }
  asio::co_spawn(on, std::move(task), [state = state_, id](std::exception_ptr crash) {
    if (crash) std::rethrow_exception(crash);  // a task catches its own; this ends the process with the message
    {
      const std::lock_guard lock(state->mutex);
      state->tasks.erase(id);
    }
    state->ended.notify();
  });
  return {};
}

std::stop_token TaskGroup::stopping() const { return state_->stop.get_token(); }

std::size_t TaskGroup::running() const {
  const std::lock_guard lock(state_->mutex);
  return state_->tasks.size();
}

Task<Status> TaskGroup::stop(Millis patience) {
  const auto state = state_;
  state->stop.request_stop();
  const auto until = system_clock().steady() + patience;
  for (;;) {
    std::string left;
    {
      const std::lock_guard lock(state->mutex);
      if (state->tasks.empty()) co_return Status{};
      for (const auto& [id, what] : state->tasks) left += (left.empty() ? "" : ", ") + what;
    }
    if (co_await state->ended.wait(until, {}) == Woken::timed_out) {
      auto error = deadline_exceeded(state->name);
      error.message = fmt::format("{}: still at work after {} ms: {}", state->name, patience.count(), left);
      co_return fail(std::move(error));
    }
  }
}

}  // namespace writ::async
