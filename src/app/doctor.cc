#include "app/doctor.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "app/data_folder.h"
#include "app/data_privacy.h"
#include "llama/cpu.h"
#include "slm/memory_room.h"
#include "slm/model_folders.h"
#include "slm/start_checks.h"

namespace writ::app {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t disk_needed = 64UL << 20U,
                        disk_wanted = 1UL << 30U;  // bytes: a day of audit of a small team is 50 MB

class Examination {
 public:
  explicit Examination(const ReadSettings& read) : read_(read) {}
  void settings();
  void data_folder();
  void disk();
  void port(bool running);
  void models();
  std::vector<DoctorFinding> findings;

 private:
  void add(std::string check, Health health, std::string message) {
    findings.push_back({std::move(check), health, std::move(message)});
  }
  void add(std::string check, const Status& status, std::string fine = "") {
    if (status) return add(std::move(check), Health::fine, std::move(fine));
    const auto& error = status.error();
    auto message = error.message;
    if (!error.where.empty()) message += " (" + error.where + ")";
    add(std::move(check), Health::problem, std::move(message));
  }
  void model(const slm::ModelSpec& spec);
  [[nodiscard]] const AllSettings& all() const { return read_.settings; }

  const ReadSettings& read_;
};

void Examination::settings() {
  for (const auto& problem : read_.problems) add("settings " + problem.pointer, Health::problem, problem.message);
  for (const auto& warning : read_.warnings) add("settings " + warning.pointer, Health::warning, warning.message);
  if (read_.problems.empty()) add("settings", Health::fine, "");
}

void Examination::data_folder() {
  const DataFolder data(all().shared.data_dir);
  std::error_code error;
  if (!fs::exists(data.root(), error))
    return add("data_folder", Health::warning,
               data.root().string() + " is not there yet: writ init or writ serve makes it");
  const auto findings_of_folder = privacy_findings(data.root());
  for (const auto& finding : findings_of_folder)
    add("private " + finding.path.string(), finding.refused ? Health::problem : Health::warning, finding.message);
  if (findings_of_folder.empty()) add("private", Health::fine, "");
  const auto key = data.local_key();
  add("data_folder", key ? Status{} : Status(fail(key.error())), data.root().string());
}

void Examination::disk() {
  auto folder = all().shared.data_dir;
  std::error_code error;
  while (!fs::exists(folder, error) && folder.has_relative_path()) folder = folder.parent_path();
  struct statvfs space{};
  if (::statvfs(folder.empty() ? "." : folder.c_str(), &space) != 0)
    return add("disk", Health::problem, fmt::format("{}: {}", folder.string(), std::strerror(errno)));
  const auto free = std::uint64_t{space.f_bavail} * space.f_frsize;
  const auto health = free < disk_needed ? Health::problem : free < disk_wanted ? Health::warning : Health::fine;
  const auto told = fmt::format("{} MiB are free for {}", free >> 20U, folder.string());
  add("disk", health, health == Health::fine ? told : told + ": make room, or set WRIT_DATA_DIR to a larger disk");
}

Status bindable(const std::string& host, std::uint16_t port) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICHOST;
  hints.ai_socktype = SOCK_STREAM;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0)
    return fail(invalid("bad_bind", host + " is no address: set WRIT_BIND to one, such as 127.0.0.1"));
  const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (fd >= 0) (void)::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool bound = fd >= 0 && ::bind(fd, found->ai_addr, found->ai_addrlen) == 0;
  const int reason = errno;
  if (fd >= 0) ::close(fd);
  ::freeaddrinfo(found);
  if (bound) return {};
  return fail(unavailable("port_taken",
                          fmt::format("{}:{} cannot be listened on ({}): stop who has it, or set PORT to another", host,
                                      port, std::strerror(reason)),
                          std::nullopt));
}

void Examination::port(bool running) {
  if (running) return add("port", Health::fine, "the running server has it");
  add("port", bindable(all().shared.bind, all().shared.port), std::to_string(all().shared.port));
}

void Examination::model(const slm::ModelSpec& spec) {
  const auto check = [&]() -> Status {
    WRIT_TRY(const auto source, llama::ModelSource::open(spec.files));
    WRIT_CHECK(slm::check_files(spec, source, all().shared.data_dir / "slm"));
    llama::EngineLimits limits{.context_tokens = all().slm.context, .slots = all().slm.slots};
    if (spec.context)
      limits.context_tokens =
          static_cast<std::int32_t>(std::min<std::int64_t>(limits.context_tokens, spec.context->value));
    return slm::check_memory(source, limits, slm::memory_available());
  };
  add("model " + spec.id, check(), spec.files.gguf.string());
}

void Examination::models() {
  add("processor", slm::check_cpu(llama::required_features(), llama::available_features()));
  const auto registry = slm::ModelRegistry::open(slm::registry_options(all().slm));
  if (!registry) return add("models", Status(fail(registry.error())));
  for (const auto& spec : registry->models()) model(spec);
}

}  // namespace

std::vector<DoctorFinding> examine(const ReadSettings& read, bool running) {
  Examination out(read);
  out.settings();
  if (!read.problems.empty()) return std::move(out.findings);
  out.data_folder();
  out.disk();
  out.port(running);
  out.models();
  return std::move(out.findings);
}

}  // namespace writ::app
