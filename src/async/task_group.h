// TaskGroup: the only way to spawn. Named, counted and bounded; stop() asks every task to end and waits for it.
#pragma once

#include <memory>
#include <string>

#include "async/signal.h"

namespace writ::async {

class TaskGroup {
 public:
  /// At most `limit` tasks at once. Tasks may run on different loops.
  TaskGroup(std::string name, std::size_t limit);
  /// Requests the stop; stop() must have been awaited when tasks refer to objects that die with the owner.
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  /// Starts a task on the loop. Errors: unavailable (group_full) at the limit, (stopping) after stop().
  /// An exception that leaves the task ends the process: it is a bug.
  [[nodiscard]] Status spawn(Executor on, std::string what, Task<void> task);
  /// Requested when the group stops; give it to the tasks' contexts.
  [[nodiscard]] std::stop_token stopping() const;
  [[nodiscard]] std::size_t running() const;
  /// Requests the stop and waits. Errors: deadline, naming the tasks that are still there.
  [[nodiscard]] Task<Status> stop(Millis patience);

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with running tasks, which report their end to it
};

}  // namespace writ::async
