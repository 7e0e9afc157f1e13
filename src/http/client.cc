#include "http/client.h"

#include <algorithm>
#include <map>
#include <mutex>

#include <boost/asio/dispatch.hpp>

#include "http/call_headers.h"
#include "http/client_pool.h"
#include "http/uri.h"
#include "observability/span.h"

namespace writ::http {
namespace {

Error late() {
  auto error = deadline_exceeded("http client");
  error.outcome = Outcome::not_sent;
  return error;
}

// A pooled connection that the server had closed: not one byte of an answer came.
bool stale(const Error& error) { return error.kind == ErrorKind::unavailable && error.code == "connection_cut"; }

// A line break in a header would begin another header, or another request.
bool well_formed(const ClientRequest& request) {
  const auto one_line = [](std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
  };
  if (!one_line(request.target) || request.target.find(' ') != std::string::npos || !one_line(request.content_type))
    return false;
  return std::ranges::all_of(request.headers, [&](const auto& h) { return one_line(h.name) && one_line(h.value); });
}

// The connection of a stream, until it has been read to its end.
struct OpenBody {
  OpenBody(ClientPool::Lease l, const Context& ctx)
      : lease(std::move(l)), guard(std::make_unique<ContextGuard>(lease.connection, lease.executor(), ctx)) {}
  ClientPool::Lease lease;
  std::unique_ptr<ContextGuard> guard;  // goes before the lease
};

class BodyStream final : public Stream<std::string> {
 public:
  BodyStream(std::unique_ptr<OpenBody> body, Millis silence) : body_(std::move(body)), silence_(silence) {}
  ~BodyStream() override { drop(); }

  Task<Result<std::optional<std::string>>> next() override {
    while (body_) {
      auto& connection = *body_->lease.connection;
      auto text = connection.take_body();
      if (!text.empty()) co_return std::optional<std::string>(std::move(text));
      if (last_) {
        drop();
        break;
      }
      const auto quiet = silence_ > Millis{0} ? std::make_unique<SilenceGuard>(body_->lease.connection,
                                                                               body_->lease.executor(), silence_)
                                              : nullptr;
      auto more = co_await connection.read_some();
      if (!more) {
        auto error = std::move(more).error();
        connection.close();
        drop();
        co_return fail(std::move(error));
      }
      last_ = !*more;
    }
    co_return std::optional<std::string>();
  }
  void mark_whole() { last_ = true; }

 private:
  // Wherever the stream is dropped, its connection is touched on its own loop.
  void drop() {
    if (!body_) return;
    const auto on = body_->lease.executor();
    asio::dispatch(on, [body = std::shared_ptr<OpenBody>(std::move(body_))] {});
  }

  std::unique_ptr<OpenBody> body_;
  const Millis silence_;
  bool last_ = false;
};

}  // namespace

std::string_view ClientResponse::header(std::string_view name) const {
  for (const auto& h : headers)
    if (same_name(h.name, name)) return h.value;
  return {};
}

class Client::Impl {
 public:
  Impl(std::string base_url, std::string host, std::string port, std::string prefix, ClientLimits limits)
      : base_url_(std::move(base_url)),
        host_(std::move(host)),
        port_(std::move(port)),
        prefix_(std::move(prefix)),
        limits_(limits) {}

  Task<Result<std::unique_ptr<OpenBody>>> exchange(Context ctx, const ClientRequest& request, bool streaming) {
    if (ctx.expired()) co_return fail(late());
    if (!well_formed(request)) {
      auto error = invalid("bad_header", "a header or the target holds a line break");
      error.outcome = Outcome::not_sent;
      co_return fail(std::move(error));
    }
    const auto pool = pool_of(co_await async::this_executor());
    const auto bytes = format(ctx, request);
    const bool again = request.repeat == Repeat::idempotent;
    for (bool only_new = false;; only_new = true) {
      WRIT_CO_TRY(auto lease, co_await pool->take(ctx, only_new));
      const bool pooled = lease.pooled;
      auto body = std::make_unique<OpenBody>(std::move(lease), ctx);
      auto& connection = *body->lease.connection;
      connection.begin(limits_, streaming);
      auto status = co_await connection.write(bytes);
      if (status) status = co_await connection.read_head();
      if (status) co_return body;
      connection.close();
      const bool unsent = status.error().outcome == Outcome::not_sent;
      if (!pooled || only_new || !stale(status.error()) || !(unsent || again))
        co_return fail(std::move(status).error());
    }
  }

