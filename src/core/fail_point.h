// Fail points: named places where a test build dies as by kill -9, so that crash tests can stop before and after each.
// Clock steps: the wall clock of a test build is as far off as a file says, as after a sleep or a correction.
// Pause points: named places where its thread stands still until the test lets it go, so that a race has one outcome.
#pragma once

#include <string_view>

// Nothing at all unless the build has WRIT_FAIL_POINTS=ON. There, WRIT_FAIL_POINT("sql.before_commit.policy"):
//   WRIT_FAIL_POINT=<name>:<n>  the n-th passing (from 1) of that point ends the process at once, exit status 137;
//   WRIT_FAIL_POINT_LOG=<file>  every passing appends the line "<name> <count>".
// and WRIT_PAUSE_POINT("slm.step"):
//   WRIT_PAUSE_POINTS=<folder>  whoever passes while the file <folder>/<name> exists renames it to <name>.reached and
//                               goes on when that is gone.
// and WRIT_ERROR_POINT("llama.decode"), which is whether the call there shall fail:
//   WRIT_ERROR_POINTS=<folder>  whoever passes while the file <folder>/<name> exists removes it and fails, once.
// The wall clock:
//   WRIT_CLOCK_STEP=<file>  system_clock().now() is off by the milliseconds in the file, 0 while there is none. It is read
//                           again every 50 ms.
#ifdef WRIT_FAIL_POINTS
#include <chrono>
namespace writ {
/// How far off the wall clock is. Thread: any.
[[nodiscard]] std::chrono::milliseconds clock_step();
/// Thread: any. The environment is read at the first passing.
void pass_fail_point(std::string_view name);
/// Blocks its thread while it is paused. Thread: any.
void pass_pause_point(std::string_view name);
/// Thread: any. The environment is read at each passing, so that a test can set it for itself.
[[nodiscard]] bool pass_error_point(std::string_view name);
}  // namespace writ
#define WRIT_FAIL_POINT(name) ::writ::pass_fail_point(name)
#define WRIT_PAUSE_POINT(name) ::writ::pass_pause_point(name)
#define WRIT_ERROR_POINT(name) ::writ::pass_error_point(name)
#else
#define WRIT_FAIL_POINT(name) static_cast<void>(sizeof(name))
#define WRIT_PAUSE_POINT(name) static_cast<void>(sizeof(name))
#define WRIT_ERROR_POINT(name) (sizeof(name) == 0)
#endif
