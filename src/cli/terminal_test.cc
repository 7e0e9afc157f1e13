#include "cli/terminal.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "cli/command.h"
#include "cli/event_printer.h"

namespace writ::cli {
namespace {

/// What was written to a stream.
class Written {
 public:
  Written() : file_(std::tmpfile()) {}
  ~Written() { (void)std::fclose(file_); }
  Written(const Written&) = delete;
  Written& operator=(const Written&) = delete;
  [[nodiscard]] std::FILE* file() const { return file_; }
  [[nodiscard]] std::string text() const {
    EXPECT_EQ(std::fseek(file_, 0, SEEK_SET), 0);
    std::string out(1 << 16, '\0');
    out.resize(std::fread(out.data(), 1, out.size(), file_));
    return out;
  }

 private:
  std::FILE* file_;
};

const std::string evil = "\x1b[2J\x1b]0;pwned\x07\u009b31m\u202Egpj\u200b\rdone";

void expect_tame(const std::string& text) {
  EXPECT_EQ(text.find('\x1b'), std::string::npos) << "ESC";
  EXPECT_EQ(text.find('\r'), std::string::npos);
  for (const std::string_view hidden : {"\u009b", "\u202E", "\u200b"}) EXPECT_EQ(text.find(hidden), std::string::npos);
  EXPECT_FALSE(text.empty());
}

TEST(Terminal, lines_texts_and_json_have_nothing_in_them_that_a_terminal_acts_on) {
  const Written out;
  print_line(out.file(), evil + "\nsecond");
  print_text(out.file(), evil + "\nsecond\n");
  print_json(out.file(), json::object{{evil, evil}});
  const auto text = out.text();
  expect_tame(text);
  EXPECT_EQ(std::ranges::count(text, '\n'), 4);
}

orchestrator::RunEvent event(std::string type, json::object data) {
  orchestrator::RunEvent out;
  out.type = std::move(type);
  out.data = std::move(data);
  return out;
}

TEST(EventPrinter, whatever_a_model_a_tool_a_rule_or_a_person_wrote_is_shown_and_not_acted_on) {
  const json::object everything{{"text", evil},           {"capsule", evil},
                                {"model", evil},          {"kind", "tool"},
                                {"tool", evil},           {"arguments", json::object{{evil, evil}}},
                                {"result", evil},         {"reason", evil},
                                {"scope", evil},          {"review_id", evil},
                                {"answer", evil},         {"by", evil},
                                {"what", evil},           {"retry_at", evil},
                                {"status", evil},         {"decision", evil},
                                {"action", evil},         {"resource", json::object{{"id", evil}}},
                                {"policy_version", evil}, {"reasons", json::array{json::object{{"rule", evil}}}}};
  for (const auto form : {EventPrinter::Form::trace, EventPrinter::Form::json}) {
    for (const auto* type : {"delta", "run_started", "decided", "step_started", "tool_result", "model_output",
                             "review_requested", "review_answered", "waiting_dependency", "run_finished"}) {
      const Written out;
      EventPrinter printer(form, out.file());
      printer.print(event(type, everything));
      SCOPED_TRACE(type);
      expect_tame(out.text());
    }
  }
}

TEST(EventPrinter, json_for_programs_keeps_its_values) {
  const Written out;
  EventPrinter(EventPrinter::Form::json, out.file()).print(event("delta", {{"text", evil}}));
  EXPECT_EQ(parse_json(out.text().substr(0, out.text().size() - 1))->at("data").at("text").as_string(), evil);
}

}  // namespace
}  // namespace writ::cli
