// Admission: the port that says whether there is room now for a request of somebody who was proved.
#pragma once

#include <cstddef>

#include "core/context.h"
#include "core/result.h"

namespace writ::http {

/// What a request asks room for.
struct Asked {
  std::size_t requests = 0;
  std::size_t bytes = 0;  // of its body
};

class Admission {
 public:
  virtual ~Admission() = default;
  /// Called for each request of a public operation whose principal was proved and may call it, before its body is read,
  /// with its Content-Length. The bytes of a chunked body are asked for when they are known: one at first, the others
  /// after it was read. All or nothing is taken. Thread: any; never blocks.
  /// Errors: quota_exceeded with retry_after; too_large, when it could never pass; unavailable.
  [[nodiscard]] virtual Status admit(const Principal& principal, Asked asked) = 0;
};

}  // namespace writ::http
