// Runs a task to its end on this thread, for tests of coroutines without threads or sockets.
#pragma once

#include <optional>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "async/task.h"

namespace writ::http {

template <class T>
T run_now(Task<T> task) {
  asio::io_context io(1);
  std::optional<T> out;
  asio::co_spawn(io.get_executor(), std::move(task), [&out](std::exception_ptr crash, T value) {
    if (crash) std::rethrow_exception(crash);
    out.emplace(std::move(value));
  });
  io.run();
  return std::move(out).value();
}

}  // namespace writ::http
