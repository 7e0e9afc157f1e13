// EventPrinter: a run's events as a person reads them, or one JSON object a line.
#pragma once

#include <cstdio>
#include <string>

#include "orchestrator/api/types.h"

namespace writ::cli {

class EventPrinter {
 public:
  enum class Form { trace, json };
  EventPrinter(Form form, std::FILE* out) : form_(form), out_(out) {}
  /// Whose events follow.
  void begin(const RunId& run) { run_id_ = run.str(); }
  void print(const orchestrator::RunEvent& event);

 private:
  void trace(const orchestrator::RunEvent& event);
  void decided(const json::object& data);
  void finished(const json::object& data);
  /// Ends a line of streamed text before something else is printed.
  void end_text();
  void line(const std::string& text);

  Form form_;
  std::FILE* out_;
  bool in_text_ = false;
  bool streamed_ = false;  // the current step's text was shown as it came
  std::string run_id_;
  std::int64_t tokens_left_ = -1;  // in the tenant's window, as of the last decision that said so
};

}  // namespace writ::cli
