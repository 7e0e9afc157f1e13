// GrammarCompiler: compiles the grammars of answers on threads of its own, with a bounded queue and a bounded cache.
#pragma once

#include <condition_variable>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <pthread.h>

#include "async/signal.h"
#include "grammar/grammar.h"
#include "llama/model.h"
#include "slm/fair_queue.h"
#include "slm/slm_metrics.h"

namespace writ::slm {

struct CompilerLimits {
  std::size_t threads = 1;  // a schema that takes a second keeps the other tenants' schemas waiting, nothing else
  std::size_t queue_max = 64;  // requests that wait
  std::size_t tenant_queue_max = 16;  // … of one tenant, so that its burst leaves room for the others
  std::size_t cached_grammars = 64;
  std::size_t cached_bytes = 8U << 20U;  // of their texts
  Seconds wait_max{20};  // for a turn and the compilation
};

class GrammarCompiler {
 public:
  // Shared: an answer that began with a grammar may outlive its place in the cache.
  using GrammarPtr = std::shared_ptr<const grammar::Grammar>;

  GrammarCompiler(const CompilerLimits& limits, observability::Registry& registry, const Clock& clock);
  ~GrammarCompiler();
  GrammarCompiler(const GrammarCompiler&) = delete;
  GrammarCompiler& operator=(const GrammarCompiler&) = delete;

  /// The grammar of the source for the model's vocabulary. The model is kept while the compiler works on it, also when who
  /// asked has left and the worker has loaded another version.
  /// Errors: invalid (bad_tools, bad_json_schema) with pointers; unavailable (queue_full, stopping), deadline.
  /// Cancellation: a request that waits is dropped; one whose turn has come ends within its limits, about a second.
  /// Thread: any.
  [[nodiscard]] Task<Result<GrammarPtr>> compile(Context ctx, std::shared_ptr<const llama::Model> model,
                                                 grammar::Source source);
  /// Waits for the compilation under way, and ends what waits. Thread: any, one.
  void stop();

 private:
  struct Job;
  using JobPtr = std::shared_ptr<Job>;  // shared by who waits and who compiles: either may be done first
  struct Cached {
    std::string key;
    GrammarPtr grammar;
  };

  static void* run_thread(void* self);
  void run();
  [[nodiscard]] GrammarPtr find(const std::string& key);
  void keep(std::string key, GrammarPtr grammar);
  [[nodiscard]] Status enqueue(const TenantId& tenant, JobPtr job);

  const CompilerLimits limits_;
  const Clock& clock_;
  CompilerProbe probe_;
  std::mutex mutex_;
  std::condition_variable work_;
  bool stopping_ = false;
  FairQueue<JobPtr> queue_;
  std::map<TenantId, std::size_t> waiting_;  // of each tenant that has any
  std::list<Cached> cache_;  // the newest use first
  std::map<std::string_view, std::list<Cached>::iterator, std::less<>> places_;  // by key, which the list owns
  std::size_t cached_bytes_ = 0;
  std::vector<pthread_t> threads_;
};

}  // namespace writ::slm
