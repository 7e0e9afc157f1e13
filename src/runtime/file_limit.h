// FileLimit: how many files and connections this process may have open at once.
#pragma once

#include <cstddef>

namespace writ::runtime {

/// Raises the limit (RLIMIT_NOFILE) to `wanted` as far as the system lets it; never lowers it. The limit that holds then.
std::size_t raise_file_limit(std::size_t wanted);

/// What a process needs beside the connections of its server: databases, models, its own calls.
inline constexpr std::size_t files_beside = 1024;

}  // namespace writ::runtime
