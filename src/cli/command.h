// What every command shares: settings, exit codes, and how an error is told to a person.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "app/all_settings.h"
#include "app/data_folder.h"
#include "core/result.h"
#include "runtime/last_resort.h"

namespace writ::cli {

/// Exit codes: 0 done, 1 it did not work, 2 it could not start (settings, arguments, data folder), 3 its own work did not end
/// when it was stopped, 130 interrupted.
enum Exit : int { done = 0, failed = 1, cannot_start = 2, not_stopped = runtime::exit_not_stopped, interrupted = 130 };

/// Prints the error with its problems to stderr and gives `code`.
int tell(const Error& error, int code = failed);
/// Prints the admin key that initialise() made, the only time it can be: it is stored nowhere in clear.
void tell_admin_key(const app::Made& made, std::FILE* out);
/// Prints what initialise() warns of to stderr.
void tell_warnings(const app::Made& made);
/// The settings of the environment; prints all problems and warnings, and gives nothing when there is a problem.
[[nodiscard]] std::optional<app::AllSettings> settings_or_tell();

struct AskOptions {
  std::string prompt;
  std::string capsule, model, session, tool_choice;
  std::string follow;  // a run that was started before; then nothing is asked
  bool json = false;
};
int ask(const AskOptions& options);

struct ServeOptions {
  std::string service;  // empty: all
};
int serve(const ServeOptions& options);
int worker(const std::string& profile);

struct ModelRenderOptions {
  std::string model;  // empty: the default
  bool tokens = false;
};
int model_render(const ModelRenderOptions& options);

struct ModelEvalOptions {
  std::vector<std::string> files;
  std::string model;  // empty: the default
  std::string url, key;  // empty: a platform in this process
  std::int32_t jobs = 4;
  std::int64_t max_tokens = 256;
  std::size_t limit = 0;  // 0: all cases
  std::size_t show = 0;
  std::vector<std::string> minimums;  // SPLIT=PERCENT
  bool json = false;
};
int model_eval(const ModelEvalOptions& options);

int init(const std::string& bundle, bool json);
struct SignOptions {
  std::string bundle;
  std::int64_t version = 0;  // 0: the next
  std::string valid_from;  // RFC 3339; empty: at once
  bool json = false;
};
int sign_policy(const SignOptions& options);
/// version 0: the one in force.
int show_policy(std::int64_t version, bool json);
int policy_history(std::int64_t limit, bool json);
/// after 0: the one in force.
int diff_policies(std::int64_t before, std::int64_t after, bool json);
int roll_back_policy(std::int64_t version, bool json);

struct AuditListOptions {
  std::string run, kind, subject, since, until, tenant;
  std::int64_t after = 0, limit = 100;
};
int audit_list(const AuditListOptions& options);
struct AuditVerifyOptions {
  std::string file;  // an export; empty: the server, or the data folder when none runs
  std::string key;  // file with the keys to trust
  std::string tenant, expect;
  bool json = false;
};
/// Writes and signs nothing. 1 when something is wrong.
int audit_verify(const AuditVerifyOptions& options);
int audit_export(const std::string& name, const std::string& tenant);
int audit_head(bool json);
int describe();
int openapi();
int doctor(bool json);
int review(const std::string& id, const std::string& answer, const std::string& result, const std::string& note);

}  // namespace writ::cli
