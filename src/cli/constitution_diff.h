// What differs between two constitutions: of the rules and their vocabulary the lines, of all else the members.
#pragma once

#include <string>
#include <vector>

#include "core/json.h"

namespace writ::cli {

struct ChangedMember {
  std::string pointer;
  std::optional<json::value> before, after;  // absent: it is not there
};
struct ChangedLine {
  char sign = '+';  // '-' was there, '+' is there now
  std::size_t line = 0;  // in its own text, from 1
  std::string text;
};
struct ConstitutionDiff {
  std::vector<ChangedLine> policies, schema;
  std::vector<ChangedMember> members;
};

/// `before` and `after` are the `constitution` documents. Version and valid_from always differ and are left out.
[[nodiscard]] ConstitutionDiff diff_of(const json::object& before, const json::object& after);
/// {policies: [{sign, line, text}], schema, members: [{pointer, before?, after?}]}.
[[nodiscard]] json::object to_json(const ConstitutionDiff& diff);
/// For people, one change a line; "" when nothing differs.
[[nodiscard]] std::string to_lines(const ConstitutionDiff& diff);

}  // namespace writ::cli
