#include <cstdio>

#include "app/platform.h"
#include "cli/command.h"

namespace writ::cli {
namespace {

void print_welcome(const app::DataFolder& data, const app::Made& made, const std::string& address,
                   const std::string& model) {
  const auto key = data.local_key();
  std::printf("writ is ready at %s\n", address.c_str());
  if (key) std::printf("key: %.*s\n", static_cast<int>(key->reveal().size()), key->reveal().data());
  tell_admin_key(made, stdout);
  std::printf(
      "\ntry:\n"
      "  writ ask \"What is 17%% of 2340?\"\n"
      "  curl %s/v1/chat/completions -H \"Authorization: Bearer $(cat %s)\" -H 'Content-Type: application/json' \\\n"
      "       -d '{\"model\":\"%s\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}'\n"
      "  writ audit list\n",
      address.c_str(), data.local_key_file().c_str(), model.c_str());
  std::fflush(stdout);
}

}  // namespace

int serve(const ServeOptions& options) {
  runtime::StopSignals signals;
  auto settings = settings_or_tell();
  if (!settings) return cannot_start;
  std::optional<app::Role> only;
  if (!options.service.empty()) {
    only = app::role_of_service(options.service);
    if (!only)
      return tell(invalid("unknown_service", "there is no service " + options.service +
                                                 "; the services are identity-service, policy-engine, "
                                                 "recall-service, slm-service, orchestrator and gateway-api"),
                  cannot_start);
  }
  const app::DataFolder data(settings->shared.data_dir);
  app::Made made;
  if (!only) {
    auto initialised = data.initialise(std::nullopt, system_clock(), system_random());
    if (!initialised) return tell(initialised.error(), cannot_start);
    made = std::move(*initialised);
  }
  auto platform = app::Platform::make({.settings = *settings, .only = only});
  if (!platform) return tell(platform.error(), cannot_start);
  if (const auto started = (*platform)->start(); !started) return tell(started.error(), cannot_start);
  if (only) {
    std::printf("%s is ready at %s\n", std::string(app::info(*only).service).c_str(), (*platform)->address().c_str());
    std::fflush(stdout);
  } else {
    print_welcome(data, made, (*platform)->address(), settings->slm.default_model.value_or("smollm2-135m-tools"));
  }
  const auto stopped = (*platform)->serve_until(signals);
  return stopped ? Exit::done : tell(stopped.error());
}

int worker(const std::string&) {
  return tell(unavailable("no_standalone_worker",
                          "a standalone worker needs PostgreSQL or Temporal, and this build has neither yet; `writ "
                          "serve` runs the embedded worker",
                          std::nullopt),
              cannot_start);
}

}  // namespace writ::cli
