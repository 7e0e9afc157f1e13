// The only place where commands write: what a person reads has nothing in it that a terminal acts on, whoever wrote it.
#pragma once

#include <cstdio>
#include <string_view>

#include "core/json.h"

namespace writ::cli {

/// One line: newlines in it are written out. Flushes, so that what is told before a crash is told.
void print_line(std::FILE* out, std::string_view text);
/// Text of several lines, as it is otherwise; adds none.
void print_text(std::FILE* out, std::string_view text);
/// As print_text() on stdout, for a server: waits for no reader, and is written at the latest when the process ends.
void print_aside(std::string_view text);
/// For programs, one value in one line: JSON's own escapes, its value unchanged.
void print_json(std::FILE* out, const json::value& value);

/// On a terminal's stderr: replaces the line that the last call wrote; an empty one takes it away.
void print_progress(std::string_view text);

}  // namespace writ::cli
