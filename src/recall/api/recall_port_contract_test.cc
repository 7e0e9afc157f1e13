// Every operation of the port, in this process and over HTTP.
#include "recall/api/recall_port.h"

#include "http/port_contract.h"

namespace writ::recall {
namespace {

TEST(RecallPortContract, put) { http::contract::check(op::put); }
TEST(RecallPortContract, get) { http::contract::check(op::get); }

}  // namespace
}  // namespace writ::recall
