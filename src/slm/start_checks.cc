#include "slm/start_checks.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/encoding.h"
#include "crypto/hash.h"
#include "schema/codec.h"
#include "slm/state_file.h"

namespace writ::slm {
namespace {

namespace fs = std::filesystem;

/// A file as it was when its checksum was right.
struct Verified {
  std::string file, sha256;
  std::int64_t size = 0;
  std::int64_t changed = 0;  // ns of the file system's clock
  static constexpr auto fields() {
    using schema::any;
    using schema::field;
    return std::tuple(field("file", &Verified::file, any, "Path."), field("sha256", &Verified::sha256, any, "Hash."),
                      field("size", &Verified::size, any, "Bytes."),
                      field("changed", &Verified::changed, any, "Time of change, ns."));
  }
  bool operator==(const Verified&) const = default;
};
struct VerifiedFiles {
  std::vector<Verified> files;
  static constexpr auto fields() {
    return std::tuple(schema::field("files", &VerifiedFiles::files, schema::any, "Files."));
  }
};

Result<std::string> sha256_of(const RegularFile& file) {
  std::vector<char> buffer(std::size_t{1} << 20U);
  crypto::Sha256 hash;
  std::int64_t at = 0;
  for (;;) {
    WRIT_TRY(const auto got, file.read(buffer, at));
    if (got == 0) return to_hex(hash.finish());
    hash.update({buffer.data(), got});
    at += static_cast<std::int64_t>(got);
  }
}

std::unexpected<Error> corrupt(const fs::path& path, std::string message) {
  auto error = invalid("model_corrupt", std::move(message));
  error.where = path.string();
  return fail(std::move(error));
}

/// Knows which files were right before, and remembers those that are.
class Checksums {
 public:
  explicit Checksums(const fs::path& state_folder)
      : memory_(state_folder / "verified.json"), verified_(read_state<VerifiedFiles>(memory_)) {}
  ~Checksums() {
    if (learnt_) write_state(memory_, verified_);
  }
  Checksums(const Checksums&) = delete;
  Checksums& operator=(const Checksums&) = delete;

  Status check(const std::string& model, const ModelSpec::Checksum& expected, const RegularFile& file) {
    std::error_code ignored;  // without a current folder the path stays as it is
    Verified now{.file = fs::absolute(expected.file, ignored).string(),
                 .sha256 = expected.sha256,
                 .size = file.identity().size,
                 .changed = file.identity().modified};
    if (std::ranges::find(verified_.files, now) != verified_.files.end()) return {};
    const auto actual = sha256_of(file);
    if (!actual) return corrupt(expected.file, file.name() + " cannot be read to its end");
    if (*actual != expected.sha256) {
      return corrupt(
          expected.file,
          fmt::format(
              "{} of model {} is damaged or another file (SHA-256 {}, expected {}): delete it and run ./run setup, "
              "or restore it from the repository",
              file.name(), model, *actual, expected.sha256));
    }
    std::erase_if(verified_.files, [&](const Verified& v) { return v.file == now.file; });
    verified_.files.push_back(std::move(now));
    learnt_ = true;
    return {};
  }

 private:
  fs::path memory_;
  VerifiedFiles verified_;
  bool learnt_ = false;
};

}  // namespace

Status check_cpu(const llama::CpuFeatures& required, const llama::CpuFeatures& available) {
  const auto missing = llama::missing_cpu_features(required, available);
  if (missing.empty()) return {};
  return fail(unavailable(
      "cpu_features_missing",
      fmt::format("this binary was built for a CPU with {}, which this machine lacks: build it on this machine with "
                  "./run setup, or run it where it was built",
                  fmt::join(missing, ", ")),
      std::nullopt));
}

Status check_files(const ModelSpec& model, const fs::path& state_folder) {
  Checksums checksums(state_folder);
  for (const auto& expected : model.checksums) {
    const auto file = RegularFile::open(expected.file);
    if (!file) return corrupt(expected.file, file.error().message);
    WRIT_CHECK(checksums.check(model.id, expected, *file));
  }
  return {};
}

Status check_files(const ModelSpec& model, const llama::ModelSource& source, const fs::path& state_folder) {
  Checksums checksums(state_folder);
  for (const auto& expected : model.checksums) {
    const bool is_adapter = source.adapter && model.files.adapter == expected.file;
    WRIT_CHECK(checksums.check(model.id, expected, is_adapter ? source.adapter->file() : source.gguf.file()));
  }
  return {};
}

}  // namespace writ::slm
