#include "slm/slm_service.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace writ::slm {
namespace {

/// The most tokens that may be generated: what was asked for, what policy permits, what the context has room for.
/// Errors: invalid (context_overflow), forbidden (grant_invalid).
Result<std::int32_t> cap_of(const Prompt& prompt, const policy::Grant& grant, std::size_t prompt_tokens,
                            Tokens context) {
  const auto room = context.value - static_cast<std::int64_t>(prompt_tokens);
  if (room < 1) {
    return fail(invalid("context_overflow",
                        fmt::format("the prompt has {} tokens, but prompt and answer together must fit in {}",
                                    prompt_tokens, context.value)));
  }
  const auto permitted = grant.obligations.max_tokens.value_or(Tokens{prompt.max_tokens}).value;
  if (permitted < 1 || prompt.max_tokens < 1) return fail(forbidden("grant_invalid", "the grant permits no tokens"));
  return static_cast<std::int32_t>(std::min({prompt.max_tokens, permitted, room}));
}

}  // namespace

SlmService::SlmService(policy::GrantVerifier& grants, async::BlockingPool& pool, observability::Registry& registry,
                       const observability::Logger& log, const Clock& clock, Random& random)
    : grants_(grants),
      pool_(pool),
      registry_(registry),
      log_(log),
      clock_(clock),
      random_(random),
      compiler_({}, registry, clock) {}

void SlmService::serve(ModelRegistry models, const WorkerLimits& limits, ModelLoader& loader) {
  models_.emplace(std::move(models));
  for (const auto& spec : models_->models())
    workers_.emplace(spec.id, std::make_unique<ModelWorker>(spec, limits, loader, registry_, log_, clock_, random_));
}

Task<Status> SlmService::load_default(Context ctx) {
  WRIT_CO_CHECK(co_await workers_.at(models_->default_model().id)->loaded(std::move(ctx)));
  co_return Status{};
}

void SlmService::stop() {
  compiler_.stop();
  for (const auto& [id, worker] : workers_) worker->stop();
}

Status SlmService::model_status() const {
  if (!models_) return fail(unavailable("not_started", "the models are not known yet"));
  return workers_.at(models_->default_model().id)->status();
}

Result<ModelWorker*> SlmService::find(std::string_view model) const {
  const auto* spec = models_ ? models_->find(model) : nullptr;
  if (spec == nullptr) return fail(not_found("no_model", fmt::format("there is no model \"{}\"", model)));
  return workers_.at(spec->id).get();
}

Task<Result<SlmService::Rendered>> SlmService::render_on(Context ctx, ModelWorker& worker, Prompt prompt) {
  WRIT_CO_TRY(const auto loaded, co_await worker.loaded(ctx));
  auto work = [model = loaded.model, prompt = std::move(prompt), cancel = ctx.cancel]() -> Result<RenderedPrompt> {
    if (cancel.stop_requested()) return fail(cancelled("slm: rendering"));  // its turn came after its client had left
    return render(*model, prompt);
  };
  WRIT_CO_TRY(auto prompt_rendered, co_await pool_.run(ctx, std::move(work)));
  Rendered rendered{.loaded = loaded, .prompt = std::move(prompt_rendered), .grammar = {}};
  if (auto& rules = rendered.prompt.chat.rules) {
    auto compiled = co_await compiler_.compile(std::move(ctx), loaded.model, *std::exchange(rules, std::nullopt));
    if (!compiled) co_return fail(as_port_error(std::move(compiled).error()));
    rendered.grammar = std::move(*compiled);
  }
  co_return rendered;
}

Task<Result<StreamPtr<ChatEvent>>> SlmService::chat(Context ctx, ChatRequest in) {
  const auto arrived = clock_.steady();
  WRIT_CO_TRY(auto* const worker, find(in.prompt.model));
  WRIT_CO_TRY(const auto grant, grants_.accept(ctx, in.grant,
                                               {.action = policy::Action::model_call,
                                                .resource = worker->spec().id,
                                                .request_hash = policy::request_hash(schema::encode(in.prompt))}));
  if (!grant.obligations.redactions.empty()) {
    // Only policy knows where its facts stand in a prompt. What cannot be carried out means no.
    co_return fail(
        forbidden("obligation_unknown", "the grant wants a prompt redacted, which the model service cannot do"));
  }
  WRIT_CO_TRY(auto rendered, co_await render_on(ctx, *worker, in.prompt));
  WRIT_CO_TRY(const auto max_tokens, cap_of(in.prompt, grant, rendered.prompt.tokens.size(), rendered.loaded.context));
  llama::ToolCallParser parser(rendered.prompt.chat);
  auto sequence = sequence_of(std::move(rendered.prompt), in.prompt, max_tokens, random_seed());
  if (rendered.grammar) {
    auto begin = [grammar = rendered.grammar] { return grammar->begin(); };
    WRIT_CO_TRY(sequence.matcher, co_await pool_.run(ctx, std::move(begin)));
  }
  auto [writer, stream] = async::make_stream<ChatEvent>(stream_capacity(max_tokens), ctx);
  WRIT_CO_CHECK(worker->submit({.ctx = std::move(ctx),
                                .sequence = std::move(sequence),
                                .parser = std::move(parser),
                                .out = std::move(writer),
                                .arrived = arrived}));
  co_return std::move(stream);
}

Task<Result<Count>> SlmService::count(Context ctx, Prompt in) {
  WRIT_CO_TRY(auto* const worker, find(in.model));
  WRIT_CO_TRY(const auto rendered, co_await render_on(std::move(ctx), *worker, std::move(in)));
  co_return Count{.prompt = Tokens{static_cast<std::int64_t>(rendered.prompt.tokens.size())},
                  .context = rendered.loaded.context};
}

Task<Result<ModelList>> SlmService::models(Context, http::Nothing) {
  ModelList list;
  if (!models_) co_return list;
  for (const auto& spec : models_->models())
    list.models.push_back({.id = spec.id,
                           .is_default = spec.is_default,
                           .context = workers_.at(spec.id)->context(),
                           .licence = spec.licence});
  co_return list;
}

std::uint32_t SlmService::random_seed() {
  std::array<std::uint8_t, sizeof(std::uint32_t)> bytes{};
  random_.fill(bytes);
  std::uint32_t seed = 0;
  std::memcpy(&seed, bytes.data(), bytes.size());
  return seed;
}

}  // namespace writ::slm
