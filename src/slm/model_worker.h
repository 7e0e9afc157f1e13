// ModelWorker: the one thread that owns a model: loads it, gives waiting requests to free slots, and decodes all of them
// together, one step at a time.
//
//   idle ──start()──▶ loading ──▶ ready ──stop()──▶ stopped
//                        └──────▶ failed
#pragma once

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
#include "slm/model_registry.h"

namespace writ::slm {

struct WorkerLimits {
  llama::EngineLimits engine{};
  std::int32_t shared_batch = 32;  // prompt tokens of one step while several answers are at work
  std::size_t queue_max = 64;  // requests that wait for a slot
};

/// Seconds until a request that finds `waiting` others would have a slot, 1..120.
[[nodiscard]] Seconds estimated_wait(std::size_t waiting, std::int32_t slots, double answer_seconds);

class ModelWorker {
 public:
  /// A model that has been loaded; both hold while the worker lives.
  struct Loaded {
    const llama::Model* model;
    Tokens context;  // of one slot
  };

  /// Everything given outlives it.
  ModelWorker(const ModelSpec& spec, const WorkerLimits& limits, observability::Registry& registry,
              const observability::Logger& log, const Clock& clock, Random& random);
  ~ModelWorker();
  ModelWorker(const ModelWorker&) = delete;
  ModelWorker& operator=(const ModelWorker&) = delete;

  /// Starts the thread, which loads the model. Only the first call does something. Thread: any.
  void start();
  /// Starts it where that has not happened yet, and waits until it is loaded.
  /// Errors: unavailable (model_failed, stopping), deadline, cancelled. Thread: any.
  [[nodiscard]] Task<Result<Loaded>> loaded(Context ctx);
  /// Puts a request of a loaded model in line. Errors: unavailable (queue_full with retry_after, stopping). Thread: any.
  [[nodiscard]] Status submit(AnswerRequest request);
  /// Ends all answers with unavailable (stopping) and waits for the thread: at most one step, or the load. Thread: any, one.
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
  [[nodiscard]] Status load();
  [[nodiscard]] bool turn();
  void begin(Answer answer);
  void drop_given_up();
  void step();
  void end_all();

  void set_state(State state, std::optional<Error> why = std::nullopt);
  [[nodiscard]] Status status_locked() const;
  /// Gives the place of an answer that was at work back.
  void forget(const Answer& answer, SteadyTime now);

  const ModelSpec& spec_;
  WorkerLimits limits_;
  ModelProbe probe_;
  const observability::Logger& log_;
  const Clock& clock_;
  Random& random_;

  // Owned by the worker's thread; the model may be read by any once it is loaded.
  std::unique_ptr<llama::Model> model_;
  std::unique_ptr<llama::Engine> engine_;
  std::map<llama::SequenceId, Answer> answers_;
  llama::SequenceId next_id_ = 1;

  mutable std::mutex mutex_;
  std::condition_variable work_;
  State state_ = State::idle;
  bool stopping_ = false;
  std::optional<Error> failure_;
  Tokens context_;
  std::vector<std::shared_ptr<async::Signal>> waiters_;  // shared: who waits may give up before the load ends
  FairQueue<Answer> queue_;
  double answer_seconds_ = 2;  // of recent answers; 100 tokens of the default model to begin with
  std::thread thread_;
};

}  // namespace writ::slm
