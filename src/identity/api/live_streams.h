// LiveStreams: open streams of principals, which end when what they came with is revoked.
#pragma once

#include <list>
#include <mutex>
#include <stop_token>

#include "async/channel.h"
#include "identity/api/token.h"

namespace writ::identity {

/// Thread: any. Outlives its streams.
class LiveStreams {
 public:
  explicit LiveStreams(const TokenVerifier& verifier) : verifier_(verifier) {}

  /// One open stream: its context ends with the request's and with what the principal came with.
  class Entry {
   public:
    Entry(LiveStreams& all, Context ctx);
    ~Entry();
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    /// The request's context, cancelled by a revocation too.
    [[nodiscard]] const Context& context() const { return ctx_; }
    /// Errors: unauthenticated (token_revoked, key_revoked).
    [[nodiscard]] Status holds() const;

   private:
    friend class LiveStreams;
    struct Stop {
      std::stop_source* source;
      void operator()() const { source->request_stop(); }
    };
    LiveStreams& all_;
    std::stop_source stop_;
    Context ctx_;
    std::stop_callback<Stop> parent_;
    std::list<Entry*>::iterator place_;
  };

  /// Ends the streams whose principals were revoked. Called when the trust has changed.
  void sweep();

 private:
  const TokenVerifier& verifier_;
  std::mutex mutex_;
  std::list<Entry*> entries_;  // as many as there are open streams, which connections bound
};

/// A stream that ends with token_revoked or key_revoked when what its principal came with is revoked.
template <class T>
class LiveStream final : public Stream<T> {
 public:
  LiveStream(std::unique_ptr<LiveStreams::Entry> entry, StreamPtr<T> inner)
      : entry_(std::move(entry)), inner_(std::move(inner)) {}
  Task<Result<std::optional<T>>> next() override {
    auto item = co_await inner_->next();
    // Also before an item is handed on that was there already.
    if (auto holds = entry_->holds(); !holds) co_return fail(std::move(holds).error());
    co_return item;
  }

 private:
  std::unique_ptr<LiveStreams::Entry> entry_;
  StreamPtr<T> inner_;  // ends before the entry
};

}  // namespace writ::identity
