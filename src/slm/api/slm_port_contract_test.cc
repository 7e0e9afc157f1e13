// Every operation of the port, in this process and over HTTP.
#include "slm/api/slm_port.h"

#include "http/port_contract.h"

namespace writ::slm {
namespace {

TEST(SlmPortContract, chat) { http::contract::check(op::chat); }
TEST(SlmPortContract, count) { http::contract::check(op::count); }
TEST(SlmPortContract, models) { http::contract::check(op::models); }

}  // namespace
}  // namespace writ::slm
