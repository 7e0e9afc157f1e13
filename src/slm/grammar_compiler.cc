#include "slm/grammar_compiler.h"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/assert.h"
#include "grammar/limits.h"
#include "llama/grammar.h"

namespace writ::slm {
namespace {

Error stopping_error() { return unavailable("stopping", "the model service is stopping"); }

}  // namespace

struct GrammarCompiler::Job {
  Context ctx;
  std::shared_ptr<const llama::Model> model;
  grammar::Source source;
  std::string key;
  async::Signal done{};
  std::mutex mutex{};
  std::optional<Result<GrammarPtr>> result{};

  void finish(Result<GrammarPtr> outcome) {
    {
      const std::lock_guard lock(mutex);
      result = std::move(outcome);
    }
    done.notify();
  }
  /// Why nobody waits for it any more.
  [[nodiscard]] std::optional<Error> given_up(SteadyTime now) const {
    if (ctx.cancel.stop_requested()) return cancelled("slm: compiling a grammar");
    if (now >= ctx.deadline) return deadline_exceeded("slm: compiling a grammar");
    return std::nullopt;
  }
};

GrammarCompiler::GrammarCompiler(const CompilerLimits& limits, observability::Registry& registry, const Clock& clock)
    : limits_(limits), clock_(clock), probe_(registry), queue_(limits.queue_max) {
  pthread_attr_t attributes;
  WRIT_ASSERT(::pthread_attr_init(&attributes) == 0, "thread attributes can be made");
  WRIT_ASSERT(::pthread_attr_setstacksize(&attributes, grammar::compile_stack) == 0, "the stack's size is whole pages");
  for (std::size_t i = 0; i < limits.threads; ++i) {
    pthread_t thread{};
    WRIT_ASSERT(::pthread_create(&thread, &attributes, run_thread, this) == 0, "the compiler's threads can be started");
    threads_.push_back(thread);
  }
  ::pthread_attr_destroy(&attributes);
}

GrammarCompiler::~GrammarCompiler() { stop(); }

void* GrammarCompiler::run_thread(void* self) {
  static_cast<GrammarCompiler*>(self)->run();
  return nullptr;
}

Task<Result<GrammarCompiler::GrammarPtr>> GrammarCompiler::compile(Context ctx,
                                                                   std::shared_ptr<const llama::Model> model,
                                                                   grammar::Source source) {
  auto key = fmt::format("{}\n{}", model->number(), source.text());
  if (auto grammar = find(key)) {
    probe_.found();
    co_return grammar;
  }
  const auto job = std::make_shared<Job>();
  job->ctx = ctx.within(limits_.wait_max);
  job->model = std::move(model);
  job->source = std::move(source);
  job->key = std::move(key);
  WRIT_CO_CHECK(enqueue(ctx.tenant(), job));
  for (;;) {
    const auto woken = co_await job->done.wait(job->ctx);
    {
      const std::lock_guard lock(job->mutex);
      if (job->result) co_return std::move(*job->result);
    }
    if (woken == async::Woken::cancelled) co_return fail(cancelled("slm: compiling a grammar"));
    if (woken == async::Woken::timed_out) {
      if (clock_.steady() >= ctx.deadline) co_return fail(deadline_exceeded("slm: compiling a grammar"));
      co_return fail(unavailable("queue_full", "the grammars of other requests are compiled first", Seconds{5}));
    }
  }
}

Status GrammarCompiler::enqueue(const TenantId& tenant, JobPtr job) {
  const auto full = [&] {
    return fail(unavailable("queue_full", "too many grammars wait to be compiled", Seconds{2}));
  };
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return fail(stopping_error());
    auto& waiting = waiting_[tenant];
    if (waiting >= limits_.tenant_queue_max) return full();
    if (!queue_.push(tenant, std::move(job))) {
      if (waiting == 0) waiting_.erase(tenant);
      return full();
    }
    ++waiting;
  }
  work_.notify_one();
  return {};
}

void GrammarCompiler::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    work_.wait(lock, [this] { return stopping_ || queue_.waiting() > 0; });
    if (stopping_) return;
    const auto job = *queue_.take();
    const auto tenant = job->ctx.tenant();
    if (auto waiting = waiting_.find(tenant); --waiting->second == 0) waiting_.erase(waiting);
    lock.unlock();
    const auto began = clock_.steady();
    if (auto why = job->given_up(began)) {
      job->finish(fail(std::move(*why)));
    } else if (auto grammar = find(job->key)) {
      job->finish(std::move(grammar));  // somebody else's request was the same
    } else {
      auto vocabulary = job->model->vocabulary();
      auto compiled = vocabulary ? grammar::Grammar::compile(**vocabulary, job->source)
                                 : Result<grammar::Grammar>(fail(vocabulary.error()));
      probe_.compiled(compiled.has_value(), clock_.steady() - began);
      if (compiled) {
        grammar = std::make_shared<const grammar::Grammar>(std::move(*compiled));
        keep(job->key, grammar);
        job->finish(std::move(grammar));
      } else {
        job->finish(fail(llama::as_request_error(std::move(compiled).error())));
      }
    }
    lock.lock();
    queue_.ended(tenant);
  }
}

GrammarCompiler::GrammarPtr GrammarCompiler::find(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto place = places_.find(key);
  if (place == places_.end()) return nullptr;
  cache_.splice(cache_.begin(), cache_, place->second);
  return place->second->grammar;
}

void GrammarCompiler::keep(std::string key, GrammarPtr grammar) {
  std::list<Cached> dropped;  // freed without the lock
  const std::lock_guard lock(mutex_);
  if (places_.contains(key) || key.size() > limits_.cached_bytes) return;
  cached_bytes_ += key.size();
  cache_.push_front({std::move(key), std::move(grammar)});
  places_.emplace(cache_.front().key, cache_.begin());
  while (cache_.size() > limits_.cached_grammars || cached_bytes_ > limits_.cached_bytes) {
    cached_bytes_ -= cache_.back().key.size();
    places_.erase(cache_.back().key);
    dropped.splice(dropped.begin(), cache_, std::prev(cache_.end()));
  }
}

void GrammarCompiler::stop() {
  std::vector<JobPtr> waiting;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    waiting = queue_.remove_if([](const JobPtr&) { return true; });
  }
  work_.notify_all();
  for (const auto& job : waiting) job->finish(fail(stopping_error()));
  for (const auto thread : threads_) ::pthread_join(thread, nullptr);
  threads_.clear();
}

}  // namespace writ::slm
