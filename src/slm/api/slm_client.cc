#include "slm/api/slm_port.h"

// Not in the header: everybody who knows the port would compile its calls over HTTP once more.

namespace writ::slm {

Task<Result<StreamPtr<ChatEvent>>> SlmClient::chat(Context c, ChatRequest in) {
  return b_.open(op::chat, &SlmPort::chat, std::move(c), std::move(in));
}

Task<Result<Count>> SlmClient::count(Context c, Prompt in) {
  return b_.call(op::count, &SlmPort::count, std::move(c), std::move(in));
}

Task<Result<ModelList>> SlmClient::models(Context c, http::Nothing in) {
  return b_.call(op::models, &SlmPort::models, std::move(c), std::move(in));
}

}  // namespace writ::slm
