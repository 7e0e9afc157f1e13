#include <fmt/format.h>

#include "app/platform.h"
#include "cli/command.h"
#include "cli/terminal.h"

namespace writ::cli {
namespace {

/// A key is shown by the start that made it: later ones would put it into one log after the other.
void print_welcome(const app::DataFolder& data, const app::Made& made, const std::string& address,
                   const std::string& model) {
  auto text = fmt::format("writ is ready at {}\n", address);
  const auto file = data.local_key_file().string();
  if (const auto key = data.local_key(); key && made.local_key) text += fmt::format("key: {}\n", key->reveal());
  text += fmt::format("{}kept in {}\n", made.local_key ? "     (shown this once) " : "key: ", file);
  if (made.admin_key) text += fmt::format("admin key (shown this once): {}\n", made.admin_key->reveal());
  text += fmt::format(
      "\ntry:\n"
      "  writ ask \"What is 17% of 2340?\"\n"
      "  curl {}/v1/chat/completions -H \"Authorization: Bearer $(cat {})\" -H 'Content-Type: application/json' \\\n"
      "       -d '{{\"model\":\"{}\",\"messages\":[{{\"role\":\"user\",\"content\":\"Hello\"}}]}}'\n"
      "  writ audit list\n",
      address, file, model);
  print_aside(text);
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
  } else if (auto warnings = data.check_privacy()) {
    made.warnings = std::move(*warnings);
  } else {
    return tell(warnings.error(), cannot_start);
  }
  tell_warnings(made);
  auto platform = app::Platform::make({.settings = *settings, .only = only});
  if (!platform) return tell(platform.error(), cannot_start);
  if (const auto started = (*platform)->start(); !started) return tell(started.error(), cannot_start);
  if (only) {
    print_aside(fmt::format("{} is ready at {}\n", app::info(*only).service, (*platform)->address()));
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
