// BoundedWrite: writing to a descriptor that perhaps nobody reads, without waiting for ever.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/clock.h"

namespace writ {

/// How far it came. `broken`: the descriptor takes nothing (closed, disk full); else the patience was over.
struct Written {
  std::size_t bytes = 0;
  bool broken = false;
};

/// Waits at most `patience` for a reader. The descriptor's flags stay as they are: other processes may share it.
/// Thread: any; asks no lock and allocates nothing, so that a dying process may use it.
Written write_within(int fd, std::string_view bytes, Millis patience) noexcept;

}  // namespace writ
