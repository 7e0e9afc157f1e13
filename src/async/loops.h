// Loops: one thread and one io_context per core; a request stays on the loop that accepted it.
#pragma once

#include <cstddef>
#include <future>
#include <memory>
#include <string_view>
#include <thread>
#include <type_traits>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/use_future.hpp>

#include "async/task.h"

namespace writ::async {

class Loops {
 public:
  /// Starts `count` threads at once (1..64). They run until stop().
  explicit Loops(std::size_t count);
  ~Loops();
  Loops(const Loops&) = delete;
  Loops& operator=(const Loops&) = delete;

  [[nodiscard]] std::size_t size() const { return loops_.size(); }
  [[nodiscard]] Executor at(std::size_t index);
  /// The loop that owns a key: the same key is always on the same loop.
  [[nodiscard]] Executor owner_of(std::string_view key);
  /// Lets no more handlers run and joins the threads. Stop task groups first.
  void stop();

  /// Runs a task on loop 0 and waits for its value; for main() and tests, never from a loop thread.
  template <class T>
  T run(Task<T> task) {
    return asio::co_spawn(at(0), std::move(task), asio::use_future).get();
  }

 private:
  struct Loop;
  std::vector<std::unique_ptr<Loop>> loops_;
};

}  // namespace writ::async
