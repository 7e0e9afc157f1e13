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
  Secret(const Secret& other) = default;
  Secret(Secret&& other) noexcept : value_(other.value_) {
    other.wipe();
  }  // a moved short string would leave its bytes
  Secret& operator=(Secret other) noexcept {
    wipe();
    value_ = other.value_;
    return *this;
  }
  ~Secret() { wipe(); }
  /// The only way to the text; search for `reveal` to audit every use.
  [[nodiscard]] std::string_view reveal() const { return value_; }
  [[nodiscard]] bool empty() const { return value_.empty(); }

 private:
  void wipe() noexcept {
    value_.resize(value_.capacity());  // the tail of a longer, earlier value too
    for (volatile char& c : value_) c = 0;
    value_.clear();
  }
  std::string value_;
};

}  // namespace writ
