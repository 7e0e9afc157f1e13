// Client: HTTP/1.1 to one base URL with pooled connections; says of every failure whether the request may have had an effect.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "async/channel.h"
#include "core/context.h"
#include "http/message.h"
#include "http/operation.h"

namespace writ::http {

struct ClientLimits {
  std::size_t connections_max = 64;  // per loop; further requests wait
  std::size_t waiting_max = 1024;  // per loop; further requests are refused
  std::size_t header_max = 16 * 1024;  // bytes of an answer's head
  std::size_t body_max = 16U << 20U;  // bytes of a whole answer; streams have no limit in sum
  Millis connect_timeout = Seconds{3};
  Millis idle_max = Seconds{30};  // below the server's idle timeout, so that it seldom closes under us
};

struct ClientRequest {
  Method method = Method::get;
  std::string target;  // path and query, percent-encoded
  std::vector<Header> headers{};
  std::string content_type{};  // sent with a body
  std::string body{};
  Repeat repeat = Repeat::unsafe;
  Millis silence{0};  // of open_stream(): so long without a byte ends it as cut; 0 for streams without heartbeats
};

struct ClientResponse {
  int status = 0;
  std::vector<Header> headers;
  std::string body;
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

/// A 2xx answer whose body comes as `stream`; any other answer is whole in `response.body` and `stream` is null.
struct ClientStream {
  ClientResponse response;
  StreamPtr<std::string> stream;
};

class Client {
 public:
  /// base_url: "http://host:port", with an optional path that goes before every target. Errors: invalid (bad_url).
  [[nodiscard]] static Result<std::unique_ptr<Client>> create(std::string_view base_url, ClientLimits limits = {});
  /// Destroyed before the loops it was used on.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Any HTTP status is a value. Sends `Writ-Timeout` and `traceparent` of the context. Repeats once by itself: on a pooled
  /// connection that turns out closed, when nothing was sent or the request is idempotent.
  /// Errors: unavailable (connect_failed, resolve_failed, connection_cut, queue_full, bad_reply), deadline, cancelled,
  /// too_large (answer_too_large), invalid (bad_header), each with its outcome:
  /// not_sent before the first byte, unknown after it. Cancellation: closes the connection. Thread: any loop.
  [[nodiscard]] Task<Result<ClientResponse>> send(Context ctx, ClientRequest request);
  /// As send(), for a body that is read as it comes. Dropping the stream, an error or the context's end closes the connection.
  /// The stream is read on the loop that opened it.
  [[nodiscard]] Task<Result<ClientStream>> open_stream(Context ctx, ClientRequest request);

  [[nodiscard]] const std::string& base_url() const;

 private:
  class Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace writ::http
