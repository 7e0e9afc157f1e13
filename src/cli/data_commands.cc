#include <stdlib.h>

#include <cstdio>
#include <functional>

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/gateway_access.h"
#include "cli/temporary_folder.h"

namespace writ::cli {

int tell(const Error& error, int code) {
  std::fprintf(stderr, "writ: %s (%s)\n", error.message.c_str(), error.code.c_str());
  for (const auto& problem : error.problems)
    std::fprintf(stderr, "  %s: %s\n", problem.pointer.c_str(), problem.message.c_str());
  return code;
}

void tell_admin_key(const app::Made& made, std::FILE* out) {
  if (!made.admin_key) return;
  const auto key = made.admin_key->reveal();
  std::fprintf(out, "admin key (shown this once): %.*s\n", static_cast<int>(key.size()), key.data());
}

std::optional<app::AllSettings> settings_or_tell() {
  auto read = app::read_settings(settings::Environment::of_process());
  for (const auto& warning : read.warnings)
    std::fprintf(stderr, "writ: warning: %s: %s\n", warning.pointer.c_str(), warning.message.c_str());
  if (read.problems.empty()) return std::move(read.settings);
  std::fprintf(stderr, "writ: cannot start, the settings have problems:\n");
  for (const auto& problem : read.problems)
    std::fprintf(stderr, "  %s: %s\n", problem.pointer.c_str(), problem.message.c_str());
  return std::nullopt;
}

int init(const std::string& bundle, bool as_json) {
  const auto settings = settings_or_tell();
  if (!settings) return cannot_start;
  const app::DataFolder data(settings->shared.data_dir);
  const auto made = data.initialise(bundle.empty() ? std::nullopt : std::optional<std::filesystem::path>(bundle),
                                    system_clock(), system_random());
  if (!made) return tell(made.error(), cannot_start);
  if (as_json) {
    json::object out{{"data_dir", data.root().string()}, {"files", schema::encode(made->files)}};
    if (made->admin_key) out["admin_key"] = made->admin_key->reveal();
    std::printf("%s\n", to_text(out).c_str());
    return done;
  }
  for (const auto& file : made->files) std::printf("made %s\n", file.c_str());
  if (made->files.empty()) std::printf("%s was initialised before; nothing was changed\n", data.root().c_str());
  tell_admin_key(*made, stdout);
  return done;
}

int sign_policy(const std::string& bundle, std::int64_t version) {
  const auto settings = settings_or_tell();
  if (!settings) return cannot_start;
  const app::DataFolder data(settings->shared.data_dir);
  if (const auto written = data.sign_bundle(bundle, version, system_clock().now()); !written)
    return tell(written.error());
  std::printf("signed version %lld into %s; a running policy-engine takes it up within seconds\n",
              static_cast<long long>(version), data.constitution_file().c_str());
  return done;
}

int review(const std::string& id, const std::string& answer, const std::string& result, const std::string& note) {
  const auto settings = settings_or_tell();
  if (!settings) return cannot_start;
  auto access = GatewayAccess::open(*settings);
  if (!access) return tell(access.error(), cannot_start);
  auto& gateway = (*access)->gateway();
  const auto ctx = Context{}.within(Seconds{30});
  const ReviewId review_id(id);
  const std::optional<std::string> why = note.empty() ? std::nullopt : std::optional(note);
  Result<gateway::Review> out = fail(invalid("invalid_request", "answer with approve, deny, retry or done"));
  if (answer == "approve")
    out = (*access)->loops().run(gateway.approve(ctx, {.review_id = review_id, .arguments = {}, .note = why}));
  if (answer == "deny") out = (*access)->loops().run(gateway.deny(ctx, {.review_id = review_id, .note = why}));
  if (answer == "retry") out = (*access)->loops().run(gateway.retry(ctx, {.review_id = review_id, .note = why}));
  if (answer == "done") {
    auto value = parse_json(result);
    if (!value) return tell(invalid("invalid_request", "--result must be JSON: what the tool returned"));
    out = (*access)->loops().run(gateway.done(ctx, {.review_id = review_id, .result = std::move(*value), .note = why}));
  }
  if (!out) return tell(out.error());
  std::printf("%s\n", to_text(schema::encode(*out)).c_str());
  return done;
}

namespace {

// A wired platform of which nothing is started, on a folder that goes again: what it says of itself is made of its rows.
Status with_wired_platform(const std::function<std::string(const app::Platform&)>& text_of) {
  WRIT_TRY(const auto folder, TemporaryFolder::make());
  auto read = app::read_settings(settings::Environment({}));
  read.settings.shared.data_dir = folder.path();
  WRIT_CHECK(app::DataFolder(folder.path()).initialise(std::nullopt, system_clock(), system_random()));
  WRIT_TRY(const auto platform,
           app::Platform::make({.settings = std::move(read.settings), .only = {}, .announce = false}));
  std::printf("%s\n", text_of(*platform).c_str());
  return {};
}

}  // namespace

int describe() {
  const auto status = with_wired_platform([](const app::Platform& platform) { return to_text(platform.describe()); });
  return status ? Exit::done : tell(status.error());
}

int openapi() {
  const auto status = with_wired_platform([](const app::Platform& platform) { return *platform.openapi(); });
  return status ? Exit::done : tell(status.error());
}

int doctor(bool as_json) {
  const auto read = app::read_settings(settings::Environment::of_process());
  json::array checks;
  bool ok = true;
  const auto add = [&](std::string_view name, const Status& status) {
    ok = ok && status.has_value();
    checks.push_back({{"check", name}, {"ok", status.has_value()}, {"message", status ? "" : status.error().message}});
    if (!as_json)
      std::printf("%s %-20s %s\n", status ? "ok  " : "FAIL", std::string(name).c_str(),
                  status ? "" : status.error().message.c_str());
  };
  for (const auto& problem : read.problems) add(problem.pointer, fail(invalid("bad_setting", problem.message)));
  if (read.problems.empty()) {
    add("settings", {});
    const app::DataFolder data(read.settings.shared.data_dir);
    const auto key = data.local_key();
    add("data_folder", key ? Status{} : Status(fail(key.error())));
    const auto running = runtime::find_running(data.run_file());
    if (running) {
      auto access = GatewayAccess::open(read.settings);
      if (!access) {
        add("server", fail(access.error()));
      } else {
        const auto budget = (*access)->loops().run((*access)->gateway().budget(Context{}.within(Seconds{5}), {}));
        add("server", budget ? Status{} : Status(fail(budget.error())));
      }
    } else {
      add("server", fail(unavailable("not_running", "no server runs on this data folder; start one with: writ serve",
                                     std::nullopt)));
    }
  }
  if (as_json) std::printf("%s\n", to_text(json::object{{"ok", ok}, {"checks", checks}}).c_str());
  return ok ? Exit::done : Exit::failed;
}

}  // namespace writ::cli
