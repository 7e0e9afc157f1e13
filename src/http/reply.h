// What a route gets and gives: raw requests and answers, for doors that are not made of field tables.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "async/channel.h"
#include "core/context.h"
#include "http/message.h"

namespace writ::http {

struct RawRequest {
  RequestHead head;
  std::vector<std::pair<std::string, std::string>> params;  // of the path template, percent-decoded
  std::string body;                                         // whole, at most the operation's body_max

  /// The value of `{name}`, "" when the template has none.
  [[nodiscard]] std::string_view param(std::string_view name) const;
};

/// A whole answer, or a stream when `stream` is set: each item is written at once as one chunk. An error in mid-stream
/// cuts the connection, so that a client sees a cut and not an end; write your dialect's error as a last item instead.
struct RawResponse {
  int status = 200;
  std::string content_type{json_type};
  std::string body;
  std::vector<Header> headers{};
  StreamPtr<std::string> stream{};
  std::string heartbeat{};  // written when a stream was silent for 15 s, such as ":\n\n"; empty for none
};

/// The error becomes the answer in the operation's dialect.
using RawHandler = std::function<Task<Result<RawResponse>>(Context, RawRequest)>;

/// How a stream's end and errors are told to the client.
enum class Framing { raw, sse };
struct Reply {
  RawResponse response;
  Framing framing = Framing::raw;
};

}  // namespace writ::http
