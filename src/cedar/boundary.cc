#include "cedar/boundary.h"

namespace writ::cedar {

void Messages::receive(void* user, std::int32_t kind, const char* data, std::size_t size) noexcept {
  static_cast<Messages*>(user)->all.push_back({kind, std::string(data, size)});
}

std::vector<std::string> Messages::of(std::int32_t kind) const {
  std::vector<std::string> texts;
  for (const auto& message : all)
    if (message.kind == kind) texts.push_back(message.text);
  return texts;
}

Error Messages::failure(std::string_view code) const {
  for (const auto& message : all) {
    if (message.kind == WRIT_CEDAR_PANIC) return internal("policy engine panicked: " + message.text, "cedar");
    if (message.kind == WRIT_CEDAR_FAILURE) return invalid(std::string(code), message.text);
  }
  return internal("the policy engine failed without a message", "cedar");
}

}  // namespace writ::cedar
