// Every operation of the port, in this process and over HTTP.
#include "policy/api/policy_port.h"

#include "http/port_contract.h"

namespace writ::policy {
namespace {

TEST(PolicyPortContract, evaluate) { http::contract::check(op::evaluate); }
TEST(PolicyPortContract, inspect) { http::contract::check(op::inspect); }
TEST(PolicyPortContract, settle) { http::contract::check(op::settle); }
TEST(PolicyPortContract, finish) { http::contract::check(op::finish); }
TEST(PolicyPortContract, append_audit) { http::contract::check(op::append_audit); }
TEST(PolicyPortContract, list_audit) { http::contract::check(op::list_audit); }
TEST(PolicyPortContract, verify_audit) { http::contract::check(op::verify_audit); }
TEST(PolicyPortContract, watch_audit_verification) { http::contract::check(op::watch_audit_verification); }
TEST(PolicyPortContract, export_audit) { http::contract::check(op::export_audit); }
TEST(PolicyPortContract, audit_head) { http::contract::check(op::audit_head); }
TEST(PolicyPortContract, budget) { http::contract::check(op::budget); }
TEST(PolicyPortContract, constitution) { http::contract::check(op::constitution); }
TEST(PolicyPortContract, keys) { http::contract::check(op::keys); }

}  // namespace
}  // namespace writ::policy
