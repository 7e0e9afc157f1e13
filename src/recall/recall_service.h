// RecallService: the rules of memories. Nothing is read or written without a grant that policy signed for it.
#pragma once

#include "policy/api/grant.h"
#include "recall/api/recall_port.h"
#include "recall/recall_store.h"

namespace writ::recall {

class RecallService final : public RecallPort {
 public:
  RecallService(RecallStore& store, policy::GrantVerifier& grants) : store_(store), grants_(grants) {}
  Task<Result<Stored>> put(Context ctx, PutMemory in) override;
  Task<Result<Memory>> get(Context ctx, GetMemory in) override;

 private:
  RecallStore& store_;
  policy::GrantVerifier& grants_;
};

}  // namespace writ::recall
