// EvaluationServer: whom an evaluation asks: an upstream by its URL, or a platform in this process that keeps nothing.
//
// The platform has a data folder of its own: rules, grants, detectors and audit are on the path as they always are, but
// thousands of calls neither spend the person's budget nor fill their audit chain.
#pragma once

#include <memory>

#include "app/platform.h"
#include "cli/temporary_folder.h"
#include "http/client.h"

namespace writ::cli {

class EvaluationServer {
 public:
  /// url: as OpenAI's clients take it, with or without /v1. Errors: invalid (bad_url).
  [[nodiscard]] static Result<std::unique_ptr<EvaluationServer>> upstream(std::string_view url, std::string key);
  /// settings: which models there are and how they are run. model: empty is the default one. jobs: answers at once.
  /// Errors: those of Platform::make and start.
  [[nodiscard]] static Result<std::unique_ptr<EvaluationServer>> in_process(slm::SlmSettings settings,
                                                                            const std::string& model,
                                                                            std::int32_t jobs);
  ~EvaluationServer();

  struct Reply {
    std::optional<json::value> completion;
    std::string refusal{};  // without a completion: why this very request was not answered
  };
  /// POST …/chat/completions. What a server that is busy refuses is repeated. Thread: a loop of loops().
  /// Errors: what would make all other requests fail too, with the fix.
  [[nodiscard]] Task<Result<Reply>> complete(Context ctx, json::object body);

  [[nodiscard]] async::Loops& loops() { return platform_ ? platform_->loops() : *loops_; }

 private:
  EvaluationServer() = default;

  std::optional<TemporaryFolder> folder_;
  std::unique_ptr<app::Platform> platform_;
  std::unique_ptr<async::Loops> loops_;
  std::unique_ptr<http::Client> client_;
  Secret key_;
};

}  // namespace writ::cli
