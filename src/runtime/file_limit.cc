#include "runtime/file_limit.h"

#include <sys/resource.h>

#include <algorithm>

namespace writ::runtime {

std::size_t raise_file_limit(std::size_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (limit.rlim_cur >= wanted) return limit.rlim_cur;
  const rlimit whole{.rlim_cur = wanted, .rlim_max = std::max<rlim_t>(limit.rlim_max, wanted)};
  const rlimit half{.rlim_cur = std::min<rlim_t>(limit.rlim_max, wanted), .rlim_max = limit.rlim_max};
  // Above the hard limit only a privileged process gets.
  if (::setrlimit(RLIMIT_NOFILE, &whole) != 0) (void)::setrlimit(RLIMIT_NOFILE, &half);
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

}  // namespace writ::runtime