  [[nodiscard]] const std::string& base_url() const { return base_url_; }

 private:
  std::shared_ptr<ClientPool> pool_of(Executor on) {
    const std::lock_guard lock(mutex_);
    auto& pool = pools_[&on.context()];
    if (!pool) pool = std::make_shared<ClientPool>(on, host_, port_, limits_);
    return pool;
  }

  [[nodiscard]] std::string format(const Context& ctx, const ClientRequest& request) const {
    std::string out(to_string(request.method));
    out.append(" ").append(prefix_).append(request.target).append(" HTTP/1.1\r\n");
    const auto add = [&out](std::string_view name, std::string_view value) {
      out.append(name).append(": ").append(value).append("\r\n");
    };
    add("Host", format_authority(host_, port_));
    if (ctx.deadline != SteadyTime::max()) add("Writ-Timeout", format_timeout(ctx.remaining()));
    if (const auto parent = observability::format_traceparent(ctx.trace); !parent.empty()) add("traceparent", parent);
    if (!request.body.empty())
      add("Content-Type", request.content_type.empty() ? json_type : std::string_view(request.content_type));
    if (!request.body.empty() || (request.method != Method::get && request.method != Method::del))
      add("Content-Length", std::to_string(request.body.size()));
    for (const auto& header : request.headers) add(header.name, header.value);
    return out.append("\r\n").append(request.body);
  }

  const std::string base_url_, host_, port_, prefix_;
  const ClientLimits limits_;
  std::mutex mutex_;
  std::map<const void*, std::shared_ptr<ClientPool>> pools_;  // by loop
};

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;
const std::string& Client::base_url() const { return impl_->base_url(); }

Result<std::unique_ptr<Client>> Client::create(std::string_view base_url, ClientLimits limits) {
  constexpr std::string_view scheme = "http://";
  const auto bad = [&] {
    return fail(invalid("bad_url", "\"" + std::string(base_url) + "\" is not of the form http://host:port/path"));
  };
  if (!base_url.starts_with(scheme) || base_url.find_first_of(" \r\n\t?#@") != std::string_view::npos) return bad();
  const auto rest = base_url.substr(scheme.size());
  const auto authority = rest.substr(0, rest.find('/'));
  std::string prefix(rest.substr(authority.size()));
  while (prefix.ends_with('/')) prefix.pop_back();
  const auto closing = authority.starts_with('[') ? authority.find(']') : 0;  // an IPv6 address holds colons
  if (closing == std::string_view::npos) return bad();
  const auto colon = authority.find(':', closing);
  auto host = std::string(authority.substr(0, colon));
  auto port = colon == std::string_view::npos ? std::string("80") : std::string(authority.substr(colon + 1));
  if (closing != 0) host = host.substr(1, closing - 1);
  if (host.empty() || port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != std::string::npos)
    return bad();
  return std::unique_ptr<Client>(new Client(
      std::make_unique<Impl>(std::string(base_url), std::move(host), std::move(port), std::move(prefix), limits)));
}

Task<Result<ClientResponse>> Client::send(Context ctx, ClientRequest request) {
  WRIT_CO_TRY(auto body, co_await impl_->exchange(std::move(ctx), request, false));
  auto& connection = *body->lease.connection;
  WRIT_CO_CHECK(co_await connection.read_body());
  auto out = connection.head();
  out.body = connection.take_body();
  co_return out;
}

Task<Result<ClientStream>> Client::open_stream(Context ctx, ClientRequest request) {
  constexpr int good_from = 200, good_to = 299;
  WRIT_CO_TRY(auto body, co_await impl_->exchange(std::move(ctx), request, true));
  auto& connection = *body->lease.connection;
  ClientStream out{connection.head(), nullptr};
  auto stream = std::make_unique<BodyStream>(std::move(body), request.silence);
  if (connection.whole()) stream->mark_whole();
  if (out.response.status >= good_from && out.response.status <= good_to) {
    out.stream = std::move(stream);
    co_return out;
  }
  constexpr std::size_t error_max = 1U << 20U;  // bytes: a problem document, never a stream
  for (;;) {
    WRIT_CO_TRY(auto piece, co_await stream->next());
    if (!piece) co_return out;
    if (out.response.body.size() + piece->size() > error_max) co_return out;
    out.response.body += *piece;
  }
}

}  // namespace writ::http
