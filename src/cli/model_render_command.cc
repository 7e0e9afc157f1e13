#include <iostream>

#include "cli/command.h"
#include "cli/terminal.h"
#include "slm/prompt_renderer.h"

namespace writ::cli {
namespace {

Result<json::object> rendered(const slm::PromptRenderer& renderer, const std::string& line, bool with_tokens) {
  WRIT_TRY(const auto document, parse_json(line));
  WRIT_TRY(auto request, schema::decode<slm::RenderRequest>(document));
  WRIT_TRY(const auto prompt, renderer.render(std::move(request)));
  json::object out{{"text", prompt.chat.prompt}};
  if (with_tokens) out["tokens"] = json::array(prompt.tokens.begin(), prompt.tokens.end());
  return out;
}

json::object told(const Error& error) {
  json::array problems;
  for (const auto& problem : error.problems)
    problems.push_back({{"pointer", problem.pointer}, {"message", problem.message}});
  return {{"error", {{"code", error.code}, {"message", error.message}, {"problems", std::move(problems)}}}};
}

}  // namespace

int model_render(const ModelRenderOptions& options) {
  const auto settings = settings_or_tell();
  if (!settings) return cannot_start;
  const auto renderer = slm::PromptRenderer::open(settings->slm, options.model);
  if (!renderer) return tell(renderer.error(), cannot_start);
  int code = done;
  for (std::string line; std::getline(std::cin, line);) {
    auto out = rendered(*renderer, line, options.tokens);
    if (!out) code = failed;
    print_json(stdout, out ? *out : told(out.error()));
    // Who waits for this answer before the next question would wait for ever otherwise.
    if (std::ferror(stdout) != 0) return tell(unavailable("stdout", "stdout cannot be written", std::nullopt));
  }
  return code;
}

}  // namespace writ::cli
