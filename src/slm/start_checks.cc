#include "slm/start_checks.h"

#include <array>
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/encoding.h"
#include "core/json.h"
#include "crypto/hash.h"
#include "schema/codec.h"

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

/// Nothing is remembered where the file is missing or is not ours.
VerifiedFiles read_verified(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  const auto parsed = parse_json(std::string(std::istreambuf_iterator<char>(in), {}));
  if (!parsed) return {};
  return schema::decode<VerifiedFiles>(*parsed, {.unknown = schema::Unknown::ignore}).value_or(VerifiedFiles{});
}

void write_verified(const fs::path& file, const VerifiedFiles& verified) {
  const auto fresh = file.string() + ".new";
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  std::ofstream(fresh, std::ios::binary) << to_text(schema::encode(verified)) << '\n';
  fs::rename(fresh, file, error);  // whole or not at all; without it the next start reads the models again
}

Result<std::string> sha256_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::vector<char> buffer(std::size_t{1} << 20U);
  crypto::Sha256 hash;
  while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || in.gcount() > 0)
    hash.update({buffer.data(), static_cast<std::size_t>(in.gcount())});
  if (!in.eof()) return fail(invalid("model_corrupt", file.string() + " cannot be read to its end"));
  return to_hex(hash.finish());
}

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

Status check_files(const ModelSpec& model, const std::filesystem::path& state_folder) {
  const auto memory = state_folder / "verified.json";
  auto verified = read_verified(memory);
  bool learnt = false;
  for (const auto& [path, sha256] : model.checksums) {
    std::error_code error;
    Verified now{.file = fs::absolute(path, error).string(), .sha256 = sha256};
    now.size = static_cast<std::int64_t>(fs::file_size(path, error));
    if (!error) now.changed = fs::last_write_time(path, error).time_since_epoch().count();
    if (error) return fail(invalid("model_corrupt", path.string() + " cannot be read: " + error.message()));
    if (std::ranges::find(verified.files, now) != verified.files.end()) continue;
    WRIT_TRY(const auto actual, sha256_of(path));
    if (actual != sha256) {
      return fail(invalid(
          "model_corrupt",
          fmt::format(
              "{} of model {} is damaged or another file (SHA-256 {}, expected {}): delete it and run ./run setup, "
              "or restore it from the repository",
              path.string(), model.id, actual, sha256)));
    }
    std::erase_if(verified.files, [&](const Verified& v) { return v.file == now.file; });
    verified.files.push_back(std::move(now));
    learnt = true;
  }
  if (learnt) write_verified(memory, verified);
  return {};
}

}  // namespace writ::slm
