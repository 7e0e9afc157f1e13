// What the serving process and its trial process tell each other.
#pragma once

#include <tuple>

#include "schema/field.h"

namespace writ::slm {

/// The descriptors that the trial process finds open.
inline constexpr int trial_model_fd = 3, trial_adapter_fd = 4, trial_template_fd = 5;

struct TrialRequest {
  std::string name, adapter_name;  // of the files, for messages; no adapter: ""
  bool has_template = false;
  std::int64_t context_tokens = 0, slots = 0, batch_tokens = 0, threads = 0;
  std::int64_t memory = 0, seconds = 0, parent = 0;
  static constexpr auto fields() {
    using schema::any;
    using schema::field;
    using T = TrialRequest;
    return std::tuple(
        field("name", &T::name, any, "File."), field("adapter_name", &T::adapter_name, any, "File."),
        field("has_template", &T::has_template, any, "Whether a template is passed."),
        field("context_tokens", &T::context_tokens, any, "Of a slot."), field("slots", &T::slots, any, "Slots."),
        field("batch_tokens", &T::batch_tokens, any, "Batch."), field("threads", &T::threads, any, "Threads."),
        field("memory", &T::memory, any, "Bytes; 0: no limit."), field("seconds", &T::seconds, any, "Processor time."),
        field("parent", &T::parent, any, "Process that waits."));
  }
};

struct TrialResult {
  bool ok = false;
  std::string kind, code, message, where;
  static constexpr auto fields() {
    using schema::any;
    using schema::field;
    using T = TrialResult;
    return std::tuple(field("ok", &T::ok, any, "Whether it was loaded."), field("kind", &T::kind, any, "Of the error."),
                      field("code", &T::code, any, "Of the error."),
                      field("message", &T::message, any, "Of the error."),
                      field("where", &T::where, any, "Of the error."));
  }
};

}  // namespace writ::slm
