#include "slm/slm.h"

#include <algorithm>
#include <thread>

#include "llama/backend.h"
#include "slm/model_folders.h"
#include "slm/start_checks.h"

namespace writ::slm {
namespace {

/// Rendering and counting take milliseconds; two threads so that one very long prompt does not hold up all others.
constexpr std::size_t render_threads = 2;
constexpr std::size_t render_queue_max = 256;  // requests; each holds a prompt of 4 MiB at most

/// Everything of one slm-service, in the order it is made.
struct Parts {
  explicit Parts(Deps d)
      : deps(std::move(d)),
        grants(deps.grant_keys, deps.clock),
        loader(deps.state_folder, deps.trial_program, deps.log),
        service(grants, pool, deps.registry, deps.log, deps.clock, deps.random) {}
  ~Parts() { llama::set_log_sink({}); }
  Deps deps;
  policy::GrantVerifier grants;
  ModelLoader loader;
  async::BlockingPool pool{"slm_render", render_threads, render_queue_max};
  SlmService service;
};

WorkerLimits limits_of(const SlmSettings& settings) {
  const auto cores = static_cast<std::int32_t>(std::max(1U, std::thread::hardware_concurrency()));
  return {.engine = {.context_tokens = settings.context,
                     .slots = settings.slots,
                     .batch_tokens = settings.batch,
                     .threads = settings.threads > 0 ? settings.threads : std::max(1, cores - 1)},
          .shared_batch = settings.shared_batch,
          .queue_max = settings.queue};
}

/// llama.cpp is talkative: what it tells is for who looks into a problem.
void write_llama_log(const observability::Logger& log, llama::LogLevel level, std::string_view line) {
  if (level == llama::LogLevel::error || level == llama::LogLevel::warn) log.warn("llama", {{"line", line}});
  else log.debug("llama", {{"line", line}});
}

Status check_all(const ModelRegistry& models, const std::filesystem::path& state_folder) {
  for (const auto& model : models.models()) WRIT_CHECK(check_files(model, state_folder));
  return {};
}

/// What stops a start is told to who may know the machine's paths.
Error for_operator(Error error) {
  if (!error.where.empty()) error.message += " (" + error.where + ")";
  return error;
}

Error unloadable(Error error, const ModelSpec& model) {
  error = for_operator(std::move(error));
  error.message += " (" + model.files.gguf.string() + ")";
  error.message += ": restore the file, or choose another model with WRIT_SLM_DEFAULT_MODEL and WRIT_SLM_MODELS";
  return error;
}

Task<Status> start(Parts* parts) {
  const auto& settings = parts->deps.settings;
  WRIT_CO_CHECK(check_cpu(llama::required_features(), llama::available_features()));
  llama::set_log_sink(
      [log = &parts->deps.log](llama::LogLevel level, std::string_view line) { write_llama_log(*log, level, line); });
  WRIT_CO_TRY(auto models, ModelRegistry::open(registry_options(settings)));
  const auto* const list = &models;
  auto check = [list, folder = parts->deps.state_folder] { return check_all(*list, folder); };
  if (auto checked = co_await parts->pool.run(Context{}, std::move(check)); !checked)
    co_return fail(for_operator(std::move(checked).error()));
  parts->service.serve(std::move(models), limits_of(settings), parts->loader);
  if (!settings.preload) co_return Status{};
  // Waited for: a file that only loading finds out to be no model must stop the start, as any other wrong setting does.
  auto loaded = co_await parts->service.load_default(Context{});
  if (!loaded) co_return fail(unloadable(std::move(loaded).error(), parts->service.default_model()));
  co_return Status{};
}

Task<Status> flush(Parts* parts) {
  // Joining may take one step of the model, too long for an I/O thread.
  auto stop = [service = &parts->service]() -> Status {
    service->stop();
    return {};
  };
  co_return co_await parts->pool.run(Context{}, std::move(stop));
}

Status check_keys(const Deps& deps) {
  if (deps.grant_keys()) return {};
  return fail(unavailable("no_grant_keys", "the keys of policy-engine are not known yet"));
}

}  // namespace

Made make_service(Deps deps) {
  // Shared because runtime::Service keeps its owner so.
  auto parts = std::make_shared<Parts>(std::move(deps));
  auto* p = parts.get();
  runtime::Service service{.name = "slm",
                           .registry = &p->deps.registry,
                           .routes = {slm_routes(p->deps.invoker, p->service)},
                           .checks = {{.name = "model", .status = [p] { return p->service.model_status(); }},
                                      {.name = "grant_keys", .status = [p] { return check_keys(p->deps); }}},
                           .start = [p](runtime::Scope) { return start(p); },
                           .drain = {},
                           .flush = [p] { return flush(p); },
                           .owner = parts};
  return {.service = std::move(service), .port = p->service};
}

}  // namespace writ::slm
