// `writ policy …`: sign, show, history, diff, rollback.
#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/constitution_archive.h"
#include "cli/constitution_diff.h"
#include "cli/terminal.h"
#include "runtime/run_file.h"

namespace writ::cli {
namespace {

using policy::ConstitutionState;

// A look at the file, a compilation, and a crowded machine.
constexpr Seconds compile_time{30};
constexpr Millis look_again{200};
constexpr std::int64_t looked_at = 20;  // of the history, while waiting

/// What a signed text became.
struct Told {
  std::string state;  // active, pending, refused, unknown, written
  std::string words;
  int code = done;
};

// The server looks at the file by itself; what it made of it stands in its history.
Told wait_for(const ConstitutionArchive& archive, std::int64_t version, WallTime since, Millis patience) {
  const auto until = system_clock().steady() + patience;
  for (;;) {
    const auto history = archive.history(looked_at);
    if (!history) return {"unknown", "its history could not be read: " + history.error().message, failed};
    for (const auto& record : history->constitutions) {
      if (record.version != version) continue;
      if (record.state == ConstitutionState::pending)
        return {"pending", fmt::format("it comes into force at {}", to_rfc3339(record.valid_from))};
      return {"active", "it is in force"};
    }
    if (!history->refused.empty() && history->refused.front().at >= since)
      return {"refused", "the running server refused it: " + history->refused.front().message, failed};
    if (system_clock().steady() >= until)
      return {"unknown", "the running server has not looked at it yet; see writ policy history", failed};
    std::this_thread::sleep_for(look_again);
  }
}

/// The version of the constitution file that is there, which a server may not have seen yet; 0 without one.
std::int64_t version_of_file(const app::DataFolder& data) {
  const auto text = app::read_text(data.constitution_file());
  if (!text) return 0;
  const auto document = parse_json(*text);
  if (!document || !document->is_object()) return 0;
  const auto constitution = constitution_in(document->get_object());
  if (!constitution) return 0;
  const auto* version = constitution->if_contains("version");
  return version != nullptr && version->is_int64() ? version->get_int64() : 0;
}

/// The highest version that was signed or accepted here. Errors: those of the archive.
Result<std::int64_t> highest_version(const ConstitutionArchive& archive, const app::DataFolder& data) {
  WRIT_TRY(const auto history, archive.history(1));
  const auto accepted = history.constitutions.empty() ? 0 : history.constitutions.front().version;
  return std::max(accepted, version_of_file(data));
}

/// Puts the signed text where policy looks, and tells what became of it.
int put(const app::AllSettings& settings, const app::DataFolder& data, const policy::Constitution& constitution,
        bool as_json) {
  const auto began = system_clock().now();
  const auto text = data.sign(constitution);
  if (!text) return tell(text.error());
  if (const auto written = data.put_constitution(*text); !written) return tell(written.error());
  Told told{"written",
            "no `writ serve` runs on this folder; a policy-engine takes it up when it starts, or within seconds "
            "where it runs by itself"};
  if (runtime::find_running(data.run_file()))
    told = wait_for(ConstitutionArchive(data), constitution.version, began, settings.policy.refresh + compile_time);
  const auto file = data.constitution_file().string();
  if (as_json)
    print_json(stdout, {{"version", constitution.version},
                        {"state", told.state},
                        {"message", told.words},
                        {"valid_from", to_rfc3339(constitution.valid_from)},
                        {"file", file}});
  else
    print_line(told.code == done ? stdout : stderr,
               fmt::format("signed version {} into {}: {}", constitution.version, file, told.words));
  return told.code;
}

}  // namespace

int sign_policy(const SignOptions& options) {
  const auto settings = settings_or_tell();
  if (!settings) return cannot_start;
  const app::DataFolder data(settings->shared.data_dir);
  auto valid_from = system_clock().now();
  if (!options.valid_from.empty()) {
    const auto parsed = parse_rfc3339(options.valid_from);
    if (!parsed) return tell(invalid("bad_time", "--valid-from is a time such as 2026-12-01T08:00:00Z"));
    valid_from = *parsed;
  }
  const auto highest = highest_version(ConstitutionArchive(data), data);
  if (!highest) return tell(highest.error());
  const auto version = options.version == 0 ? *highest + 1 : options.version;
  if (version <= *highest)
    return tell(conflict("constitution_version",
                         fmt::format("version {} is not above {}, and versions never go back: sign version {}, or "
                                     "leave --constitution-version out",
                                     version, *highest, *highest + 1)));
  const auto constitution = data.checked_bundle(options.bundle, version, valid_from);
  if (!constitution) return tell(constitution.error());
  return put(*settings, data, *constitution, options.json);
}

int show_policy(std::int64_t version, bool as_json) {
  const auto settings = settings_or_tell();
  if (!settings) return cannot_start;
  const ConstitutionArchive archive(app::DataFolder(settings->shared.data_dir));
  const auto document = archive.signed_document(version == 0 ? std::nullopt : std::optional(version));
  if (!document) return tell(document.error());
  if (as_json) {
    print_json(stdout, *document);
    return done;
  }
  const auto constitution = constitution_in(*document);
  if (!constitution) return tell(constitution.error());
  for (const auto* name : {"version", "valid_from", "max_age_seconds", "budgets", "unlimited", "rates",
                           "unlimited_rates", "max_tokens_per_call", "release", "detectors", "capsules"})
    if (const auto* value = constitution->if_contains(name))
      print_line(stdout, fmt::format("{}: {}", name, to_text(*value)));
  print_line(stdout, fmt::format("sha256: {}, signed by {}", text_at(*document, "hash"), text_at(*document, "kid")));
  print_text(stdout, fmt::format("\n{}", text_at(*constitution, "policies")));
  return done;
}

int policy_history(std::int64_t limit, bool as_json) {
  const auto settings = settings_or_tell();
  if (!settings) return cannot_start;
  const auto history = ConstitutionArchive(app::DataFolder(settings->shared.data_dir)).history(limit);
  if (!history) return tell(history.error());
  if (as_json) {
    print_json(stdout, schema::encode(*history));
    return done;
  }
  if (history->constitutions.empty() && history->refused.empty())
    print_line(stdout, "no policy-engine has taken up a constitution on this data folder yet");
  constexpr std::size_t shown = 12;  // of a hash
  for (const auto& r : history->constitutions)
    print_line(stdout, fmt::format("{:>6}  {:<11}  {}  valid from {}  {}", r.version, schema::name_of(r.state),
                                   r.active_from ? "in force from " + to_rfc3339(*r.active_from)
                                                 : "accepted " + to_rfc3339(r.accepted_at),
                                   to_rfc3339(r.valid_from), r.hash.substr(0, shown)));
  for (const auto& r : history->refused)
    print_line(stdout, fmt::format("refused at {}: {} ({})", to_rfc3339(r.at), r.message, r.code));
  return done;
}

int diff_policies(std::int64_t before, std::int64_t after, bool as_json) {
  const auto settings = settings_or_tell();
  if (!settings) return cannot_start;
  const ConstitutionArchive archive(app::DataFolder(settings->shared.data_dir));
  const auto a = archive.signed_document(before);
  const auto b = archive.signed_document(after == 0 ? std::nullopt : std::optional(after));
  if (!a || !b) return tell(a ? b.error() : a.error());
  const auto left = constitution_in(*a), right = constitution_in(*b);
  if (!left || !right) return tell(left ? right.error() : left.error());
  const auto diff = diff_of(*left, *right);
  if (as_json) print_json(stdout, to_json(diff));
  else if (const auto lines = to_lines(diff); !lines.empty()) print_text(stdout, lines);
  else print_line(stdout, "they say the same");
  return done;
}

int roll_back_policy(std::int64_t version, bool as_json) {
  const auto settings = settings_or_tell();
  if (!settings) return cannot_start;
  const app::DataFolder data(settings->shared.data_dir);
  const ConstitutionArchive archive(data);
  const auto document = archive.signed_document(version);
  if (!document) return tell(document.error());
  const auto kept = constitution_in(*document);
  if (!kept) return tell(kept.error());
  const auto read = schema::decode<policy::Constitution>(*kept);
  if (!read) return tell(read.error());
  const auto highest = highest_version(archive, data);
  if (!highest) return tell(highest.error());
  const auto constitution = app::DataFolder::checked(*read, *highest + 1, system_clock().now());
  if (!constitution) return tell(constitution.error());
  return put(*settings, data, *constitution, as_json);
}

}  // namespace writ::cli
