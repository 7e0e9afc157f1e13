// The writing half of Connection.
#include <algorithm>

#include <boost/asio/write.hpp>

#include "core/assert.h"
#include "http/connection.h"
#include "http/problem.h"

namespace writ::http {
namespace {

constexpr std::size_t join_max = 16 * 1024;  // bytes: a body up to this goes out in one write with its head
constexpr std::size_t discard_max = 4U << 20U;  // bytes read only to let a refused client see its answer
constexpr Millis discard_time{1000};

}  // namespace

HeadOptions Connection::head_options(Length length) const {
  const bool close = !keep_alive_ || length == Length::until_close;
  const auto& browser = core_->options.browser;
  const auto* operation = operation_.load();
  const bool is_ops = operation != nullptr && operation->exposure.kind() == Exposure::Kind::ops;
  const bool has_head = parser_ && parser_->is_header_done();
  return {.length = length,
          .close = close,
          .http_1_0 = has_head && parser_->get().version() < 11,
          .request_id = request_id_,
          .trace = &trace_,
          .origin = is_ops || !has_head ? std::string_view() : browser.allowed_origin(head_),
          .depends_on_origin = !browser.origins.empty()};
}

Task<bool> Connection::write(std::string_view bytes, Millis stall) {
  const auto& limits = core_->options.limits;
  const auto began = system_clock().steady();
  std::size_t taken = 0;
  while (!bytes.empty()) {
    // Each byte the client takes buys time, but whoever takes one every few seconds does not keep the answer for ever.
    const auto last =
        began + limits.write_grace + Millis(taken * 1000 / std::max<std::size_t>(limits.write_rate_min, 1));
    deadline_ = std::min(system_clock().steady() + stall, last);
    const auto [error, n] =
        co_await socket_.async_write_some(asio::buffer(bytes.data(), bytes.size()), async::as_result);
    if (error) {
      gone_ = true;
      stop_.request_stop();
      co_return false;
    }
    bytes.remove_prefix(n);
    taken += n;
  }
  deadline_ = SteadyTime::max();
  co_return true;
}

// Nobody knows where such a request ends: what follows it is not read as another.
Task<bool> Connection::reject(Refusal refusal) {
  keep_alive_ = false;
  trace_ = observability::new_trace();
  request_id_ = trace_.trace_id;
  (void)co_await refuse(std::move(refusal));
  if (parser_->is_done() && !gone_) co_await discard_rest();
  co_return false;
}

Task<bool> Connection::refuse(Refusal refusal, Dialect dialect) {
  const auto* operation = operation_.load();
  if (operation == nullptr) core_->refused.with({refusal.error.code}).add();
  core_->log.failed("request_failed", refusal.error, {{"operation", doing()}, {"request_id", request_id_}}, trace_);
  const bool body_unread = !parser_->is_done();
  if (body_unread) keep_alive_ = false;
  const bool alive = co_await reply(error_response(dialect, refusal, trace_.trace_id));
  if (body_unread && !gone_) co_await discard_rest();
  co_return alive;
}

// Closing a socket with unread bytes resets it, and the reset can overtake the answer: read what still comes, a little.
Task<void> Connection::discard_rest() {
  boost::system::error_code ignored;  // the client may have gone meanwhile
  socket_.shutdown(Socket::shutdown_send, ignored);
  timed_out_ = false;
  enter(Phase::body, discard_time);
  for (std::size_t n = 0; n < discard_max;) {
    n += in_.bytes().size();
    in_.consume(in_.bytes().size());
    if (!co_await more()) break;
  }
}

Task<bool> Connection::reply(RawResponse response) {
  enter(Phase::writing);
  keep_alive_ = keep_alive_ && !core_->stopping;
  out_.clear();
  append_head(out_, response, head_options(Length::known));
  const bool head_only = parser_->is_header_done() && parser_->get().method() == boost::beast::http::verb::head;
  const bool joined = response.body.size() <= join_max;
  if (!head_only && joined) out_ += response.body;
  const auto stall = core_->options.limits.write_stall;
  if (!co_await write(out_, stall)) co_return false;
  if (!head_only && !joined && !co_await write(response.body, stall)) co_return false;
  co_return keep_alive_ && !gone_;
}

Task<bool> Connection::stream(Reply reply) {
  keep_alive_ = keep_alive_ && !core_->stopping;
  const bool chunked = parser_->get().version() >= 11;
  if (!chunked) keep_alive_ = false;
  heartbeat_.clear();
  if (chunked) append_chunk(heartbeat_, reply.response.heartbeat);
  else heartbeat_ = reply.response.heartbeat;
  out_.clear();
  append_head(out_, reply.response, head_options(chunked ? Length::chunked : Length::until_close));
  enter(Phase::writing);
  if (!co_await write(out_, core_->options.limits.stream_stall)) co_return false;
  const bool whole = co_await stream_items(reply, chunked);
  reply.response.stream.reset();  // tells the producer before anything else
  co_return whole&& keep_alive_ && !gone_;
}

Task<bool> Connection::stream_items(Reply& reply, bool chunked) {
  const auto stall = core_->options.limits.stream_stall;
  const bool sse = reply.framing == Framing::sse;
  for (;;) {
    enter(Phase::streaming);
    Result<std::optional<std::string>> item;
    try {
      item = co_await reply.response.stream->next();
    } catch (const std::exception& e) { item = fail(internal(e.what(), "encoding an item")); }
    if (heartbeat_under_way_) co_await heartbeat_done_.wait();
    if (gone_) co_return false;
    enter(Phase::writing);
    out_.clear();
    std::string text;
    const bool last = !item || !*item;
    if (item && *item) {
      text = **std::move(item);
    } else if (!item) {
      core_->log.failed("stream_failed", item.error(), {{"operation", doing()}, {"request_id", request_id_}}, trace_);
      if (!sse) co_return false;  // the cut tells
      text = format_event(error_event, {}, to_text(problem_document(item.error(), trace_.trace_id)));
    } else if (sse) {
      text = format_event(end_event, {}, "{}");
    }
    if (chunked) append_chunk(out_, text);
    else out_ += text;
    if (last && chunked) out_ += last_chunk;
    if (!co_await write(out_, stall)) co_return false;
    if (last) co_return true;
  }
}

void Connection::start_heartbeat() {
  phase_began_ = system_clock().steady();
  if (heartbeat_.empty()) return;
  heartbeat_under_way_ = true;
  deadline_ = phase_began_ + core_->options.limits.stream_stall;
  asio::async_write(socket_, asio::buffer(heartbeat_),
                    [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                      self->heartbeat_under_way_ = false;
                      self->deadline_ = SteadyTime::max();
                      if (error) {
                        self->gone_ = true;
                        self->stop_.request_stop();
                      }
                      self->heartbeat_done_.notify();
                    });
}

}  // namespace writ::http
