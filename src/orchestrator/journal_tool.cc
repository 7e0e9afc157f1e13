#include "orchestrator/journal_tool.h"

#ifdef WRIT_FAIL_POINTS
#include <atomic>
#include <fstream>
#include <thread>

#include "async/signal.h"
#include "tools/schemas.h"

namespace writ::orchestrator {
namespace {

class Journal final : public tools::Tool {
 public:
  explicit Journal(std::filesystem::path file) : file_(std::move(file)) {}
  const tools::ToolInfo& info() const override { return info_; }
  // On a thread of its own: a file that is a pipe which nobody reads holds it for ever, as any tool may be held.
  Task<Result<json::value>> call(Context, tools::ToolCallContext, json::object arguments) override {
    auto writing = std::make_shared<Writing>();  // shared with the thread, which may outlive the process's patience
    std::thread([writing, file = file_, line = std::string(text_at(arguments, "text")) + '\n'] {
      std::ofstream out(file, std::ios::app);
      out << line << std::flush;
      writing->good = static_cast<bool>(out);
      writing->done.notify();
    }).detach();
    (void)co_await writing->done.wait(SteadyTime::max(), {});
    if (!writing->good) co_return fail(internal("the journal cannot be written", "journal"));
    co_return json::value{{"written", true}};
  }

 private:
  struct Writing {
    async::Signal done;
    std::atomic<bool> good{false};
  };
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
