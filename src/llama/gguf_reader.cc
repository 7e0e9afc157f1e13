#include "llama/gguf_reader.h"

#include <algorithm>

#include <fmt/format.h>

namespace writ::llama {
namespace {

constexpr std::size_t window_size = 256UL << 10U;  // bytes of one read: a vocabulary takes ten or so

}  // namespace

void GgufReader::fail(std::string problem) {
  if (!problem_) problem_ = std::move(problem);
}

bool GgufReader::fill() {
  window_.resize(window_size);
  const auto got = file_->read(window_, static_cast<std::int64_t>(position_));
  window_at_ = position_;
  window_.resize(got.value_or(0));
  if (window_.empty()) fail("it became shorter while it was read");
  return !window_.empty();
}

void GgufReader::take(std::span<char> into) {
  if (into.size() > left()) fail("it ends in the middle of its header");
  while (ok() && !into.empty()) {
    const bool inside = position_ >= window_at_ && position_ - window_at_ < window_.size();
    if (!inside && !fill()) return;
    const auto at = static_cast<std::size_t>(position_ - window_at_);
    const auto count = std::min(into.size(), window_.size() - at);
    std::copy_n(window_.begin() + static_cast<std::ptrdiff_t>(at), count, into.begin());
    into = into.subspan(count);
    position_ += count;
  }
}

void GgufReader::skip(std::uint64_t bytes, std::string_view what) {
  if (bytes > left()) return fail(fmt::format("{} ends beyond the end of the file", what));
  if (ok()) position_ += bytes;
}

std::string GgufReader::string(std::string_view what, std::uint64_t bytes_max, std::size_t keep_max) {
  const auto length = number<std::uint64_t>();
  if (length > left()) fail(fmt::format("{} ends beyond the end of the file", what));
  if (length > bytes_max) fail(fmt::format("{} has {} bytes, more than {}", what, length, bytes_max));
  if (!ok()) return {};
  std::string out(static_cast<std::size_t>(std::min<std::uint64_t>(length, keep_max)), '\0');
  take(out);
  skip(length - out.size(), what);
  return ok() ? out : std::string{};
}

}  // namespace writ::llama
