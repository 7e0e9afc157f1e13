#include "gateway/direct_call.h"

#include "governed/questions.h"

namespace writ::gateway {

Task<Result<OpenCall>> DirectCalls::open(Context ctx, slm::Prompt prompt) {
  OpenCall out;
  out.id = make_id<CallId>(clock_.now(), random_);
  WRIT_CO_TRY(out.items, co_await governed_.chat(
                             std::move(ctx), {.request_id = out.id.str(), .actor = {}, .prompt = std::move(prompt)}));
  WRIT_CO_TRY(auto first, co_await out.items->next());
  if (!first || !first->decided) co_return fail(internal("a governed chat begins with its decision", "direct_call"));
  out.decided = std::move(*first->decided);
  const auto& decision = out.decided.decision;
  if (decision.decision == policy::Verdict::allow) co_return out;
  const auto reason = governed::reason_of(decision) + " (" + decision.decision_id.str() + ")";
  if (decision.decision == policy::Verdict::review) {
    probe_.refused(Refused::review_required);
    co_return fail(
        forbidden("review_required", "a person must approve this, which only a run can wait for: " + reason));
  }
  probe_.refused(Refused::policy_denied);
  co_return fail(forbidden("policy_denied", reason));
}

Task<Result<governed::ChatItem::End>> DirectCalls::finish(StreamPtr<governed::ChatItem> items) {
  for (;;) {
    WRIT_CO_TRY(auto item, co_await items->next());
    if (!item) co_return fail(internal("a governed chat ended without its end", "direct_call"));
    if (item->end) co_return std::move(*item->end);
  }
}

}  // namespace writ::gateway
