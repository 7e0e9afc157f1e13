// The port contract: what a caller may rely on at any operation, in this process and over HTTP alike. One call per operation
// runs the whole suite over both; a scripted object takes the place of the service, so that every answer can be provoked.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <future>

#include "async/task_group.h"
#include "http/binding.h"
#include "http/test_server.h"
#include "schema/sample.h"

namespace writ::http::contract {

inline constexpr std::string_view way_names[] = {"local", "http"};

/// The object behind an operation, with a script for an answer.
template <class In, class Answer>
struct Scripted {
  Task<Result<Answer>> perform(Context ctx, In in) {
    ++calls;
    return script(std::move(ctx), std::move(in));
  }
  std::function<Task<Result<Answer>>(Context, In)> script;
  std::atomic<int> calls{0};
};

/// One operation over both ways. `Op` is Unary or Streaming; `Answer` what its method gives.
template <class Op, class In, class Answer>
class Bench {
 public:
  using Port = Scripted<In, Answer>;
  explicit Bench(const Op& op) : op_(op), server_(loops, routes()), client_(*Client::create(server_.url())) {}

  /// Runs `check(caller)`, where caller(Context, In) is the operation, for both ways.
  template <class Check>
  void both(Check check) {
    for (const auto way : way_names) {
      SCOPED_TRACE(std::string(op_.info.id) + " " + std::string(way));
      port.calls = 0;
      check(way == way_names[0] ? Binding<Port>(invoker_, caller(), port) : Binding<Port>(invoker_, caller(), remote_));
    }
  }
  Context entitled() const {
    Context ctx;
    ctx.principal = {TenantId("local"), Subject("dev"), PrincipalKind::user, {"other"}, {}};
    if (op_.info.access.kind() == Access::Kind::scope) ctx.principal.scopes.emplace_back(op_.info.access.scope());
    return ctx.within(Seconds{10});
  }
  std::string caller() const {
    return wrong_caller ? "nobody" : std::string(op_.info.callers.any() ? "tester" : op_.info.callers.names[0]);
  }

  bool wrong_caller = false;
  async::Loops loops{2};
  Port port;

