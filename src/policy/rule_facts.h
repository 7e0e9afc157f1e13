// Which facts a text of rules reads: the names in `facts.contains("…")`, `containsAny([…])` and `containsAll([…])`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace writ::policy {

struct FactRead {
  std::string fact;
  std::size_t line = 1;
};
/// In the order of the text; comments and other strings are passed over. `policies` parses as Cedar. Linear.
[[nodiscard]] std::vector<FactRead> facts_read(std::string_view policies);

}  // namespace writ::policy
