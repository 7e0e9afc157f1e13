// Fail points: named places where a test build dies as by kill -9, so that crash tests can stop before and after each.
#pragma once

#include <string_view>

// WRIT_FAIL_POINT("sql.before_commit.policy"): nothing at all unless the build has WRIT_FAIL_POINTS=ON. There:
//   WRIT_FAIL_POINT=<name>:<n>  the n-th passing (from 1) of that point ends the process at once, exit status 137;
//   WRIT_FAIL_POINT_LOG=<file>  every passing appends the line "<name> <count>".
#ifdef WRIT_FAIL_POINTS
namespace writ {
/// Thread: any. The environment is read at the first passing.
void pass_fail_point(std::string_view name);
}  // namespace writ
#define WRIT_FAIL_POINT(name) ::writ::pass_fail_point(name)
#else
#define WRIT_FAIL_POINT(name) static_cast<void>(sizeof(name))
#endif
