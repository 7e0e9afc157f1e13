#include "policy/checkpoint_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "core/fail_point.h"
#include "core/file_descriptor.h"

namespace writ::policy {
namespace {

std::unexpected<Error> not_written(const std::filesystem::path& file) {
  const int why = errno;
  return fail(unavailable(why == ENOSPC ? "storage_full" : "storage_failed",
                          "cannot write " + file.string() + ": " + std::strerror(why)));
}

// The end of a file: its last whole line, and what follows it without an end.
struct Tail {
  off_t size = 0;
  std::string last, torn;
};

Result<Tail> read_tail(int fd, const std::filesystem::path& file) {
  struct stat about = {};
  if (::fstat(fd, &about) != 0) return not_written(file);
  Tail out{.size = about.st_size, .last = {}, .torn = {}};
  std::string bytes;
  off_t from = out.size;
  // Backwards until two line ends are seen: what stands between them is the last whole line.
  while (from > 0 && std::ranges::count(bytes, '\n') < 2 && bytes.size() < 2 * CheckpointLines::line_max) {
    const auto step = static_cast<std::size_t>(std::min<off_t>(from, 1 << 16));
    from -= static_cast<off_t>(step);
    std::string piece(step, '\0');
    if (::pread(fd, piece.data(), step, from) != static_cast<ssize_t>(step)) return not_written(file);
    bytes.insert(0, piece);
  }
  const auto end = bytes.rfind('\n');
  out.torn = end == std::string::npos ? bytes : bytes.substr(end + 1);
  if (end == std::string::npos) return out;
  const auto begin = end == 0 ? std::string::npos : bytes.rfind('\n', end - 1);
  const auto first = begin == std::string::npos ? 0 : begin + 1;
  out.last = bytes.substr(first, end - first);
  return out;
}

std::int64_t number_of(std::string_view line) {
  const auto read = read_checkpoint(line);
  return read ? read->number : 0;
}

}  // namespace

Result<CheckpointFile::Appended> CheckpointFile::append(const std::vector<StoredCheckpoint>& rows, std::int64_t written,
                                                        const std::optional<StoredCheckpoint>& last) {
  const FileDescriptor fd(::open(file_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (fd.get() < 0) return not_written(file_);
  WRIT_TRY(auto tail, read_tail(fd.get(), file_));
  Appended out;
  std::string bytes;
  std::size_t begin = 0;
  // A line of an append that was cut off before its number was noted is there already.
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (rows[i].text == tail.last) begin = i + 1;
  if (begin == 0) out.damaged = written > 0 ? (!last || tail.last != last->text) : !tail.last.empty();
  if (!tail.torn.empty()) {
    const std::string* whole = nullptr;
    if (begin < rows.size() && rows[begin].text.starts_with(tail.torn) && !out.damaged) whole = &rows[begin].text;
    if (begin == 0 && last && last->text.starts_with(tail.torn)) {  // line `written` itself
      whole = &last->text;
      bytes = *whole + '\n';
      out.damaged = false;
    }
    if (whole != nullptr) {
      out.repaired = true;
      if (::ftruncate(fd.get(), tail.size - static_cast<off_t>(tail.torn.size())) != 0) return not_written(file_);
    } else {
      out.damaged = true;
      bytes = "\n";  // what is not ours stays, on a line of its own
    }
  }
  for (; begin < rows.size(); ++begin, ++out.lines) bytes += rows[begin].text + '\n';
  if (rows.empty() && bytes.empty()) return out;
  if (!write_all(fd.get(), bytes) || ::fsync(fd.get()) != 0) return not_written(file_);
  WRIT_FAIL_POINT("policy.checkpoint.line");
  return out;
}

CheckpointLines::CheckpointLines(const std::filesystem::path& file) : in_(file, std::ios::binary) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  missing_ = !in_ || static_cast<bool>(error);
  left_ = missing_ ? 0 : size;
}

std::optional<CheckpointLines::Line> CheckpointLines::next() {
  if (left_ == 0) return std::nullopt;
  Line out{.place = ++place_, .text = {}, .torn = true};
  for (char c = 0; left_ > 0 && in_.get(c); --left_) {
    if (c == '\n') {
      out.torn = false;
      --left_;
      break;
    }
    if (out.text.size() < line_max) out.text += c;
  }
  if (!in_) left_ = 0;
  return out;
}

void CheckpointLineCheck::advance() {
  line_ = lines_.next();
  number_ = 0;
}

AuditFinding CheckpointLineCheck::finding(std::string code, std::int64_t number, std::string_view what) const {
  AuditFinding out{.code = std::move(code),
                   .message = {},
                   .tenant = {},
                   .shard = {},
                   .seq = {},
                   .checkpoint = number > 0 ? std::optional(number) : std::nullopt,
                   .file = name_,
                   .line = line_ ? std::optional(line_->place) : std::nullopt};
  out.message = fmt::format("{}{}: {}", name_, line_ ? fmt::format(":{}", line_->place) : "", what);
  return out;
}

void CheckpointLineCheck::take(const StoredCheckpoint& row, AuditVerifier& verifier) {
  if (lines_.missing() && written_ > 0 && !std::exchange(missed_, true))
    verifier.found(finding("file_missing", 0, "the file is missing"));
  while (line_) {
    if (line_->text == row.text && !line_->torn) return advance();
    number_ = number_of(line_->text);
    const bool version_1 = number_ == 0 && read_checkpoint(line_->text).has_value();
    if (number_ > row.number || version_1) break;  // this row's line is missing
    if (line_->torn && row.text.starts_with(line_->text)) {
      // The line that is on its way, or that a crash cut: the next append makes it whole.
      if (row.number <= written_)
        verifier.found(finding("line_torn", row.number, fmt::format("the line of checkpoint {} is cut", row.number)));
      return advance();
    }
    if (number_ == row.number) {
      verifier.found(
          finding("line_edited", row.number,
                  fmt::format("is not the checkpoint {} of the database: one of them was changed", number_)));
      return advance();
    }
    if (number_ > 0)
      verifier.found(finding("line_doubled", number_, fmt::format("checkpoint {} comes again or too late", number_)));
    else verifier.found(finding("line_unreadable", 0, "is no checkpoint"));
    advance();
  }
  if (row.number > written_) return;  // its line is on its way
  if (!lines_.missing())
    verifier.found(
        finding("line_missing", row.number, fmt::format("the line of checkpoint {} is missing", row.number)));
}

void CheckpointLineCheck::end(AuditVerifier& verifier) {
  for (; line_; advance()) {
    number_ = number_of(line_->text);
    verifier.found(
        number_ > 0
            ? finding("row_missing", number_,
                      fmt::format("checkpoint {} stands here and not in the database: it was set back or cut", number_))
            : finding("line_unreadable", 0, "is no checkpoint of the database"));
  }
}

}  // namespace writ::policy
