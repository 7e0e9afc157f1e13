#include "slm/model_worker.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "core/assert.h"
#include "core/fail_point.h"

namespace writ::slm {
namespace {

/// Enough that I/O threads go first, and not so much that another busy process on the machine starves the model: against one
/// it gets a quarter of a core at 5, a tenth at 10. 0 is normal, 19 the lowest.
constexpr int nice_level = 5;
/// The weight of the newest answer in the mean that Retry-After is estimated from.
constexpr double newest_weight = 0.2;

Error stopping_error() { return unavailable("stopping", "the model service is stopping"); }

void lower_priority() {
  // On Linux a nice value is of one thread, and threads that it starts inherit it. Lowering is always allowed.
  (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), nice_level);
}

}  // namespace

Seconds estimated_wait(std::size_t waiting, std::int32_t slots, double answer_seconds) {
  const auto rounds = (static_cast<double>(waiting) + 1) / slots;
  return Seconds{static_cast<std::int64_t>(std::clamp(std::ceil(rounds * answer_seconds), 1.0, 120.0))};
}

ModelWorker::ModelWorker(const ModelSpec& spec, const WorkerLimits& limits, ModelLoader& loader,
                         observability::Registry& registry, const observability::Logger& log, const Clock& clock,
                         Random& random)
    : spec_(spec),
      asked_(limits),
      limits_(limits),
      loader_(loader),
      probe_(registry, spec.id),
      log_(log),
      clock_(clock),
      random_(random),
      queue_(limits.queue_max) {
  if (spec_.context)
    limits_.engine.context_tokens =
        static_cast<std::int32_t>(std::min<std::int64_t>(limits_.engine.context_tokens, spec_.context->value));
  context_ = Tokens{limits_.engine.context_tokens};
}

ModelWorker::~ModelWorker() { stop(); }

void ModelWorker::start() {
  const std::lock_guard lock(mutex_);
  if (state_ != State::idle || stopping_) return;
  state_ = State::loading;
  thread_ = std::thread([this] { run(); });
}

Task<Result<ModelWorker::Loaded>> ModelWorker::loaded(Context ctx) {
  start();
  const auto signal = std::make_shared<async::Signal>();
  bool looked = false;
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (state_ == State::failed && !looked && !stopping_) {
        // Its thread looks whether there is something new; meanwhile it is as if the model were loaded for the first time.
        looked = true;
        state_ = State::loading;
        work_.notify_one();
      }
      if (state_ != State::loading) {
        WRIT_CO_CHECK(status_locked());
        co_return Loaded{.model = model_, .context = context_};
      }
      if (std::ranges::find(waiters_, signal) == waiters_.end()) waiters_.push_back(signal);
    }
    switch (co_await signal->wait(ctx)) {
      case async::Woken::notified: break;
      case async::Woken::timed_out: co_return fail(deadline_exceeded("slm: loading " + spec_.id));
      case async::Woken::cancelled: co_return fail(cancelled("slm: loading " + spec_.id));
    }
  }
}

Status ModelWorker::submit(AnswerRequest request) {
  Answer answer(std::move(request), probe_, random_);
  {
    const std::lock_guard lock(mutex_);
    WRIT_CHECK(status_locked());
    WRIT_ASSERT(state_ == State::ready, "a request is made for a loaded model");
    const auto tenant = answer.tenant();
    if (!queue_.push(tenant, std::move(answer))) {
      probe_.queue_full();
      return fail(unavailable("queue_full",
                              fmt::format("{} requests wait for model {} already", queue_.waiting(), spec_.id),
                              estimated_wait(queue_.waiting(), limits_.engine.slots, answer_seconds_)));
    }
    probe_.waiting(queue_.waiting());
  }
  work_.notify_one();
  return {};
}

void ModelWorker::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_one();
  if (thread_.joinable()) thread_.join();
}

Status ModelWorker::status() const {
  const std::lock_guard lock(mutex_);
  return status_locked();
}

Status ModelWorker::status_locked() const {
  if (stopping_) return fail(stopping_error());
  if (state_ == State::loading)
    return fail(unavailable("model_loading", fmt::format("model {} is being loaded", spec_.id)));
  if (failure_) return fail(*failure_);
  return {};
}

Tokens ModelWorker::context() const {
  const std::lock_guard lock(mutex_);
  return context_;
}

void ModelWorker::set_state(State state, std::optional<Error> why) {
  std::vector<std::shared_ptr<async::Signal>> waiters;
  {
    const std::lock_guard lock(mutex_);
    state_ = state;
    failure_ = std::move(why);
    waiters.swap(waiters_);
  }
  for (const auto& waiter : waiters) waiter->notify();
}

void ModelWorker::run() {
  ::pthread_setname_np(::pthread_self(), "writ-model");
  do {
    if (!open()) continue;
    while (turn()) {}
  } while (wait_for_another_try());
  end_all(stopping_error());
  set_state(State::stopped, stopping_error());
}

/// Loads the model. False where that failed.
bool ModelWorker::open() {
  const auto began = clock_.steady();
  failed_files_ = files_now();
  if (auto opened = load(); !opened) {
    if (stopping_) return false;
    log_.failed("model_failed", opened.error(), {{"model", spec_.id}, {"file", spec_.files.gguf.string()}});
    auto why = unavailable(
        "model_failed", fmt::format("model {} cannot be served: {}", spec_.id, opened.error().message), std::nullopt);
    why.where = opened.error().where;
    close(std::move(why));
    return false;
  }
  const auto took = clock_.steady() - began;
  probe_.loaded(took);
  log_.info("model_loaded", {{"model", spec_.id},
                             {"took_ms", took},
                             {"slots", limits_.engine.slots},
                             {"context_tokens", limits_.engine.context_tokens},
                             {"threads", limits_.engine.threads}});
  set_state(State::ready);
  return true;
}

