#include "slm/model_trial.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <vector>

#include <fmt/format.h>

#include "core/file_descriptor.h"
#include "core/json.h"
#include "schema/codec.h"
#include "slm/trial_messages.h"

extern char** environ;  // NOLINT(readability-identifier-naming): POSIX's

namespace writ::slm {
namespace {

using Steady = std::chrono::steady_clock;
constexpr int first_free_fd = 16;  // beyond those the other process gets, so that giving one never covers another
constexpr std::size_t last_words_max = 4096;  // bytes of what it said last
constexpr int poll_ms = 100;

FileDescriptor high(int fd) { return FileDescriptor(::fcntl(fd, F_DUPFD_CLOEXEC, first_free_fd)); }

std::unexpected<Error> impossible(std::string_view what, int reason) {
  return fail(unavailable("trial_impossible",
                          fmt::format("the model cannot be tried: {}: {}", what, std::strerror(reason)), std::nullopt));
}

/// What is passed on to the other process.
struct Given {
  std::vector<std::pair<FileDescriptor, int>> files;  // ours, and the number it has there
  TrialRequest request;
};

Result<Given> give(const llama::ModelSource& source, const llama::EngineLimits& engine, const TrialLimits& limits) {
  Given out;
  out.request = {.name = source.gguf.file().name(),
                 .has_template = source.chat_template.has_value(),
                 .context_tokens = engine.context_tokens,
                 .slots = engine.slots,
                 .batch_tokens = engine.batch_tokens,
                 .threads = engine.threads,
                 .memory = limits.memory.value,
                 .seconds = limits.patience.count() * engine.threads,
                 .parent = ::getpid()};
  out.files.emplace_back(high(source.gguf.file().fd()), trial_model_fd);
  if (source.adapter) {
    out.request.adapter_name = source.adapter->file().name();
    out.files.emplace_back(high(source.adapter->file().fd()), trial_adapter_fd);
  }
  if (source.chat_template) {
    const FileDescriptor memory(::memfd_create("chat-template", MFD_CLOEXEC));
    const auto& text = *source.chat_template;
    if (memory.get() < 0 || !write_all(memory.get(), text)) return impossible("no memory file", errno);
    out.files.emplace_back(high(memory.get()), trial_template_fd);
  }
  for (const auto& [file, number] : out.files)
    if (file.get() < 0) return impossible("no descriptor", errno);
  return out;
}

/// Our environment without our settings, which may be secrets; a library that aborts shall not start a debugger.
std::vector<std::string> environment() {
  std::vector<std::string> out{"GGML_NO_BACKTRACE=1"};
  for (auto** at = environ; *at != nullptr; ++at)
    if (!std::string_view(*at).starts_with("WRIT_")) out.emplace_back(*at);
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

Result<pid_t> spawn(const std::filesystem::path& program, const Given& given, int output) {
  std::vector<std::string> arguments{"writ", "model-trial", to_text(schema::encode(given.request))};
  auto variables = environment();
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
  for (const auto& [file, number] : given.files) ::posix_spawn_file_actions_adddup2(&actions, file.get(), number);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, trial_template_fd + 1);
  sigset_t none, all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setpgroup(&attributes, 0);  // an interrupt at the terminal is for the process that serves
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  pid_t child = -1;
  const int failed = ::posix_spawn(&child, program.c_str(), &actions, &attributes, pointers(arguments).data(),
                                   pointers(variables).data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return impossible("the program cannot be started", failed);
  return child;
}

enum class Ended { by_itself, given_up, too_late };

/// Reads what the other process says until it ends, or until it must.
Ended listen(int output, Steady::time_point until, const std::function<bool()>& give_up, std::string& last_words) {
  std::array<char, 4096> bytes{};
  for (;;) {
    if (give_up()) return Ended::given_up;
    if (Steady::now() >= until) return Ended::too_late;
    pollfd waits{.fd = output, .events = POLLIN, .revents = 0};
    if (::poll(&waits, 1, poll_ms) <= 0) continue;
    const auto got = ::read(output, bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Ended::by_itself;
    last_words.append(bytes.data(), static_cast<std::size_t>(got));
    if (last_words.size() > last_words_max) last_words.erase(0, last_words.size() - last_words_max);
  }
}

Error with_words(Error error, std::string last_words) {
  error.where = std::move(last_words);
  return error;
}

Status status_of(const TrialResult& result) {
  if (result.ok) return {};
  return fail(Error{.kind = error_kind_named(result.kind).value_or(ErrorKind::invalid),
                    .code = result.code,
                    .message = result.message,
                    .where = result.where});
}

Status judge(int status, const std::string& name, std::string last_words) {
  const auto line = last_words.rfind("\n{");
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && line != std::string::npos) {
    const auto document = parse_json(std::string_view(last_words).substr(line + 1));
    const auto result = document ? schema::decode<TrialResult>(*document) : Result<TrialResult>(fail(document.error()));
    if (result) return status_of(*result);
  }
  if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGXCPU))
    return fail(with_words(
        unavailable(
            "trial_killed",
            fmt::format("loading the model file {} was ended by the system: it takes too much memory or too long",
                        name),
            std::nullopt),
        std::move(last_words)));
  return fail(
      with_words(invalid("model_crashes", fmt::format("loading the model file {} ended its process ({} {})", name,
                                                      WIFSIGNALED(status) ? "signal" : "exit code",
                                                      WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status))),
                 std::move(last_words)));
}

}  // namespace

Seconds trial_patience(Bytes files) {
  constexpr std::int64_t at_least = 60, bytes_per_second = 20'000'000;  // of a slow disk, read twice
  return Seconds{at_least + files.value / bytes_per_second};
}

Status try_model(const std::filesystem::path& program, const llama::ModelSource& source,
                 const llama::EngineLimits& engine, const TrialLimits& limits, const std::function<bool()>& give_up) {
  WRIT_TRY(const auto given, give(source, engine, limits));
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return impossible("no pipe", errno);
  const FileDescriptor reading(ends[0]);
  FileDescriptor writing = high(ends[1]);
  ::close(ends[1]);
  if (writing.get() < 0) return impossible("no descriptor", errno);
  WRIT_TRY(const auto child, spawn(program, given, writing.get()));
  writing.reset();  // its end of the pipe is the only one now: it closes when the other process ends
  std::string last_words;
  const auto ended = listen(reading.get(), Steady::now() + limits.patience, give_up, last_words);
  ::kill(child, SIGKILL);  // where it has ended already, its status is settled
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  const auto& name = source.gguf.file().name();
  if (ended == Ended::given_up) return fail(cancelled("slm: trying " + name));
  if (ended == Ended::too_late)
    return fail(with_words(invalid("model_too_slow", fmt::format("the model file {} was not loaded within {} s", name,
                                                                 limits.patience.count())),
                           std::move(last_words)));
  return judge(status, name, std::move(last_words));
}

}  // namespace writ::slm
