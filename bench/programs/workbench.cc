#include "workbench.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace writ::bench {
namespace {

double seconds(const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; }

std::filesystem::path fresh_folder(const std::filesystem::path& parent) {
  auto name = (parent / "writ-bench-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) give_up(invalid("no_folder", "cannot make a folder in " + parent.string()));
  return name;
}

}  // namespace

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double percentile(std::vector<double> samples, double share) {
  if (samples.empty()) return 0;
  std::ranges::sort(samples);
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(samples.size())));
  return samples.at(std::clamp<std::size_t>(rank, 1, samples.size()) - 1);
}

void give_up(const Error& error) {
  std::fprintf(stderr, "%s: %s\n", error.code.c_str(), error.message.c_str());
  std::exit(1);
}

void print(const json::object& result) {
  std::printf("%s\n", to_text(result).c_str());
  std::fflush(stdout);
}

std::string Arguments::text(std::string_view name, std::string_view otherwise) const {
  const auto found = std::ranges::find(words_, name);
  if (found == words_.end() || std::next(found) == words_.end()) return std::string(otherwise);
  return *std::next(found);
}

std::int64_t Arguments::number(std::string_view name, std::int64_t otherwise) const {
  const auto given = text(name, "");
  if (given.empty()) return otherwise;
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), out);
  if (error != std::errc() || end != given.data() + given.size())
    give_up(invalid("bad_argument", std::string(name) + " wants a whole number, not " + given));
  return out;
}

ScratchData::ScratchData(const std::filesystem::path& parent) : data_(fresh_folder(parent)) {
  must(data_.initialise(std::nullopt, system_clock(), system_random()));
}

ScratchData::~ScratchData() {
  std::error_code ignored;  // what stays behind lies in a scratch folder
  std::filesystem::remove_all(data_.root(), ignored);
}

}  // namespace writ::bench