 private:
  RouteSet routes() {
    Routes all(invoker_);
    all.add(op_, port, &Port::perform);
    RouteSet set({public_door, internal_only, ops_only});
    set.add(all);
    return set;
  }
  const Op& op_;
  observability::Registry registry_{"contract", "1", "test"};
  Invoker invoker_{registry_};
  TestServer server_;
  std::unique_ptr<Client> client_;
  Remote remote_{*client_, server_.tokens, invoker_, "contract"};
};

inline Error whole_error() {
  auto e = conflict("sample_conflict", "this cannot be");
  e.problems = {{"/a/0", "is wrong"}};
  e.retry_after = std::chrono::seconds(3);
  e.outcome = Outcome::unknown;
  return e;
}

template <class T>
std::string text_of(const T& value) {
  return to_text(schema::encode(value));
}

// The scripts are coroutines of their own: they take what they need by value.
template <class Answer>
Task<Result<Answer>> answer_error(Error error) {
  co_return fail(std::move(error));
}
/// Waits until its context ends it, and says how.
template <class Answer>
Task<Result<Answer>> wait_for_end(Context ctx, std::shared_ptr<std::promise<async::Woken>> ended) {
  const async::Signal never;
  const auto woken = co_await never.wait(ctx);
  ended->set_value(woken);
  co_return fail(woken == async::Woken::cancelled ? cancelled("script") : deadline_exceeded("script"));
}

/// Admission: who may not, and what is late, never reaches the object.
template <class TheBench, class Op, class Call, class In>
void check_admission(TheBench& bench, const Op& op, Call call, const In& in) {
  if (op.info.access.kind() == Access::Kind::scope) {
    bench.both([&](const auto& binding) {
      auto ctx = bench.entitled();
      ctx.principal.scopes = {"other"};
      EXPECT_EQ(bench.loops.run(call(binding, ctx, in)).error().code, "missing_scope");
      EXPECT_EQ(bench.port.calls, 0);
    });
  }
  if (op.info.access.kind() == Access::Kind::service_for_principal) {
    bench.both([&](const auto& binding) {
      auto ctx = bench.entitled();
      ctx.principal = {};
      EXPECT_EQ(bench.loops.run(call(binding, ctx, in)).error().code, "no_principal");
      EXPECT_EQ(bench.port.calls, 0);
    });
  }
  if (!op.info.callers.any()) {
    bench.wrong_caller = true;
    bench.both([&](const auto& binding) {
      EXPECT_EQ(bench.loops.run(call(binding, bench.entitled(), in)).error().code, "caller_not_allowed");
      EXPECT_EQ(bench.port.calls, 0);
    });
    bench.wrong_caller = false;
  }
  bench.both([&](const auto& binding) {
    const auto late = bench.loops.run(call(binding, bench.entitled().within(Millis(-1)), in));
    EXPECT_EQ(late.error().kind, ErrorKind::deadline);
    EXPECT_EQ(late.error().outcome, Outcome::not_sent);
    EXPECT_EQ(bench.port.calls, 0);
  });
}

/// Errors before an answer, the deadline and cancellation, which unary and streaming operations share.
template <class Answer, class TheBench, class Call, class In>
void check_failures(TheBench& bench, Call call, const In& in) {
  bench.port.script = [](Context, In) { return answer_error<Answer>(whole_error()); };
  bench.both([&](const auto& binding) {
    const auto failed = bench.loops.run(call(binding, bench.entitled(), in));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error(), whole_error());
  });
  bench.port.script = [](Context, In) -> Task<Result<Answer>> {
    throw std::runtime_error("secret");
    co_return fail(Error{});
  };
  bench.both([&](const auto& binding) {
    const auto failed = bench.loops.run(call(binding, bench.entitled(), in));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().kind, ErrorKind::internal);
    EXPECT_EQ(failed.error().outcome, Outcome::unknown);
  });
  const auto ended_by = [&](Context ctx, const auto& binding, const std::function<void()>& meanwhile) {
    const auto ended = std::make_shared<std::promise<async::Woken>>();  // shared with the script
    const auto entered = std::make_shared<std::promise<void>>();
    bench.port.script = [ended, entered](Context c, In) {
      entered->set_value();
      return wait_for_end<Answer>(std::move(c), ended);
    };
    auto running = std::async(std::launch::async, [&] { return bench.loops.run(call(binding, ctx, in)); });
    entered->get_future().wait();
    meanwhile();
    const auto failed = running.get();
    EXPECT_FALSE(failed);
    auto woken = ended->get_future();
    EXPECT_EQ(woken.wait_for(Seconds{10}), std::future_status::ready) << "the object never learnt of it";
    return std::pair(failed ? Error{} : failed.error(), woken.get());
  };
  bench.both([&](const auto& binding) {
    const auto [error, woken] = ended_by(bench.entitled().within(Millis(300)), binding, [] {});
    EXPECT_EQ(error.kind, ErrorKind::deadline);
    EXPECT_EQ(error.outcome, Outcome::unknown);
  });
  bench.both([&](const auto& binding) {
    std::stop_source stop;
    auto ctx = bench.entitled();
    ctx.cancel = stop.get_token();
    const auto [error, woken] = ended_by(ctx, binding, [&] { stop.request_stop(); });
    EXPECT_EQ(error.kind, ErrorKind::cancelled);
    EXPECT_EQ(woken, async::Woken::cancelled);
  });
}

/// The suite of one unary operation: `in` and `out` are samples that fit its types.
template <class In, class Out>
void check_unary(const Unary<In, Out>& op, const In& in, const Out& out) {
  Bench<Unary<In, Out>, In, Out> bench(op);
  using Port = Scripted<In, Out>;
  const auto call = [&](const auto& binding, Context ctx, In sent) {
    return binding.call(op, &Port::perform, std::move(ctx), std::move(sent));
  };
  std::string got;
  Context seen;
  bench.port.script = [&](Context ctx, In received) -> Task<Result<Out>> {
    got = text_of(received);
    seen = std::move(ctx);
    return [](Out o) -> Task<Result<Out>> { co_return o; }(out);
  };
  bench.both([&](const auto& binding) {
    auto ctx = bench.entitled();
    ctx.idempotency_key = "key-1";
    const auto result = bench.loops.run(call(binding, ctx, in));
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(text_of(*result), text_of(out));
    EXPECT_EQ(got, text_of(in));
    EXPECT_EQ(seen.idempotency_key, "key-1");
    EXPECT_LE(seen.remaining(), op.info.deadline);
    if (op.info.access.kind() == Access::Kind::open) return;  // then nobody asks who it is
    EXPECT_EQ(seen.principal.subject, ctx.principal.subject);
    EXPECT_EQ(seen.caller, bench.caller());
  });
  check_admission(bench, op, call, in);
  check_failures<Out>(bench, call, in);
}

