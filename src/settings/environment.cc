#include "settings/environment.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <system_error>

namespace writ::settings {
namespace {

constexpr off_t file_max = 64 * 1024;  // bytes; a secret or a certificate, never a model

Result<FileText> read_system_file(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0)
    return fail(not_found("no_file", path + ": " + std::generic_category().message(errno)));
  if (!S_ISREG(info.st_mode)) return fail(not_found("no_file", path + ": is not a regular file"));
  if (info.st_size > file_max)
    return fail(
        Error{.kind = ErrorKind::too_large, .code = "file_too_large", .message = path + ": is larger than 64 KiB"});
  std::ifstream in(path, std::ios::binary);
  FileText file{.text = std::string(std::istreambuf_iterator<char>(in), {}), .mode = info.st_mode & 0777U};
  if (!in) return fail(unavailable("file_unreadable", path + ": cannot be read by this user", std::nullopt));
  return file;
}

}  // namespace

FileReader system_files() { return read_system_file; }

Environment Environment::of_process() {
  Variables variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (const auto equals = text.find('='); equals != std::string_view::npos)
      variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return Environment(std::move(variables));
}

std::optional<std::string_view> Environment::find(std::string_view name) const {
  const auto found = variables_.find(name);
  if (found == variables_.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

}  // namespace writ::settings
