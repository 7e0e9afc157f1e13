// Secret: text that is never logged, printed or compared in variable time, and is wiped when it goes.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace writ {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret(Secret&&) noexcept = default;
  Secret& operator=(const Secret&) = default;
  Secret& operator=(Secret&&) noexcept = default;
  ~Secret() {
    for (volatile char& c : value_) c = 0;
  }
  /// The only way to the text; search for `reveal` to audit every use.
  [[nodiscard]] std::string_view reveal() const { return value_; }
  [[nodiscard]] bool empty() const { return value_.empty(); }

 private:
  std::string value_;
};

}  // namespace writ
