// DirectCalls: model calls made for a client itself, outside any run. Each gets an id here and goes through governed.
#pragma once

#include "core/id.h"
#include "gateway/gateway_metrics.h"
#include "governed/governed.h"

namespace writ::gateway {

/// An allowed call whose answer is on its way.
struct OpenCall {
  CallId id;                        // begins the request id of every question about it
  governed::Decided decided;        // on the model call; its resource is the model that answers
  StreamPtr<governed::ChatItem> items;  // after the decision
};

class DirectCalls {
 public:
  DirectCalls(governed::Governed& governed, const GatewayProbe& probe, const Clock& clock, Random& random)
      : governed_(governed), probe_(probe), clock_(clock), random_(random) {}

  /// Errors: those of Governed::chat; forbidden (policy_denied with the rule's reason, review_required: nobody waits for
  /// a person on a direct call).
  /// Cancellation: dropping the items stops the model and settles what was used.
  [[nodiscard]] Task<Result<OpenCall>> open(Context ctx, slm::Prompt prompt);
  /// Reads to the end. Errors: those of the stream.
  [[nodiscard]] static Task<Result<governed::ChatItem::End>> finish(StreamPtr<governed::ChatItem> items);

 private:
  governed::Governed& governed_;
  const GatewayProbe& probe_;
  const Clock& clock_;
  Random& random_;
};

}  // namespace writ::gateway
