#include "llama/output_text.h"

#include <algorithm>
#include <utility>

#include "core/encoding.h"

namespace writ::llama {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

/// One U+FFFD for each run of bytes that begins a character and is none, or for a byte that begins none.
std::string valid_text(std::string_view bytes) {
  if (is_utf8(bytes)) return std::string(bytes);
  std::string text;
  while (!bytes.empty()) {
    std::size_t length = 1;
    while (length <= 4 && length <= bytes.size() && !is_utf8(bytes.substr(0, length))) ++length;
    if (length <= 4 && length <= bytes.size()) {
      text += bytes.substr(0, length);
    } else {
      text += replacement;
      length = 1;
      // As far as these bytes could still become a character they are one cut character.
      while (length < bytes.size() && utf8_complete_prefix(bytes.substr(0, length + 1)) == 0) ++length;
    }
    bytes.remove_prefix(length);
  }
  return text;
}

}  // namespace

std::size_t suffix_beginning(std::string_view text, std::string_view marker) {
  for (auto length = std::min(text.size(), marker.size() - 1); length > 0; --length) {
    if (text.ends_with(marker.substr(0, length))) return length;
  }
  return 0;
}

OutputText::OutputText(std::vector<std::string> stops) : stops_(std::move(stops)) {
  std::erase_if(stops_, [](const std::string& stop) { return stop.empty(); });
}

std::string OutputText::push(std::string_view bytes) {
  if (stopped_) return {};
  bytes_ += bytes;
  const auto complete = utf8_complete_prefix(bytes_);
  held_ += valid_text(std::string_view(bytes_).substr(0, complete));
  bytes_.erase(0, complete);

  auto first = std::string::npos;
  std::size_t hold = 0;
  for (const auto& stop : stops_) {
    first = std::min(first, held_.find(stop));
    hold = std::max(hold, suffix_beginning(held_, stop));
  }
  if (first != std::string::npos) {
    stopped_ = true;
    bytes_.clear();
    return std::exchange(held_, {}).substr(0, first);
  }
  auto ready = held_.substr(0, held_.size() - hold);
  held_.erase(0, ready.size());
  return ready;
}

std::string OutputText::flush() {
  bytes_.clear();  // the beginning of a character whose rest never came
  return std::exchange(held_, {});
}

}  // namespace writ::llama
