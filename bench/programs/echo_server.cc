// A server with one operation that answers what it is asked: the cost of the http room itself, with identity's own
// authenticator in front and a caller whose key was verified before. Prints its port and serves until its input ends.
#include <unistd.h>

#include "http/server.h"
#include "identity/api/authenticators.h"
#include "identity/api/trust_feed.h"
#include "identity/identity.h"
#include "policy/api/refusing_policy_port.h"
#include "sql/sqlite.h"
#include "workbench.h"

namespace writ::bench {
namespace {

using schema::field;
using schema::field_or_default;

/// About as large and as nested as the requests of the public door.
struct Line {
  std::string name;
  std::int64_t amount = 0;
  static constexpr auto fields() {
    return std::tuple(field("name", &Line::name, schema::text(1, 64), "What."),
                      field("amount", &Line::amount, schema::number(0, 1000), "How many."));
  }
};
struct Order {
  std::string order_id, customer, note;
  std::vector<Line> lines;
  bool urgent = false;
  static constexpr auto fields() {
    return std::tuple(field("order_id", &Order::order_id, schema::text(1, 64), "Id."),
                      field("customer", &Order::customer, schema::text(1, 64), "Who."),
                      field_or_default("note", &Order::note, schema::text(0, 1024), "Text."),
                      field("lines", &Order::lines, schema::list(1, 16), "Lines."),
                      field_or_default("urgent", &Order::urgent, schema::any, "Whether it is."));
  }
};
constexpr http::Unary<Order, Order> echo{{.id = "bench.echo",
                                          .method = http::Method::post,
                                          .path = "/v1/orders/{order_id}",
                                          .summary = "Answers what it is asked.",
                                          .exposure = http::public_door,
                                          .access = "runs:read"}};

struct Orders {
  Task<Result<Order>> answer(Context, Order in) { co_return in; }
};

int run(const Arguments& arguments) {
  const ScratchData data(arguments.text("--folder", "."));
  const auto& folder = data.folder();
  Process process("bench", 1);
  policy::RefusingPolicyPort no_policy;  // nobody keeps an audit here: what identity has to tell waits
  auto identity = identity::make_service(
      {.database = must(sql::open_sqlite(folder.database("identity"), identity::identity_migrations())),
       .settings = {},
       .key_encryption_key = must(folder.secret("identity")),
       .bootstrap = must(folder.bootstrap()),
       .registry = process.registry,
       .invoker = process.invoker,
       .policy = [&no_policy]() -> policy::PolicyPort& { return no_policy; },
       .log = process.log,
       .clock = system_clock(),
       .random = system_random()});
  must(process.loops.run(identity.service.start({process.loops, process.tasks})));
  identity::TokenVerifier verifier(system_clock());
  identity::TrustFeed feed(identity.port, verifier, system_clock());
  must(process.loops.run(feed.refresh(Context{}.within(Seconds{10}))));
  must(process.tasks.spawn(process.loops.at(0), "trust", feed.run(process.tasks.stopping())));
  identity::PublicAuthenticator authenticator(verifier, identity.port, nullptr, system_clock());

  Orders orders;
  http::Routes routes(process.invoker);
  routes.add(echo, orders, &Orders::answer);
  http::RouteSet set({http::public_door});
  set.add(routes);
  const auto server = must(http::Server::start(process.loops, {.bind = "127.0.0.1"}, std::move(set), authenticator,
                                               process.registry, process.log));
  print({{"port", server->port()}, {"key", must(folder.local_key()).reveal()}});
  for (char ignored = 0; ::read(STDIN_FILENO, &ignored, 1) > 0;) {}
  must(process.loops.run(server->stop(Seconds{5})));
  must(process.loops.run(process.tasks.stop(Seconds{5})));
  return 0;
}

}  // namespace
}  // namespace writ::bench

int main(int argc, char** argv) { return writ::bench::run(writ::bench::Arguments(argc, argv)); }
