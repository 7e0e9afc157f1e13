#include "cli/event_printer.h"

#include <fmt/format.h>

#include "cli/json_numbers.h"
#include "cli/terminal.h"

namespace writ::cli {
namespace {

std::string grouped(std::int64_t n) {
  auto digits = std::to_string(n);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

const json::object& object_at(const json::object& object, std::string_view key) {
  static const json::object none;
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_object() ? value->get_object() : none;
}

std::string shown(const json::value* value) {
  if (value == nullptr) return "";
  return value->is_string() ? std::string(view(value->get_string())) : to_text(*value);
}

}  // namespace

void EventPrinter::print(const orchestrator::RunEvent& event) {
  if (form_ == Form::json) {
    print_json(out_, schema::encode(event));
  } else {
    trace(event);
  }
}

void EventPrinter::end_text() {
  if (std::exchange(in_text_, false)) print_text(out_, "\n");
}

void EventPrinter::line(const std::string& text) {
  end_text();
  print_line(out_, text);
}

void EventPrinter::decided(const json::object& data) {
  const auto verdict = text_at(data, "decision");
  if (data.contains("tokens_left")) tokens_left_ = number_at(data, "tokens_left");
  const auto mark = verdict == "allow" ? "✓" : verdict == "deny" ? "✗" : "?";
  std::string rules;
  if (const auto* reasons = data.if_contains("reasons"); reasons != nullptr && reasons->is_array())
    for (const auto& reason : reasons->get_array())
      if (reason.is_object()) rules += (rules.empty() ? "" : ", ") + std::string(text_at(reason.get_object(), "rule"));
  line(fmt::format("  {} {:6} {} {}  by {} · policy {}", mark, verdict, text_at(data, "action"),
                   text_at(object_at(data, "resource"), "id"), rules, text_at(data, "policy_version")));
}

void EventPrinter::finished(const json::object& data) {
  const auto status = text_at(data, "status");
  end_text();
  if (const auto answer = text_at(data, "answer"); !answer.empty()) print_text(out_, fmt::format("\n{}\n\n", answer));
  const auto& usage = object_at(data, "usage");
  const auto prompt = usage.empty() ? number_at(data, "prompt") : number_at(usage, "prompt");
  const auto completion = usage.empty() ? number_at(data, "completion") : number_at(usage, "completion");
  auto text = fmt::format("run {} {}", run_id_, status);
  if (const auto reason = text_at(data, "reason"); !reason.empty()) text += fmt::format(" ({})", reason);
  text += fmt::format(" · {} tokens ({} prompt, {} generated)", grouped(prompt + completion), grouped(prompt),
                      grouped(completion));
  if (tokens_left_ >= 0) text += fmt::format(", {} left in your window", grouped(tokens_left_));
  line(text);
  line(fmt::format("what was decided and why: writ audit list --run {}", run_id_));
}

void EventPrinter::trace(const orchestrator::RunEvent& event) {
  const auto& data = event.data;
  if (event.type == "delta") {
    const auto text = text_at(data, "text");
    if (!in_text_) print_text(out_, "  ");
    in_text_ = streamed_ = true;
    print_text(out_, text);
  } else if (event.type == "run_started") {
    line(fmt::format("run {} · capsule {} · model {}", run_id_, text_at(data, "capsule"),
                     text_at(data, "model").empty() ? "default" : text_at(data, "model")));
  } else if (event.type == "decided") {
    decided(data);
  } else if (event.type == "step_started") {
    streamed_ = false;
    if (text_at(data, "kind") == "tool")
      line(fmt::format("  → {} {}", text_at(data, "tool"), shown(data.if_contains("arguments"))));
  } else if (event.type == "step_restarted") {
    line(fmt::format("  … step {} begins again, attempt {}", number_at(data, "step"), number_at(data, "attempt")));
  } else if (event.type == "tool_result") {
    line(fmt::format("  ← {} {}", text_at(data, "tool"), shown(data.if_contains("result"))));
  } else if (event.type == "context_trimmed") {
    line(fmt::format(
        "  … not all of the conversation fits into the model's context of {} tokens: {} earlier exchanges and "
        "{} steps left out, {} results shortened",
        number_at(data, "context"), number_at(data, "exchanges"), number_at(data, "steps"),
        number_at(data, "results")));
  } else if (event.type == "model_output") {
    end_text();
    if (const auto reason = text_at(data, "reason"); !reason.empty())
      line(fmt::format("  ✗ output withheld: {}", reason));
  } else if (event.type == "review_requested") {
    const auto id = text_at(data, "review_id");
    const auto rule = text_at(data, "rule");
    line(fmt::format("  ? {} {} waits for a person with scope {}{}: writ review {} approve|deny", text_at(data, "tool"),
                     shown(data.if_contains("arguments")), text_at(data, "scope"),
                     rule.empty() ? "" : fmt::format(" (rule {})", rule), id));
  } else if (event.type == "review_answered") {
    line(fmt::format("  ! review answered: {} by {}", text_at(data, "answer"), text_at(data, "by")));
  } else if (event.type == "waiting_dependency") {
    line(fmt::format("  … waits: {}; tries again at {}", text_at(data, "what"), text_at(data, "retry_at")));
  } else if (event.type == "run_finished") {
    finished(data);
  }
}

}  // namespace writ::cli
