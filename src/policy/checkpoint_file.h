// CheckpointFile: the lines that stand outside the database, one per checkpoint, the same bytes as its row.
#pragma once

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "policy/audit_walk.h"

namespace writ::policy {

/// Blocks: for a thread that may. Thread: one at a time.
class CheckpointFile {
 public:
  explicit CheckpointFile(std::filesystem::path file) : file_(std::move(file)) {}

  /// What appending met.
  struct Appended {
    std::size_t lines = 0;
    bool repaired = false;  // a torn last line was written whole
    bool damaged = false;  // what stands before is not what was written: left as it is, for the verification to find
  };
  /// Writes the lines of `rows` behind what is there and waits for the disk; a line that is there already is left alone.
  /// rows: in order of number; before the first of them `written` lines should stand. `last`: the row of line `written`,
  /// with which a torn last line is made whole. All or nothing is not promised: call it again with the same rows.
  /// Errors: unavailable (storage_failed, storage_full).
  [[nodiscard]] Result<Appended> append(const std::vector<StoredCheckpoint>& rows, std::int64_t written,
                                        const std::optional<StoredCheckpoint>& last);

 private:
  const std::filesystem::path file_;
};

/// Reads the lines from the first on, as far as the file went when it was opened. Memory: one line.
class CheckpointLines {
 public:
  static constexpr std::size_t line_max = 64U << 20U;  // bytes; about 400,000 chains
  explicit CheckpointLines(const std::filesystem::path& file);

  [[nodiscard]] bool missing() const { return missing_; }
  struct Line {
    std::int64_t place = 0;  // from 1 on
    std::string text;
    bool torn = false;  // the file ends in it
  };
  [[nodiscard]] std::optional<Line> next();

 private:
  std::ifstream in_;
  std::uintmax_t left_ = 0;  // bytes
  std::int64_t place_ = 0;
  bool missing_ = false;
};

/// Compares the lines with the rows, both in order, and tells the verifier where they part.
class CheckpointLineCheck {
 public:
  /// written: lines up to this number are known to have been on disk before the file was opened.
  CheckpointLineCheck(const std::filesystem::path& file, std::int64_t written)
      : name_(file.filename().string()), lines_(file), written_(written) {
    advance();
  }

  void take(const StoredCheckpoint& row, AuditVerifier& verifier);
  /// After the last row: what stands behind it has none.
  void end(AuditVerifier& verifier);

 private:
  void advance();
  [[nodiscard]] AuditFinding finding(std::string code, std::int64_t number, std::string_view what) const;

  const std::string name_;
  CheckpointLines lines_;
  const std::int64_t written_;
  std::optional<CheckpointLines::Line> line_;
  std::int64_t number_ = 0;  // of line_; 0 when it names none
  bool missed_ = false;  // that the file is missing was said
};

}  // namespace writ::policy
