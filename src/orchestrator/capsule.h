// Capsule: the versioned definition of an agent, and the set of those that this process knows.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "orchestrator/run_event.h"

namespace writ::orchestrator {

/// capsules/README.md says what each field means.
struct Capsule {
  std::string name;
  std::int64_t version = 1;
  std::string system_prompt;
  std::string model;
  std::vector<std::string> tools;
  json::array tool_choice;   // of step 1, 2, …
  Limits limits;
  std::int64_t max_tokens = 256;
  double temperature = 0;
  std::string hash;          // SHA-256 in hex of the canonical JSON; not in the file

  [[nodiscard]] std::string id() const { return name + "@" + std::to_string(version); }
  static constexpr auto fields() {
    using schema::list;
    using schema::real;
    return std::tuple(
        field("name", &Capsule::name, schema::text(1, 64), "Name."),
        field("version", &Capsule::version, number(1, 1'000'000), "Version."),
        field("system_prompt", &Capsule::system_prompt, schema::text(0, 32768), "First message."),
        field_or_default("model", &Capsule::model, schema::text(0, 128), "Model id."),
        field_or_default("tools", &Capsule::tools, list(0, 64, schema::text(1, 64)), "Tools it may call."),
        field_or_default("tool_choice", &Capsule::tool_choice, any, "Of step 1, 2, …"),
        field_or_default("limits", &Capsule::limits, any, "Limits of a run."),
        field_or_default("max_tokens", &Capsule::max_tokens, number(1, 32'768), "Of a model call."),
        field_or_default("temperature", &Capsule::temperature, real(0, 2), "Of a model call."));
  }
};

/// auto, none, required or one function in OpenAI's form. Errors: invalid (bad_tool_choice).
[[nodiscard]] Status check_tool_choice(const json::value& choice);

/// Errors: invalid (invalid_capsule) with every problem.
[[nodiscard]] Result<Capsule> parse_capsule(std::string_view json_text);

/// Immutable once made. Thread: any.
class CapsuleSet {
 public:
  /// The capsules that are built in, and the *.json of the folders. Errors: invalid (bad_capsule), naming the file; one
  /// version may stand twice only when both are the same.
  [[nodiscard]] static Result<CapsuleSet> load(const std::vector<std::string>& folders);
  /// "assistant" (the newest) or "assistant@1"; nullptr when there is none.
  [[nodiscard]] const Capsule* find(std::string_view id) const;
  [[nodiscard]] const Capsule* find(std::string_view name, std::int64_t version) const;
  [[nodiscard]] Status add(Capsule capsule);

 private:
  std::map<std::string, std::map<std::int64_t, Capsule>, std::less<>> by_name_;
};

}  // namespace writ::orchestrator
