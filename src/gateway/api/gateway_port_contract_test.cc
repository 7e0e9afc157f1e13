// Every operation of the port, in this process and over HTTP.
#include "gateway/api/gateway_port.h"

#include "http/port_contract.h"

namespace writ::gateway {
namespace {

TEST(GatewayPortContract, start_session) { http::contract::check(op::start_session); }
TEST(GatewayPortContract, post_message) { http::contract::check(op::post_message); }
TEST(GatewayPortContract, session) { http::contract::check(op::session); }
TEST(GatewayPortContract, run) { http::contract::check(op::run); }
TEST(GatewayPortContract, events) { http::contract::check(op::events); }
TEST(GatewayPortContract, cancel) { http::contract::check(op::cancel); }
TEST(GatewayPortContract, approve) { http::contract::check(op::approve); }
TEST(GatewayPortContract, deny) { http::contract::check(op::deny); }
TEST(GatewayPortContract, retry) { http::contract::check(op::retry); }
TEST(GatewayPortContract, done) { http::contract::check(op::done); }
TEST(GatewayPortContract, reviews) { http::contract::check(op::reviews); }
TEST(GatewayPortContract, audit) { http::contract::check(op::audit); }
TEST(GatewayPortContract, verify_audit) { http::contract::check(op::verify_audit); }
TEST(GatewayPortContract, watch_audit_verification) { http::contract::check(op::watch_audit_verification); }
TEST(GatewayPortContract, export_audit) { http::contract::check(op::export_audit); }
TEST(GatewayPortContract, audit_head) { http::contract::check(op::audit_head); }
TEST(GatewayPortContract, budget) { http::contract::check(op::budget); }

}  // namespace
}  // namespace writ::gateway
