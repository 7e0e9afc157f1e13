#include "cli/terminal.h"

#include <string>

#include "core/printable.h"
#include "observability/line_queue.h"

namespace writ::cli {
namespace {

void write(std::FILE* out, const std::string& text) {
  (void)std::fwrite(text.data(), 1, text.size(), out);
  (void)std::fflush(out);
}

}  // namespace

void print_line(std::FILE* out, std::string_view text) { write(out, printable(text) + "\n"); }

void print_text(std::FILE* out, std::string_view text) { write(out, printable(text, Lines::many)); }

void print_aside(std::string_view text) { observability::stdout_lines().push(printable(text, Lines::many)); }

void print_progress(std::string_view text) { write(stderr, "\r\033[K" + printable(text)); }

void print_json(std::FILE* out, const json::value& value) { write(out, printable_json(to_text(value)) + "\n"); }

}  // namespace writ::cli
