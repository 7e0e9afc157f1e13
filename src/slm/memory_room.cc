#include "slm/memory_room.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string>

#include <fmt/format.h>

namespace writ::slm {
namespace {

namespace fs = std::filesystem;

/// The number that a file consists of; nothing where there is none, as where a control group has no limit ("max").
std::optional<std::int64_t> number_in(const fs::path& file) {
  std::ifstream in(file);
  std::int64_t number = 0;
  return in >> number ? std::optional(number) : std::nullopt;
}

std::optional<std::int64_t> free_on_machine(const fs::path& proc) {
  std::ifstream in(proc / "meminfo");
  std::int64_t kilobytes = 0;
  for (std::string word; in >> word;)
    if (word == "MemAvailable:" && in >> kilobytes) return kilobytes * 1024;
  return std::nullopt;
}

/// Memory of the control group that this process is in. Inside a container its root is that group.
std::optional<std::int64_t> free_in_group(const fs::path& proc, const fs::path& cgroup) {
  std::ifstream in(proc / "self/cgroup");
  fs::path group;
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("0::/")) group = line.substr(4);
  for (const auto& folder : {cgroup / group, cgroup}) {
    const auto most = number_in(folder / "memory.max"), now = number_in(folder / "memory.current");
    if (!most || !now) continue;
    // What the group's files take in the page cache is given up when memory is wanted.
    std::int64_t cached = 0;
    std::ifstream statistics(folder / "memory.stat");
    for (std::string word; statistics >> word;)
      if (word == "inactive_file") statistics >> cached;
    return std::max<std::int64_t>(0, *most - *now + cached);
  }
  return std::nullopt;
}

std::int64_t mebibytes(Bytes bytes) { return bytes.value >> 20; }

}  // namespace

std::optional<Bytes> memory_available(const fs::path& proc, const fs::path& cgroup) {
  const auto machine = free_on_machine(proc), group = free_in_group(proc, cgroup);
  if (!machine && !group) return std::nullopt;
  return Bytes{std::min(machine.value_or(INT64_MAX), group.value_or(INT64_MAX))};
}

Bytes memory_needed(const llama::ModelSource& source, const llama::EngineLimits& limits) {
  const auto& header = source.gguf.header();
  const auto tokens = std::int64_t{limits.context_tokens} * limits.slots;
  return Bytes{static_cast<std::int64_t>(header.tensor_bytes) +
               header.cache_bytes_per_token().value_or(Bytes{}).value * tokens};
}

Status check_memory(const llama::ModelSource& source, const llama::EngineLimits& limits,
                    std::optional<Bytes> available) {
  const auto needed = memory_needed(source, limits);
  if (!available || needed.value <= available->value) return {};
  return fail(
      unavailable("model_memory",
                  fmt::format("the model file {} with {} slots of {} tokens takes {} MiB, and {} MiB are free: lower "
                              "WRIT_SLM_CONTEXT or WRIT_SLM_SLOTS, or choose a smaller model",
                              source.gguf.file().name(), limits.slots, limits.context_tokens, mebibytes(needed),
                              mebibytes(*available)),
                  std::nullopt));
}

}  // namespace writ::slm
