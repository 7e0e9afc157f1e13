// Every operation of the port, in this process and over HTTP.
#include "orchestrator/api/orchestrator_port.h"

#include "http/port_contract.h"

namespace writ::orchestrator {
namespace {

TEST(OrchestratorPortContract, start) { http::contract::check(op::start); }
TEST(OrchestratorPortContract, post) { http::contract::check(op::post); }
TEST(OrchestratorPortContract, session) { http::contract::check(op::session); }
TEST(OrchestratorPortContract, run) { http::contract::check(op::run); }
TEST(OrchestratorPortContract, watch) { http::contract::check(op::watch); }
TEST(OrchestratorPortContract, cancel) { http::contract::check(op::cancel); }
TEST(OrchestratorPortContract, answer) { http::contract::check(op::answer); }
TEST(OrchestratorPortContract, reviews) { http::contract::check(op::reviews); }

}  // namespace
}  // namespace writ::orchestrator
