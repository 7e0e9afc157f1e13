#include <charconv>
#include <fstream>
#include <set>
#include <thread>

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/evaluation_run.h"
#include "cli/terminal.h"
#include "runtime/stop_signals.h"

namespace writ::cli {
namespace {

/// A split's cases must be right at least so often.
struct Minimum {
  std::string split;
  double percent = 0;
};

Result<std::vector<evaluation::Case>> read_files(const ModelEvalOptions& options) {
  std::vector<evaluation::Case> out;
  for (const auto& file : options.files) {
    auto content = app::read_text(file);
    if (!content) return fail(std::move(content).error());
    WRIT_TRY(auto cases, evaluation::read_cases(*content, file));
    std::ranges::move(cases, std::back_inserter(out));
  }
  return options.limit > 0 ? evaluation::first_of_each_split(std::move(out), options.limit) : std::move(out);
}

Result<std::vector<Minimum>> read_minimums(const std::vector<std::string>& texts,
                                           const std::vector<evaluation::Case>& cases) {
  std::set<std::string> splits;
  for (const auto& one : cases) splits.insert(one.split);
  std::vector<Minimum> out;
  for (const auto& text : texts) {
    const auto equals = text.rfind('=');
    Minimum minimum{.split = text.substr(0, equals)};
    const auto number = equals == std::string::npos ? std::string_view() : std::string_view(text).substr(equals + 1);
    const auto read = std::from_chars(number.data(), number.data() + number.size(), minimum.percent);
    if (number.empty() || read.ec != std::errc() || read.ptr != number.data() + number.size() || minimum.percent < 0 ||
        minimum.percent > 100)
      return fail(invalid("bad_arguments", fmt::format("--min {}: give SPLIT=PERCENT, such as chains=90", text)));
    if (!splits.contains(minimum.split))
      return fail(invalid("bad_arguments", fmt::format("--min {}: no case is of that split; there are {}", text,
                                                       fmt::join(splits, ", "))));
    out.push_back(std::move(minimum));
  }
  return out;
}

Result<std::unique_ptr<EvaluationServer>> open_server(const ModelEvalOptions& options,
                                                      const slm::SlmSettings& settings) {
  if (!options.url.empty()) return EvaluationServer::upstream(options.url, options.key);
  return EvaluationServer::in_process(settings, options.model, options.jobs);
}

/// What a figure of speed or of a time-out is worth depends on it.
std::string cpu_name() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("model name")) return line.substr(std::min(line.find(": ") + 2, line.size()));
  return "unknown";
}

json::array missed_minimums(const std::vector<Minimum>& minimums, const evaluation::Scores& scores) {
  json::array out;
  for (const auto& minimum : minimums) {
    const auto found = scores.splits().find(minimum.split);
    const double percent = found == scores.splits().end() ? 0 : found->second.cases.percent();
    if (percent < minimum.percent)
      out.push_back(json::object{{"split", minimum.split}, {"percent", percent}, {"wanted", minimum.percent}});
  }
  return out;
}

json::array shown_wrong(const EvaluationRun& run, std::size_t most) {
  json::array out;
  for (const auto& [index, outcome] : run.wrong()) {
    if (out.size() == most) break;
    out.push_back(json::object{
        {"id", outcome.id}, {"split", outcome.split}, {"step", outcome.fault_step}, {"fault", outcome.fault}});
  }
  return out;
}

void tell_as_json(const ModelEvalOptions& options, const EvaluationRun& run, std::size_t cases,
                  const json::array& missed) {
  const json::object out{{"model", run.model().empty() ? options.model : run.model()},
                         {"server", options.url.empty() ? "in this process" : options.url},
                         {"cpu", cpu_name()},
                         {"cases", cases},
                         {"played", run.played()},
                         {"seconds", std::chrono::duration<double>(run.took()).count()},
                         {"prompt_tokens", run.prompt_tokens()},
                         {"completion_tokens", run.completion_tokens()},
                         {"splits", run.scores().encode()},
                         {"missed", missed},
                         {"wrong", shown_wrong(run, options.show)}};
  print_json(stdout, out);
}

void tell_as_text(const ModelEvalOptions& options, const EvaluationRun& run, const json::array& missed) {
  print_text(stdout, run.scores().table());
  print_line(stdout,
             fmt::format("right cases, in percent with their 95 % interval; {} cases of {} in {:.0f} s on {}",
                         run.played(), run.model(), std::chrono::duration<double>(run.took()).count(), cpu_name()));
  if (const auto refused = run.scores().all().refused; refused > 0)
    print_line(stdout, fmt::format("{} of them were refused by the server, which counts as wrong", refused));
  for (const auto& value : shown_wrong(run, options.show)) {
    const auto& wrong = value.get_object();
    print_line(stdout, fmt::format("{}, step {}: {}", text_at(wrong, "id"), wrong.at("step").to_number<std::int64_t>(),
                                   text_at(wrong, "fault")));
  }
  for (const auto& value : missed)
    print_line(stdout, fmt::format("MISSED: {}, {:.1f} % of {:.1f} %", text_at(value.get_object(), "split"),
                                   value.at("percent").to_number<double>(), value.at("wanted").to_number<double>()));
}

}  // namespace

int model_eval(const ModelEvalOptions& options) {
  runtime::StopSignals signals;
  const auto settings = settings_or_tell();
  if (!settings) return cannot_start;
  const auto cases = read_files(options);
  if (!cases) return tell(cases.error(), cannot_start);
  const auto minimums = read_minimums(options.minimums, *cases);
  if (!minimums) return tell(minimums.error(), cannot_start);
  const auto server = open_server(options, settings->slm);
  if (!server) return tell(server.error(), cannot_start);

  const evaluation::RequestForm form{.model = options.model, .max_tokens = options.max_tokens};
  EvaluationRun run(**server, *cases, form);
  const std::stop_source stop;
  bool interrupted_by_person = false;
  std::jthread watcher([&, stop = stop]() mutable {
    if (signals.wait() == 0) return;
    interrupted_by_person = true;
    stop.request_stop();
  });
  print_line(stderr, fmt::format("{} cases, {} at a time, {}", cases->size(), options.jobs,
                                 options.url.empty() ? "in this process" : options.url));
  const auto status = run.play(options.jobs, stop);
  signals.request();
  watcher.join();
  if (!status && !interrupted_by_person) return tell(status.error());
  const auto missed = missed_minimums(*minimums, run.scores());
  if (options.json) tell_as_json(options, run, cases->size(), missed);
  else tell_as_text(options, run, missed);
  if (interrupted_by_person) {
    print_line(stderr, fmt::format("interrupted: {} of {} cases were played", run.played(), cases->size()));
    return interrupted;
  }
  return missed.empty() ? done : failed;
}

}  // namespace writ::cli
