#include <stdlib.h>

#include <functional>

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/gateway_access.h"
#include "cli/temporary_folder.h"
#include "cli/terminal.h"

namespace writ::cli {

namespace {

void print_problems(const std::vector<Problem>& problems) {
  for (const auto& problem : problems) print_line(stderr, fmt::format("  {}: {}", problem.pointer, problem.message));
}

}  // namespace

int tell(const Error& error, int code) {
  print_text(stderr, fmt::format("writ: {} ({})\n", error.message, error.code));
  print_problems(error.problems);
  return code;
}

void tell_admin_key(const app::Made& made, std::FILE* out) {
  if (!made.admin_key) return;
  print_line(out, fmt::format("admin key (shown this once): {}", made.admin_key->reveal()));
}

void tell_warnings(const app::Made& made) {
  for (const auto& [path, message] : made.warnings)
    print_line(stderr, fmt::format("writ: warning: {}: {}", path, message));
}

std::optional<app::AllSettings> settings_or_tell() {
  auto read = app::read_settings(settings::Environment::of_process());
  for (const auto& warning : read.warnings)
    print_line(stderr, fmt::format("writ: warning: {}: {}", warning.pointer, warning.message));
  if (read.problems.empty()) return std::move(read.settings);
  print_line(stderr, "writ: cannot start, the settings have problems:");
  print_problems(read.problems);
  return std::nullopt;
}

int init(const std::string& bundle, bool as_json) {
  const auto settings = settings_or_tell();
  if (!settings) return cannot_start;
  const app::DataFolder data(settings->shared.data_dir);
  const auto made = data.initialise(bundle.empty() ? std::nullopt : std::optional<std::filesystem::path>(bundle),
                                    system_clock(), system_random());
  if (!made) return tell(made.error(), cannot_start);
  tell_warnings(*made);
  if (as_json) {
    json::object out{{"data_dir", data.root().string()}, {"files", schema::encode(made->files)}};
    if (made->admin_key) out["admin_key"] = made->admin_key->reveal();
    print_json(stdout, out);
    return done;
  }
  for (const auto& file : made->files) print_line(stdout, "made " + file);
  if (made->files.empty()) print_line(stdout, data.root().string() + " was initialised before; nothing was changed");
  tell_admin_key(*made, stdout);
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
  print_json(stdout, schema::encode(*out));
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
  print_text(stdout, text_of(*platform) + "\n");
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

}  // namespace writ::cli
