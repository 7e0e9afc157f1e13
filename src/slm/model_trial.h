// A trial load: another process of our own program loads a model, decodes one token and ends, so that a file that makes the
// library abort, crash, hang or eat all memory ends that process and not the one that serves.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "core/clock.h"
#include "core/units.h"
#include "llama/engine.h"

namespace writ::slm {

struct TrialLimits {
  Bytes memory{};  // of the other process's own data; 0: none, which builds with sanitizers need
  Seconds patience{};  // on the clock, and of processor time for each of its threads
};

/// How long a load may take: a slow disk, a busy machine and a slow model together, not a hang.
[[nodiscard]] Seconds trial_patience(Bytes files);

/// Runs `program model-trial <request>` and waits. The files are passed open, so that what was tried is what is loaded.
/// give_up: asked ten times a second; true ends the trial. Thread: any; blocks.
/// Errors: those of the load; invalid (model_crashes, model_too_slow), unavailable (trial_killed, trial_impossible),
/// cancelled. Messages name no folder; `where` is what the library said last.
/// Source: docs/decisions/0015-model-files.md
[[nodiscard]] Status try_model(const std::filesystem::path& program, const llama::ModelSource& source,
                               const llama::EngineLimits& engine, const TrialLimits& limits,
                               const std::function<bool()>& give_up);

/// The other process: what `writ model-trial` does. Returns its exit code; its last line on stdout is the result.
[[nodiscard]] int run_model_trial(std::string_view request);

}  // namespace writ::slm