template <class Item>
Task<void> produce(async::StreamWriter<Item> writer, Item item, int count, std::optional<Error> error,
                   std::shared_ptr<std::promise<int>> sent) {
  Context until_gone;
  until_gone.cancel = writer.consumer_gone();
  int n = 0;
  while (n < count && co_await writer.push(item, until_gone)) ++n;
  if (n == count) writer.close(std::move(error));
  sent->set_value(n);
}

template <class Item>
Task<Result<int>> drain(StreamPtr<Item>* stream, std::string expected, Millis pause) {
  for (int n = 0;; ++n) {
    WRIT_CO_TRY(const auto item, co_await (*stream)->next());
    if (!item) co_return n;
    EXPECT_EQ(text_of(*item), expected);
    if (n % 50 == 0 && pause > Millis::zero()) co_await async::sleep_for(pause, {});
  }
}

/// The suite of one streaming operation.
template <class In, class Out>
void check_stream(const Streaming<In, Out>& op, const In& in, const Out& item) {
  Bench<Streaming<In, Out>, In, StreamPtr<Out>> bench(op);
  using Port = Scripted<In, StreamPtr<Out>>;
  const auto call = [&](const auto& binding, Context ctx, In sent) {
    return binding.open(op, &Port::perform, std::move(ctx), std::move(sent));
  };
  async::TaskGroup producers("producers", 4);
  std::shared_ptr<std::promise<int>> sent;
  const auto script = [&](int count, std::optional<Error> error) {
    sent = std::make_shared<std::promise<int>>();  // shared with the producer's task
    bench.port.script = [&, count, error](Context ctx, In) -> Task<Result<StreamPtr<Out>>> {
      auto [writer, stream] = async::make_stream<Out>(4, std::move(ctx));
      EXPECT_TRUE(producers.spawn(bench.loops.at(1), "producer", produce(std::move(writer), item, count, error, sent)));
      return [](StreamPtr<Out> s) -> Task<Result<StreamPtr<Out>>> { co_return std::move(s); }(std::move(stream));
    };
  };
  // Slow or fast, the consumer gets every item, and the error that ends the stream comes whole after them.
  for (const auto& error : {std::optional<Error>(), std::optional(whole_error())}) {
    bench.both([&](const auto& binding) {
      script(200, error);
      auto stream = bench.loops.run(call(binding, bench.entitled(), in));
      ASSERT_TRUE(stream) << stream.error().message;
      const auto count = bench.loops.run(drain(&*stream, text_of(item), Millis(5)));
      if (error) EXPECT_EQ(count.error(), *error);
      else EXPECT_EQ(count, Result<int>(200));
      EXPECT_EQ(sent->get_future().get(), 200);
    });
  }
  // Dropping the consumer, its cancellation and its deadline reach the producer.
  for (const auto* how : {"drop", "cancel", "deadline"}) {
    SCOPED_TRACE(how);
    bench.both([&](const auto& binding) {
      script(1'000'000'000, {});
      std::stop_source stop;
      auto ctx = bench.entitled();
      ctx.cancel = stop.get_token();
      if (how == std::string_view("deadline")) ctx = ctx.within(Millis(300));
      auto stream = bench.loops.run(call(binding, ctx, in));
      ASSERT_TRUE(stream) << stream.error().message;
      auto first = bench.loops.run((*stream)->next());
      ASSERT_TRUE(first);
      if (how == std::string_view("drop")) {
        stream->reset();
      } else {
        if (how == std::string_view("cancel")) stop.request_stop();
        const auto ended = bench.loops.run(drain(&*stream, text_of(item), Millis::zero()));
        EXPECT_EQ(ended.error().kind, how == std::string_view("cancel") ? ErrorKind::cancelled : ErrorKind::deadline);
        stream->reset();
      }
      auto produced = sent->get_future();
      EXPECT_EQ(produced.wait_for(Seconds{10}), std::future_status::ready) << "the producer was never stopped";
    });
  }
  EXPECT_TRUE(bench.loops.run(producers.stop(Seconds{5})));
  check_admission(bench, op, call, in);
  check_failures<StreamPtr<Out>>(bench, call, in);
}

/// The suite of an operation, with samples made from its field tables.
template <class In, class Out>
void check(const Unary<In, Out>& op) {
  check_unary(op, schema::sample<In>(), schema::sample<Out>());
}
template <class In, class Out>
void check(const Streaming<In, Out>& op) {
  check_stream(op, schema::sample<In>(), schema::sample<Out>());
}

}  // namespace writ::http::contract
