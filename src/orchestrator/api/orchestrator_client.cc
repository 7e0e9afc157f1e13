#include "orchestrator/api/orchestrator_port.h"

// Not in the header: everybody who knows the port would compile its calls over HTTP once more.

namespace writ::orchestrator {

Task<Result<Started>> OrchestratorClient::start(Context c, StartSession in) {
  return b_.call(op::start, &Port::start, std::move(c), std::move(in));
}

Task<Result<Started>> OrchestratorClient::post(Context c, PostMessage in) {
  return b_.call(op::post, &Port::post, std::move(c), std::move(in));
}

Task<Result<Session>> OrchestratorClient::session(Context c, SessionRef in) {
  return b_.call(op::session, &Port::session, std::move(c), std::move(in));
}

Task<Result<Run>> OrchestratorClient::run(Context c, RunRef in) {
  return b_.call(op::run, &Port::run, std::move(c), std::move(in));
}

Task<Result<StreamPtr<RunEvent>>> OrchestratorClient::watch(Context c, WatchRun in) {
  return b_.open(op::watch, &Port::watch, std::move(c), std::move(in));
}

Task<Result<Run>> OrchestratorClient::cancel(Context c, RunRef in) {
  return b_.call(op::cancel, &Port::cancel, std::move(c), std::move(in));
}

Task<Result<Review>> OrchestratorClient::answer(Context c, AnswerReview in) {
  return b_.call(op::answer, &Port::answer, std::move(c), std::move(in));
}

Task<Result<ReviewPage>> OrchestratorClient::reviews(Context c, ListReviews in) {
  return b_.call(op::reviews, &Port::reviews, std::move(c), std::move(in));
}

}  // namespace writ::orchestrator
