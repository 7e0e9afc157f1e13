// Channel: a bounded queue between coroutines on any loops; Stream: the consumer's view of a producer.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "async/signal.h"

namespace writ {

/// Items that come one by one. Destroying it tells the producer to stop.
template <class T>
class Stream {
 public:
  virtual ~Stream() = default;
  /// The next item, nothing at the end, or the error that ended the stream (then it stays at its end).
  /// Cancellation: returns the error `cancelled` or `deadline` of the context that opened the stream.
  [[nodiscard]] virtual Task<Result<std::optional<T>>> next() = 0;
};
template <class T>
using StreamPtr = std::unique_ptr<Stream<T>>;

namespace async {

/// Many producers, one consumer. Thread: any.
template <class T>
class Channel {
 public:
  explicit Channel(std::size_t capacity) : capacity_(capacity) {}

  /// False when full or closed; the item is then untouched.
  [[nodiscard]] bool try_push(T&& item) { return offer(item); }
  /// Waits for room. False when closed, cancelled or too late. One waiting producer at a time.
  [[nodiscard]] Task<bool> push(T item, Context ctx) {
    while (!offer(item)) {
      if (closed()) co_return false;
      if (co_await writable_.wait(ctx) != Woken::notified) co_return false;
    }
    co_return true;
  }
  /// Items that were pushed before close() still come. Nothing at the end.
  [[nodiscard]] Task<Result<std::optional<T>>> pop(Context ctx) {
    for (;;) {
      {
        const std::lock_guard lock(mutex_);
        if (!items_.empty()) {
          std::optional<T> item(std::move(items_.front()));
          items_.pop_front();
          writable_.notify();
          co_return item;
        }
        if (closed_) {
          if (error_) co_return fail(*error_);
          co_return std::optional<T>();
        }
      }
      switch (co_await readable_.wait(ctx)) {
        case Woken::notified: break;
        case Woken::timed_out: co_return fail(deadline_exceeded("channel"));
        case Woken::cancelled: co_return fail(cancelled("channel"));
      }
    }
  }
  /// First call wins. Wakes both sides.
  void close(std::optional<Error> error = std::nullopt) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return;
      closed_ = true;
      error_ = std::move(error);
    }
    readable_.notify();
    writable_.notify();
  }
  [[nodiscard]] bool closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }

 private:
  // Moves the item in, when there is room.
  bool offer(T& item) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_ || items_.size() >= capacity_) return false;
      items_.push_back(std::move(item));
    }
    readable_.notify();
    return true;
  }

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::deque<T> items_;
  bool closed_ = false;
  std::optional<Error> error_;
  Signal readable_, writable_;
};

/// A producer's end of make_stream(). Closing is its duty on every path; destruction without close() is an `internal` error.
template <class T>
class StreamWriter {
 public:
  struct Shared {
    explicit Shared(std::size_t capacity) : channel(capacity) {}
    Channel<T> channel;
    std::stop_source gone;  // requested when the consumer has gone
  };
  explicit StreamWriter(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  StreamWriter(StreamWriter&&) noexcept = default;
  StreamWriter& operator=(StreamWriter&&) noexcept = default;
  ~StreamWriter() {
    if (shared_) shared_->channel.close(internal("the producer ended without a word", "stream"));
  }
  [[nodiscard]] Task<bool> push(T item, Context ctx) { return shared_->channel.push(std::move(item), std::move(ctx)); }
  [[nodiscard]] bool try_push(T&& item) { return shared_->channel.try_push(std::move(item)); }
  void close(std::optional<Error> error = std::nullopt) { shared_->channel.close(std::move(error)); }
  /// Requested when the consumer has gone: stop producing.
  [[nodiscard]] std::stop_token consumer_gone() const { return shared_->gone.get_token(); }

 private:
  std::shared_ptr<Shared> shared_;  // producer and consumer live on different tasks; the last one frees the queue
};

template <class T>
class ChannelStream final : public Stream<T> {
 public:
  ChannelStream(std::shared_ptr<typename StreamWriter<T>::Shared> shared, Context ctx)
      : shared_(std::move(shared)), ctx_(std::move(ctx)) {}
  ~ChannelStream() override {
    shared_->gone.request_stop();
    shared_->channel.close();
  }
  Task<Result<std::optional<T>>> next() override { return shared_->channel.pop(ctx_); }

 private:
  std::shared_ptr<typename StreamWriter<T>::Shared> shared_;
  Context ctx_;
};

/// A connected pair; `ctx` limits how long the consumer waits for an item.
template <class T>
[[nodiscard]] std::pair<StreamWriter<T>, StreamPtr<T>> make_stream(std::size_t capacity, Context ctx) {
  auto shared = std::make_shared<typename StreamWriter<T>::Shared>(capacity);
  return {StreamWriter<T>(shared), std::make_unique<ChannelStream<T>>(shared, std::move(ctx))};
}

}  // namespace async
}  // namespace writ
