// EvaluationRun: plays all cases, several at once, tells how far it is, and keeps the scores.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "cli/evaluation_server.h"
#include "evaluation/conversation.h"

namespace writ::cli {

class EvaluationRun {
 public:
  struct Wrong {
    std::size_t index = 0;  // of the case
    evaluation::Outcome outcome;
  };
  /// Everything given outlives it.
  EvaluationRun(EvaluationServer& server, const std::vector<evaluation::Case>& cases,
                const evaluation::RequestForm& form)
      : server_(server), cases_(cases), form_(form) {}

  /// Plays until all are done, one cannot be asked, or `stop` is requested. Progress goes to stderr.
  /// Errors: those of EvaluationServer::complete; unavailable (all_refused). What was scored until then stays.
  [[nodiscard]] Status play(std::int32_t jobs, std::stop_source stop);

  [[nodiscard]] const evaluation::Scores& scores() const { return scores_; }
  /// In the order of the cases.
  [[nodiscard]] const std::vector<Wrong>& wrong() const { return wrong_; }
  [[nodiscard]] std::size_t played() const { return played_; }
  [[nodiscard]] Millis took() const { return took_; }
  /// Who answered, as it says itself, and what it counted.
  [[nodiscard]] const std::string& model() const { return model_; }
  [[nodiscard]] std::int64_t prompt_tokens() const { return prompt_tokens_; }
  [[nodiscard]] std::int64_t completion_tokens() const { return completion_tokens_; }

 private:
  // All on one loop, so nothing here needs a lock.
  Task<void> work();
  Task<Status> play_one(std::size_t index);
  Task<Status> play_all(std::int32_t jobs);
  void count(const json::value& completion);
  void tell_progress() const;

  EvaluationServer& server_;
  const std::vector<evaluation::Case>& cases_;
  const evaluation::RequestForm& form_;
  std::stop_source stop_;
  async::Signal one_ended_;
  std::int32_t working_ = 0;
  std::size_t next_ = 0;
  Status status_;
  SteadyTime began_{};
  Millis took_{};
  evaluation::Scores scores_;
  std::vector<Wrong> wrong_;
  std::size_t played_ = 0;
  std::string model_;
  std::int64_t prompt_tokens_ = 0, completion_tokens_ = 0;
};

}  // namespace writ::cli
