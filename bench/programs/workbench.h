// Workbench: what every benchmark program has: a data folder of its own, loops, metrics, and the time the process has used.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "app/data_folder.h"
#include "async/loops.h"
#include "async/task_group.h"
#include "core/context.h"
#include "core/json.h"
#include "http/invoke.h"
#include "observability/log.h"

namespace writ::bench {

/// CPU seconds, user and system, of all threads of this process so far.
[[nodiscard]] double cpu_seconds();
[[nodiscard]] double wall_seconds();

/// The value below which `share` of the samples lie, by nearest rank; 0 without samples.
[[nodiscard]] double percentile(std::vector<double> samples, double share);

/// A benchmark that cannot run ends here, with the reason.
[[noreturn]] void give_up(const Error& error);
template <class T>
T must(Result<T> result) {
  if (!result) give_up(result.error());
  return *std::move(result);
}
inline void must(const Status& status) {
  if (!status) give_up(status.error());
}

/// The one result of a program, as a line of JSON.
void print(const json::object& result);

/// Numbers from the command line: `--name value`, with defaults.
class Arguments {
 public:
  Arguments(int argc, char** argv) : words_(argv + 1, argv + argc) {}
  [[nodiscard]] std::string text(std::string_view name, std::string_view otherwise) const;
  [[nodiscard]] std::int64_t number(std::string_view name, std::int64_t otherwise) const;

 private:
  std::vector<std::string> words_;
};

/// A data folder as `writ init` makes it, below `parent`; removed at the end.
class ScratchData {
 public:
  explicit ScratchData(const std::filesystem::path& parent);
  ~ScratchData();
  ScratchData(const ScratchData&) = delete;
  ScratchData& operator=(const ScratchData&) = delete;
  [[nodiscard]] const app::DataFolder& folder() const { return data_; }

 private:
  app::DataFolder data_;
};

/// The parts of a process that its services share.
struct Process {
  explicit Process(const std::string& service, std::size_t threads)
      : loops(threads), registry(service, "bench", "bench") {}
  ~Process() { loops.stop(); }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  async::Loops loops;
  async::TaskGroup tasks{"bench", 1024};
  observability::Registry registry;
  observability::Logger log{"bench", observability::Level::error};
  http::Invoker invoker{registry};
};

}  // namespace writ::bench
