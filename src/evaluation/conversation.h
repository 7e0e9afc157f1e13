// Conversation: the client's side of one case, step by step; the caller sends its requests and gives it the replies.
//
//   asking ──take(right calls)──▶ asking
//      ├──take(the last step, or a wrong one)──▶ ended
//      └──refuse()──▶ ended
#pragma once

#include "evaluation/cases.h"
#include "evaluation/score.h"

namespace writ::evaluation {

struct RequestForm {
  std::string model;  // "": the server's default
  std::int64_t max_tokens = 256;
};

class Conversation {
 public:
  /// The case outlives it.
  Conversation(const Case& one, const RequestForm& form);

  [[nodiscard]] bool ended() const { return ended_; }
  /// The next request's body, for POST /v1/chat/completions.
  [[nodiscard]] json::object request() const;
  /// The body of the reply.
  void take(const json::value& reply);
  /// The server refused the request: the model could not answer.
  void refuse(std::string why);

  [[nodiscard]] const Outcome& outcome() const { return outcome_; }

 private:
  void wrong(std::string why);
  [[nodiscard]] const Step& step() const { return one_.steps[at_]; }

  const Case& one_;
  const RequestForm& form_;
  json::array messages_;
  std::size_t at_ = 0;
  bool ended_ = false;
  Outcome outcome_;
};

}  // namespace writ::evaluation
