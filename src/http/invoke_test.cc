#include <gtest/gtest.h>

#include <array>
#include <stdexcept>

#include "http/invoke.h"
#include "http/run_now.h"
#include "http/sample_operations.h"

namespace writ::http {
namespace {

using sample::Find;
using sample::Note;
using sample::Tick;
using sample::Watch;

struct CountingNotes {
  Task<Result<Note>> put(Context ctx, Note in) {
    seen = ctx;
    ++calls;
    if (in.text == "throw") throw std::runtime_error("boom");
    if (in.text == "late") co_return fail(deadline_exceeded("notes"));
    if (in.text == "conflict") co_return fail(conflict("no_space", "full"));
    co_return in;
  }
  Task<Result<StreamPtr<Tick>>> watch(Context ctx, Watch) {
    auto [writer, stream] = async::make_stream<Tick>(2, std::move(ctx));
    (void)writer.try_push({1, "a"});
    writer.close();
    co_return std::move(stream);
  }
  Context seen;
  int calls = 0;
};

struct Spans final : observability::SpanSink {
  void finished(observability::Span span) override { all.push_back(std::move(span)); }
  std::vector<observability::Span> all;
};

class InvokeTest : public testing::Test {
 protected:
  Result<Note> put(Context ctx, std::string text = "t") {
    return run_now(invoke(invoker, sample::put, notes, &CountingNotes::put, std::move(ctx),
                          Note{.note_id = "n", .text = std::move(text)}));
  }
  Result<Note> ask(std::string caller) {
    Context ctx;
    ctx.caller = std::move(caller);
    return run_now(invoke(invoker, sample::ask, notes, &CountingNotes::put, ctx, Note{.note_id = "n", .text = "t"}));
  }
  static Context writer() {
    Context ctx;
    ctx.principal = {TenantId("local"), Subject("dev"), PrincipalKind::user, {"notes:write", "notes:read"}, {}};
    return ctx;
  }
  std::string metrics() const {
    const std::array all{&registry};
    return observability::write_prometheus(all);
  }
  bool has_metric(std::string_view labels, std::string_view value) const {
    const auto text = metrics();
    for (std::size_t at = 0; (at = text.find(labels, at)) != std::string::npos; ++at) {
      const auto line = text.substr(at, text.find('\n', at) - at);
      if (line.ends_with(" " + std::string(value))) return true;
    }
    return false;
  }
  observability::Registry registry{"sample", "1", "test"};
  Spans spans;
  Invoker invoker{registry, spans};
  CountingNotes notes;
};

TEST_F(InvokeTest, a_principal_without_the_scope_never_reaches_the_method) {
  auto ctx = writer();
  ctx.principal.scopes = {"notes:read"};
  EXPECT_EQ(put(ctx).error().code, "missing_scope");
  EXPECT_EQ(put(Context{}).error().code, "no_principal");
  EXPECT_EQ(notes.calls, 0);
  EXPECT_TRUE(put(writer()));
  EXPECT_EQ(notes.calls, 1);
}

TEST_F(InvokeTest, only_the_named_callers_reach_an_internal_operation) {
  EXPECT_EQ(ask("").error().code, "no_caller");
  EXPECT_EQ(ask("gamma").error().code, "caller_not_allowed");
  EXPECT_EQ(notes.calls, 0);
  EXPECT_TRUE(ask("beta"));
}

TEST_F(InvokeTest, an_expired_call_is_not_sent_and_a_long_one_is_capped) {
  const auto late = put(writer().within(Millis(-1)));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::deadline);
  EXPECT_EQ(late.error().outcome, Outcome::not_sent);
  EXPECT_EQ(notes.calls, 0);
  EXPECT_TRUE(put(writer()));
  EXPECT_LE(notes.seen.remaining(), sample::put.info.deadline);
}

TEST_F(InvokeTest, an_exception_is_an_internal_error_of_unknown_outcome) {
  const auto crashed = put(writer(), "throw");
  ASSERT_FALSE(crashed);
  EXPECT_EQ(crashed.error().kind, ErrorKind::internal);
  EXPECT_EQ(crashed.error().message, "boom");
  EXPECT_EQ(crashed.error().outcome, Outcome::unknown);
  EXPECT_EQ(put(writer(), "late").error().outcome, Outcome::unknown);
  EXPECT_EQ(put(writer(), "conflict").error().outcome, Outcome::refused);
}

TEST_F(InvokeTest, every_outcome_is_counted_once) {
  (void)put(writer());
  (void)put(writer());
  (void)put(Context{});
  (void)put(writer(), "throw");
  EXPECT_TRUE(has_metric(R"(operation="sample.put",outcome="ok"})", "2")) << metrics();
  EXPECT_TRUE(has_metric(R"(operation="sample.put",outcome="unauthenticated"})", "1"));
  EXPECT_TRUE(has_metric(R"(operation="sample.put",outcome="internal"})", "1"));
  EXPECT_TRUE(has_metric(R"(operation="sample.put"})", "0"));  // in flight
}

TEST_F(InvokeTest, a_stream_counts_when_it_ends_and_as_cancelled_when_it_is_dropped) {
  const auto open_it = [&] {
    return run_now(invoke(invoker, sample::watch, notes, &CountingNotes::watch, writer(), Watch{"n"}));
  };
  auto stream = open_it();
  ASSERT_TRUE(stream);
  EXPECT_TRUE(spans.all.empty());
  EXPECT_TRUE(*run_now((*stream)->next()));
  EXPECT_FALSE(*run_now((*stream)->next()));
  ASSERT_EQ(spans.all.size(), 1U);
  EXPECT_EQ(spans.all[0].status, observability::SpanStatus::ok);
  stream->reset();
  EXPECT_EQ(spans.all.size(), 1U);
  { auto dropped = open_it(); }
  EXPECT_TRUE(has_metric(R"(operation="sample.watch",outcome="ok"})", "1"));
  EXPECT_TRUE(has_metric(R"(operation="sample.watch",outcome="cancelled"})", "1"));
}

TEST_F(InvokeTest, the_method_runs_in_a_span_of_the_callers_trace) {
  auto ctx = writer();
  ctx.trace = {"0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"};
  EXPECT_TRUE(put(ctx));
  ASSERT_EQ(spans.all.size(), 1U);
  EXPECT_EQ(spans.all[0].name, "sample.put");
  EXPECT_EQ(spans.all[0].parent_span_id, ctx.trace.span_id);
  EXPECT_EQ(notes.seen.trace.trace_id, ctx.trace.trace_id);
  EXPECT_EQ(notes.seen.trace.span_id, spans.all[0].trace.span_id);
}

}  // namespace
}  // namespace writ::http
