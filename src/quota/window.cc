#include "quota/window.h"

#include <algorithm>

#include "core/assert.h"

namespace writ::quota {

Seconds Window::until_reset(WallTime now) const {
  return std::max(Seconds{1}, std::chrono::ceil<Seconds>(end() - now));
}

Window window_at(WallTime now, Millis length) {
  WRIT_ASSERT(length > Millis::zero(), "a window has a length");
  const auto since = now.time_since_epoch();
  auto into = since % length;
  if (into < Millis::zero()) into += length;
  return {now - into, length};
}

}  // namespace writ::quota
