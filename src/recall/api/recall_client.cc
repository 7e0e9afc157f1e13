#include "recall/api/recall_port.h"

// Not in the header: everybody who knows the port would compile its calls over HTTP once more.

namespace writ::recall {

Task<Result<Stored>> RecallClient::put(Context c, PutMemory in) {
  return b_.call(op::put, &RecallPort::put, std::move(c), std::move(in));
}

Task<Result<Memory>> RecallClient::get(Context c, GetMemory in) {
  return b_.call(op::get, &RecallPort::get, std::move(c), std::move(in));
}

}  // namespace writ::recall
