// Every operation of the port, in this process and over HTTP.
#include "identity/api/identity_port.h"

#include "http/port_contract.h"

namespace writ::identity {
namespace {

TEST(IdentityPortContract, token) { http::contract::check(op::token); }
TEST(IdentityPortContract, issue) { http::contract::check(op::issue); }
TEST(IdentityPortContract, verify) { http::contract::check(op::verify); }
TEST(IdentityPortContract, revoke) { http::contract::check(op::revoke); }
TEST(IdentityPortContract, create_key) { http::contract::check(op::create_key); }
TEST(IdentityPortContract, exchange) { http::contract::check(op::exchange); }
TEST(IdentityPortContract, resolve) { http::contract::check(op::resolve); }
TEST(IdentityPortContract, set_scopes) { http::contract::check(op::set_scopes); }
TEST(IdentityPortContract, narrow_key) { http::contract::check(op::narrow_key); }
TEST(IdentityPortContract, remove) { http::contract::check(op::remove); }
TEST(IdentityPortContract, check_approver) { http::contract::check(op::check_approver); }
TEST(IdentityPortContract, revocations) { http::contract::check(op::revocations); }
TEST(IdentityPortContract, jwks) { http::contract::check(op::jwks); }

}  // namespace
}  // namespace writ::identity
