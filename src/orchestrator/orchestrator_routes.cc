#include "orchestrator/orchestrator.h"

namespace writ::orchestrator {

http::Routes orchestrator_routes(http::Invoker& invoker, OrchestratorPort& port) {
  http::Routes routes(invoker);
  routes.add(op::start, port, &OrchestratorPort::start);
  routes.add(op::post, port, &OrchestratorPort::post);
  routes.add(op::session, port, &OrchestratorPort::session);
  routes.add(op::run, port, &OrchestratorPort::run);
  routes.add(op::watch, port, &OrchestratorPort::watch);
  routes.add(op::cancel, port, &OrchestratorPort::cancel);
  routes.add(op::answer, port, &OrchestratorPort::answer);
  routes.add(op::reviews, port, &OrchestratorPort::reviews);
  return routes;
}

}  // namespace writ::orchestrator
