// Task<T>: the coroutine type of the product. Cancellation is cooperative and travels in Context (a stop token), so
// a coroutine is never torn down in the middle of an await: it is told, and answers once.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "core/result.h"

namespace writ {

namespace asio = boost::asio;

using Executor = asio::io_context::executor_type;

template <class T = void>
using Task = asio::awaitable<T, Executor>;

namespace async {

/// Completion tokens for Asio operations inside a Task; `as_result` gives (error_code, …) instead of throwing.
inline constexpr asio::use_awaitable_t<Executor> use_task{};
inline constexpr asio::as_tuple_t<asio::use_awaitable_t<Executor>> as_result{};

/// The executor of the running coroutine.
[[nodiscard]] inline auto this_executor() { return asio::this_coro::executor; }

}  // namespace async
}  // namespace writ
