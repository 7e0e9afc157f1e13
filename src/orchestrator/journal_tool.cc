#include "orchestrator/journal_tool.h"

#ifdef WRIT_FAIL_POINTS
#include <fstream>

#include "tools/schemas.h"

namespace writ::orchestrator {
namespace {

class Journal final : public tools::Tool {
 public:
  explicit Journal(std::filesystem::path file) : file_(std::move(file)) {}
  const tools::ToolInfo& info() const override { return info_; }
  Task<Result<json::value>> call(Context, tools::ToolCallContext, json::object arguments) override {
    std::ofstream out(file_, std::ios::app);
    out << text_at(arguments, "text") << '\n' << std::flush;
    if (!out) co_return fail(internal("the journal cannot be written", "journal"));
    co_return json::value{{"written", true}};
  }

 private:
  const std::filesystem::path file_;
  const tools::ToolInfo info_{.name = "journal",
                              .description = "Write one line into the journal.",
                              .input_schema = tools::object_schema({{"text", tools::text_schema(1, 1000)}}, {"text"}),
                              .output_schema = tools::object_schema({{"written", {{"type", "boolean"}}}}, {"written"}),
                              .effect = tools::Effect::once,
                              .timeout = Seconds{5}};
};

}  // namespace

std::unique_ptr<tools::Tool> make_journal(std::filesystem::path file) {
  return std::make_unique<Journal>(std::move(file));
}

}  // namespace writ::orchestrator
#endif