Status ModelWorker::load() {
  limits_ = asked_;
  WRIT_TRY(auto loaded, loader_.load(spec_, limits_.engine, [this] { return stopping_.load(); }));
  limits_.engine = loaded.limits;
  lower_priority();  // loading is waited for; what comes now is for long, as are the threads that it starts
  WRIT_TRY(auto engine, llama::Engine::create(*loaded.model, limits_.engine));
  const std::lock_guard lock(mutex_);
  model_ = std::move(loaded.model);
  engine_ = std::move(engine);
  context_ = Tokens{limits_.engine.context_tokens};
  pause_ = LoadPause::first;
  return {};
}

/// Ends what is at work or waits, and fails until another try.
void ModelWorker::close(Error why) {
  retry_at_ = clock_.steady() + pause_;
  pause_ = std::min(2 * pause_, LoadPause::longest);
  end_all(why);
  engine_.reset();
  probe_.active(0);
  {
    const std::lock_guard lock(mutex_);
    model_.reset();  // its memory is for the next try
  }
  set_state(State::failed, std::move(why));
}

std::vector<FileIdentity> ModelWorker::files_now() const {
  std::vector<FileIdentity> out{identity_of(spec_.files.gguf)};
  if (spec_.files.adapter) out.push_back(identity_of(*spec_.files.adapter));
  return out;
}

/// After a failure: waits until a request comes and there is a reason to try again. False when the worker stops.
bool ModelWorker::wait_for_another_try() {
  for (;;) {
    std::optional<Error> failure;
    {
      std::unique_lock lock(mutex_);
      work_.wait(lock, [&] { return stopping_ || state_ == State::loading; });
      if (stopping_) return false;
      failure = failure_;
    }
    if (clock_.steady() >= retry_at_ || files_now() != failed_files_) return true;
    set_state(State::failed, std::move(failure));
  }
}

/// Waits for work where there is none, then does one step of it. False when the worker stops.
bool ModelWorker::turn() {
  drop_given_up();
  std::vector<Answer> taken, given_up;
  {
    std::unique_lock lock(mutex_);
    work_.wait(lock, [&] { return stopping_ || !answers_.empty() || queue_.waiting() > 0; });
    if (stopping_) return false;
    const auto now = clock_.steady();
    given_up = queue_.remove_if([&](const Answer& answer) { return answer.given_up(now).has_value(); });
    while (static_cast<std::int32_t>(answers_.size() + taken.size()) < limits_.engine.slots) {
      auto answer = queue_.take();
      if (!answer) break;
      taken.push_back(std::move(*answer));
    }
    probe_.waiting(queue_.waiting());
  }
  for (auto& answer : given_up) {
    const auto now = clock_.steady();
    answer.end_with(answer.given_up(now).value_or(cancelled("slm")), now);
  }
  for (auto& answer : taken) begin(std::move(answer));
  step();
  if (engine_->usable()) return true;
  close(unavailable("model_failed", fmt::format("model {} cannot be served: it lost its memory", spec_.id)));
  return false;
}

void ModelWorker::begin(Answer answer) {
  const auto id = next_id_++;
  const auto reused = engine_->add(answer.take_sequence(id));
  const auto now = clock_.steady();
  if (!reused) {
    forget(answer, now);
    return answer.end_with(reused.error(), now);
  }
  answer.started(*reused, now);
  answers_.emplace(id, std::move(answer));
}

void ModelWorker::drop_given_up() {
  const auto now = clock_.steady();
  for (auto at = answers_.begin(); at != answers_.end();) {
    const auto why = at->second.given_up(now);
    if (!why) {
      ++at;
      continue;
    }
    (void)engine_->remove(at->first);
    forget(at->second, now);
    at->second.end_with(*why, now);
    at = answers_.erase(at);
  }
  probe_.active(engine_->active());  // also when nothing is left to step
}

void ModelWorker::step() {
  WRIT_PAUSE_POINT("slm.step");
  probe_.active(engine_->active());
  const auto before = engine_->counters().decode_calls;
  auto events = engine_->step(answers_.size() > 1 ? limits_.shared_batch : limits_.engine.batch_tokens);
  if (engine_->counters().decode_calls > before) probe_.decoded();
  const auto now = clock_.steady();
  const auto wall = clock_.now();
  for (auto& event : events) {
    const auto at = answers_.find(event.id);
    WRIT_ASSERT(at != answers_.end(), "the engine decodes only what was begun");
    if (event.error) log_.failed("answer_failed", *event.error, {{"model", spec_.id}});
    if (!at->second.take(std::move(event), now, wall)) continue;
    forget(at->second, now);
    answers_.erase(at);
  }
  probe_.active(engine_->active());
}

void ModelWorker::forget(const Answer& answer, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  queue_.ended(answer.tenant());
  const auto took = std::chrono::duration<double>(answer.at_work(now)).count();
  answer_seconds_ += newest_weight * (took - answer_seconds_);
}

void ModelWorker::end_all(const Error& why) {
  const auto now = clock_.steady();
  for (auto& [id, answer] : answers_) {
    (void)engine_->remove(id);
    forget(answer, now);
    answer.end_with(why, now);
  }
  answers_.clear();
  const std::lock_guard lock(mutex_);
  for (auto& answer : queue_.remove_if([](const Answer&) { return true; })) answer.end_with(why, now);
}

}  // namespace writ::slm
