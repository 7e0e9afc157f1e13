// ModelWorker: the one thread that owns a model: loads it, gives waiting requests to free slots, and decodes all of them
// together, one step at a time.
//
//   idle ──start()──▶ loading ──▶ ready ──stop()──▶ stopped
//                        ▲ │        │ it cannot decode any more
//        a request, and   │ ▼        │
//        something changed└ failed ◀─┘
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "async/signal.h"
#include "observability/log.h"
#include "slm/answer.h"
#include "slm/fair_queue.h"
#include "slm/model_loader.h"

namespace writ::slm {

struct WorkerLimits {
  llama::EngineLimits engine{};
  std::int32_t shared_batch = 32;  // prompt tokens of one step while several answers are at work
  std::size_t queue_max = 64;  // requests that wait for a slot
};

/// A failed model is loaded again when its files have changed, or after a pause: what was wrong may have been the machine.
struct LoadPause {
  static constexpr Seconds first{60}, longest{3600};  // doubled each time
};

/// Seconds until a request that finds `waiting` others would have a slot, 1..120.
[[nodiscard]] Seconds estimated_wait(std::size_t waiting, std::int32_t slots, double answer_seconds);

class ModelWorker {
 public:
  /// A model that has been loaded.
  struct Loaded {
    std::shared_ptr<const llama::Model> model;  // shared: the worker may load another version while this one renders
    Tokens context;  // of one slot
  };

  /// Everything given outlives it.
  ModelWorker(const ModelSpec& spec, const WorkerLimits& limits, ModelLoader& loader, observability::Registry& registry,
              const observability::Logger& log, const Clock& clock, Random& random);
  ~ModelWorker();
  ModelWorker(const ModelWorker&) = delete;
  ModelWorker& operator=(const ModelWorker&) = delete;

  /// Starts the thread, which loads the model. Only the first call does something. Thread: any.
  void start();
  /// Starts it where that has not happened yet, and waits until it is loaded. A failed model is looked at again: see LoadPause.
  /// Errors: unavailable (model_failed, stopping), deadline, cancelled. Thread: any.
  [[nodiscard]] Task<Result<Loaded>> loaded(Context ctx);
  /// Puts a request of a loaded model in line. Errors: unavailable (queue_full with retry_after, stopping). Thread: any.
  [[nodiscard]] Status submit(AnswerRequest request);
  /// Ends all answers with unavailable (stopping) and waits for the thread: at most one step, or the load (a trial is ended).
  /// Thread: any, one.
  void stop();

  /// Errors: unavailable (model_loading, model_failed, stopping). An idle worker is fine: the model is loaded when it is needed.
  [[nodiscard]] Status status() const;
  [[nodiscard]] const ModelSpec& spec() const { return spec_; }
  /// Of one slot; before the model is loaded, what is known without it.
  [[nodiscard]] Tokens context() const;

 private:
  enum class State { idle, loading, ready, failed, stopped };

  // On the worker's thread.
  void run();
  [[nodiscard]] bool open();
  [[nodiscard]] Status load();
  [[nodiscard]] bool wait_for_another_try();
  [[nodiscard]] std::vector<FileIdentity> files_now() const;
  void close(Error why);
  [[nodiscard]] bool turn();
  void begin(Answer answer);
  void drop_given_up();
  void step();
  void end_all(const Error& why);

  void set_state(State state, std::optional<Error> why = std::nullopt);
  [[nodiscard]] Status status_locked() const;
  /// Gives the place of an answer that was at work back.
  void forget(const Answer& answer, SteadyTime now);

  const ModelSpec& spec_;
  const WorkerLimits asked_;
  WorkerLimits limits_;
  ModelLoader& loader_;
  ModelProbe probe_;
  const observability::Logger& log_;
  const Clock& clock_;
  Random& random_;

  // Owned by the worker's thread; the model may be read by any once it is loaded.
  std::shared_ptr<const llama::Model> model_;
  std::unique_ptr<llama::Engine> engine_;
  std::map<llama::SequenceId, Answer> answers_;
  llama::SequenceId next_id_ = 1;
  std::vector<FileIdentity> failed_files_;  // as they were when they could not be loaded
  Seconds pause_ = LoadPause::first;
  SteadyTime retry_at_{};

  mutable std::mutex mutex_;
  std::condition_variable work_;
  State state_ = State::idle;
  std::atomic<bool> stopping_ = false;  // written under the mutex; a trial asks without it
  std::optional<Error> failure_;
  Tokens context_;
  std::vector<std::shared_ptr<async::Signal>> waiters_;  // shared: who waits may give up before the load ends
  FairQueue<Answer> queue_;
  double answer_seconds_ = 2;  // of recent answers; 100 tokens of the default model to begin with
  std::thread thread_;
};

}  // namespace writ::slm
