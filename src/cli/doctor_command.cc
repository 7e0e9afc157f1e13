#include <fmt/format.h>

#include "app/doctor.h"
#include "cli/command.h"
#include "cli/gateway_access.h"
#include "cli/terminal.h"

namespace writ::cli {
namespace {

using app::Health;

std::string_view name_of(Health health) {
  switch (health) {
    case Health::fine: return "ok";
    case Health::warning: return "warning";
    case Health::problem: return "problem";
  }
  return "";
}

/// Whether a running server answers, with this folder's key.
app::DoctorFinding ask_server(const app::ReadSettings& read) {
  const auto broken = [](const Error& error) {
    return app::DoctorFinding{"server", Health::problem, fmt::format("{} ({})", error.message, error.code)};
  };
  auto access = GatewayAccess::open(read.settings);
  if (!access) return broken(access.error());
  const auto budget = (*access)->loops().run((*access)->gateway().budget(Context{}.within(Seconds{5}), {}));
  if (!budget) return broken(budget.error());
  return {"server", Health::fine, "it answers"};
}

}  // namespace

int doctor(bool as_json) {
  const auto read = app::read_settings(settings::Environment::of_process());
  const bool running = read.problems.empty() &&
                       runtime::find_running(app::DataFolder(read.settings.shared.data_dir).run_file()).has_value();
  auto findings = app::examine(read, running);
  if (running) findings.push_back(ask_server(read));
  else findings.push_back({"server", Health::fine, "none runs on this data folder; start one with: writ serve"});
  bool ok = true;
  json::array checks;
  for (const auto& [check, health, message] : findings) {
    ok = ok && health != Health::problem;
    checks.push_back(
        {{"check", check}, {"ok", health != Health::problem}, {"level", name_of(health)}, {"message", message}});
    if (!as_json) print_line(stdout, fmt::format("{:8} {:24} {}", name_of(health), check, message));
  }
  if (as_json) print_json(stdout, json::object{{"ok", ok}, {"checks", std::move(checks)}});
  return ok ? Exit::done : Exit::failed;
}

}  // namespace writ::cli
