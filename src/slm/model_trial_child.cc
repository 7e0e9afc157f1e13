// The trial process.
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

#include "core/json.h"
#include "schema/codec.h"
#include "slm/model_trial.h"
#include "slm/trial_messages.h"

namespace writ::slm {
namespace {

/// Half of what a thread has that serves: what nests nearly too deep here has room there.
constexpr std::size_t stack_bytes = 4UL << 20U;
constexpr std::size_t template_max = 1UL << 20U;

void limit(__rlimit_resource resource, std::int64_t most) {
  const auto value = static_cast<rlim_t>(most);
  const rlimit limits{.rlim_cur = value, .rlim_max = value};
  (void)::setrlimit(resource, &limits);
}

void become_harmless(const TrialRequest& request) {
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);  // nobody waits for the result any more
  if (::getppid() != request.parent) ::_exit(1);  // it had gone before
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, 0);
  limit(RLIMIT_CPU, request.seconds);
  if (request.memory > 0) limit(RLIMIT_DATA, request.memory);
  (void)::setpriority(PRIO_PROCESS, 0, 5);
  // When the machine is out of memory after all, this process goes first.
  if (auto* file = std::fopen("/proc/self/oom_score_adj", "w"); file != nullptr) {
    (void)std::fputs("1000", file);
    (void)std::fclose(file);
  }
}

Result<llama::ModelSource> open_source(const TrialRequest& request) {
  WRIT_TRY(auto gguf, llama::GgufFile::adopt(trial_model_fd, request.name, llama::GgufKind::model));
  llama::ModelSource source{.gguf = std::move(gguf)};
  if (!request.adapter_name.empty()) {
    WRIT_TRY(source.adapter, llama::GgufFile::adopt(trial_adapter_fd, request.adapter_name, llama::GgufKind::adapter));
  }
  if (request.has_template) {
    WRIT_TRY(const auto file, RegularFile::adopt(trial_template_fd, "the chat template"));
    WRIT_TRY(source.chat_template, file.read_all(template_max));
  }
  return source;
}

Status decode_one(const llama::Model& model, const TrialRequest& request) {
  WRIT_TRY(auto engine,
           llama::Engine::create(model, {.context_tokens = static_cast<std::int32_t>(request.context_tokens),
                                         .slots = static_cast<std::int32_t>(request.slots),
                                         .batch_tokens = static_cast<std::int32_t>(request.batch_tokens),
                                         .threads = static_cast<std::int32_t>(request.threads)}));
  if (const auto* chat = model.chat_template(); chat != nullptr) {
    llama::ChatRequest hello;
    hello.messages = {json::object{{"role", "user"}, {"content", "hello"}}};
    // A template that wants another conversation may refuse this one; it must only come back.
    (void)chat->render(hello);
  }
  WRIT_TRY(auto prompt, model.tokenize("hello", llama::SpecialTokens::plain));
  if (prompt.empty()) prompt.push_back(0);
  if (prompt.size() >= static_cast<std::size_t>(request.context_tokens)) prompt.resize(1);
  WRIT_CHECK(engine->add({.id = 1, .prompt = std::move(prompt), .sampling = {.temperature = 0}, .max_tokens = 1}));
  while (engine->active() > 0)
    for (const auto& event : engine->step())
      if (event.error) return fail(*event.error);
  return {};
}

TrialResult perform(const TrialRequest& request) {
  const auto tried = [&]() -> Status {
    WRIT_TRY(const auto source, open_source(request));
    WRIT_TRY(const auto model, llama::Model::load(source));
    return decode_one(*model, request);
  }();
  if (tried) return {.ok = true};
  const auto& error = tried.error();
  return {
      .kind = std::string(info(error.kind).label), .code = error.code, .message = error.message, .where = error.where};
}

struct Work {
  TrialRequest request;
  TrialResult result{};
};
void* work_on(void* given) {
  auto& work = *static_cast<Work*>(given);
  try {
    work.result = perform(work.request);
  } catch (const std::exception& error) {
    work.result = {.kind = "invalid",
                   .code = "model_unreadable",
                   .message = "the model file cannot be loaded",
                   .where = error.what()};
  }
  return nullptr;
}

}  // namespace

int run_model_trial(std::string_view request) {
  const auto document = parse_json(request);
  auto decoded = document ? schema::decode<TrialRequest>(*document) : Result<TrialRequest>(fail(document.error()));
  if (!decoded) {
    std::fputs("writ model-trial is started by writ itself\n", stderr);
    return 2;
  }
  become_harmless(*decoded);
  Work work{.request = std::move(*decoded)};
  pthread_attr_t attributes;
  pthread_t thread{};
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, stack_bytes);
  if (::pthread_create(&thread, &attributes, work_on, &work) != 0) return 1;
  ::pthread_join(thread, nullptr);
  std::printf("\n%s\n", to_text(schema::encode(work.result)).c_str());
  std::fflush(stdout);
  ::_exit(0);  // nothing is worth tidying up, and a crash of it would say something untrue
}

}  // namespace writ::slm
