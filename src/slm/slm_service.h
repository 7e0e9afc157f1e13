// SlmService: the rules of model calls. Nothing is generated without a grant that policy signed for exactly this request.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "async/blocking_pool.h"
#include "policy/api/grant.h"
#include "slm/api/slm_port.h"
#include "slm/chat_prompt.h"
#include "slm/grammar_compiler.h"
#include "slm/model_worker.h"

namespace writ::slm {

class SlmService final : public SlmPort {
 public:
  /// Everything given outlives it.
  SlmService(policy::GrantVerifier& grants, async::BlockingPool& pool, observability::Registry& registry,
             const observability::Logger& log, const Clock& clock, Random& random);

  /// Makes the workers, once, before any request. A model is loaded by its first request.
  /// loader: outlives this.
  void serve(ModelRegistry models, const WorkerLimits& limits, ModelLoader& loader);
  /// Loads the default model now. Errors: unavailable (model_failed, stopping).
  [[nodiscard]] Task<Status> load_default(Context ctx);
  /// Once there are models.
  [[nodiscard]] const ModelSpec& default_model() const { return models_->default_model(); }
  /// Ends all answers and joins the models' threads: blocks for at most one step, or a load under way.
  void stop();
  /// Of the default model. Errors: unavailable (model_loading, model_failed, stopping).
  [[nodiscard]] Status model_status() const;

  /// The grant is used up by the first chat that it fits, whatever comes of it.
  Task<Result<StreamPtr<ChatEvent>>> chat(Context ctx, ChatRequest in) override;
  Task<Result<Count>> count(Context ctx, Prompt in) override;
  Task<Result<ModelList>> models(Context ctx, http::Nothing in) override;

 private:
  struct Rendered {
    ModelWorker::Loaded loaded;
    RenderedPrompt prompt;
    GrammarCompiler::GrammarPtr grammar;  // null: anything goes
  };
  [[nodiscard]] Result<ModelWorker*> find(std::string_view model) const;
  [[nodiscard]] Task<Result<Rendered>> render_on(Context ctx, ModelWorker& worker, Prompt prompt);
  [[nodiscard]] std::uint32_t random_seed();

  policy::GrantVerifier& grants_;
  async::BlockingPool& pool_;
  observability::Registry& registry_;
  const observability::Logger& log_;
  const Clock& clock_;
  Random& random_;
  std::optional<ModelRegistry> models_;
  std::map<std::string, std::unique_ptr<ModelWorker>, std::less<>> workers_;  // by model id
  GrammarCompiler compiler_;  // before the models end
};

}  // namespace writ::slm
