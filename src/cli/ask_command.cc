#include <thread>

#include <unistd.h>

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/event_printer.h"
#include "cli/gateway_access.h"
#include "cli/terminal.h"
#include "runtime/stop_signals.h"

namespace writ::cli {
namespace {

std::optional<json::value> tool_choice_of(const std::string& text) {
  if (text.empty()) return std::nullopt;
  if (text == "auto" || text == "none" || text == "required") return json::value(text);
  return json::value{{"type", "function"}, {"function", {{"name", text}}}};
}

Task<Result<gateway::Started>> start(gateway::GatewayPort* port, Context ctx, AskOptions options) {
  if (!options.session.empty()) {
    co_return co_await port->post_message(std::move(ctx), {.session_id = SessionId(options.session),
                                                           .prompt = options.prompt,
                                                           .tool_choice = tool_choice_of(options.tool_choice)});
  }
  gateway::StartSession in{.prompt = options.prompt,
                           .capsule = {},
                           .model = {},
                           .metadata = {},
                           .tool_choice = tool_choice_of(options.tool_choice)};
  if (!options.capsule.empty()) in.capsule = options.capsule;
  if (!options.model.empty()) in.model = options.model;
  co_return co_await port->start_session(std::move(ctx), std::move(in));
}

constexpr Millis look_again{200};
constexpr Millis patience{10'000};  // without a word of the server: a restart is over by then

void tell_that_it_goes_on(const RunId& run, std::string_view why) {
  print_text(stderr, "\n");
  print_line(stderr, fmt::format("{}; run {} is not lost: it goes on when the server runs again", why, run.str()));
  print_line(stderr, "to follow it: writ ask --follow " + run.str());
}

enum class AtReview { leave, stay };

/// Follows the run to its end, over broken streams too; 0 when it completed.
Task<Result<int>> follow(gateway::GatewayPort* port, Context ctx, RunId run, EventPrinter* printer, AtReview at) {
  std::int64_t after = 0;
  auto heard = system_clock().steady();
  bool told = false;
  for (;;) {
    auto events = co_await port->events(ctx, {.run_id = run, .after = after});
    if (!events && events.error().kind != ErrorKind::unavailable) co_return fail(std::move(events).error());
    while (events) {
      auto event = co_await (*events)->next();
      if (!event) {
        if (event.error().kind != ErrorKind::unavailable) co_return fail(std::move(event).error());
        if (event.error().code == "stopping" && !std::exchange(told, true))
          tell_that_it_goes_on(run, "the server is stopping");
        break;  // the stream was cut: go on after the last event
      }
      if (!*event) break;  // a server that knows no other word for its stop
      heard = system_clock().steady();
      if ((*event)->seq) after = *(*event)->seq;
      printer->print(**event);
      if ((*event)->type == "run_finished")
        co_return text_at((*event)->data, "status") == "completed" ? Exit::done : Exit::failed;
      if (at == AtReview::leave && (*event)->type == "review_requested")
        co_return Exit::done;  // a person answers, perhaps in days
    }
    if (system_clock().steady() - heard > patience) {
      if (!told) tell_that_it_goes_on(run, "the server does not answer");
      co_return Exit::failed;
    }
    if (!co_await async::sleep_for(look_again, ctx.cancel)) co_return fail(cancelled("ask"));
  }
}

Task<Result<int>> ask_and_follow(gateway::GatewayPort* port, Context ctx, AskOptions options, EventPrinter* printer) {
  if (!options.follow.empty()) {
    const RunId run(options.follow);
    printer->begin(run);
    auto followed = co_await follow(port, ctx, run, printer, AtReview::stay);
    if (!followed && followed.error().kind == ErrorKind::cancelled) co_return Exit::interrupted;  // it is not ours
    co_return followed;
  }
  WRIT_CO_TRY(const auto started, co_await start(port, ctx, std::move(options)));
  printer->begin(started.run_id);
  auto result = co_await follow(port, ctx, started.run_id, printer, AtReview::leave);
  if (!result && result.error().kind == ErrorKind::cancelled) {
    auto goodbye = Context{}.within(Seconds{5});
    (void)co_await port->cancel(std::move(goodbye), {.run_id = started.run_id});
    print_text(stderr, "\n");
    print_line(stderr, "interrupted; run " + started.run_id.str() + " was cancelled");
    co_return Exit::interrupted;
  }
  co_return result;
}

}  // namespace

int ask(const AskOptions& options) {
  runtime::StopSignals signals;
  const auto settings = settings_or_tell();
  if (!settings) return cannot_start;
  if (!options.json && ::isatty(STDERR_FILENO) != 0 &&
      !runtime::find_running(app::DataFolder(settings->shared.data_dir).run_file()))
    print_line(stderr, "no server is running; starting the platform in this process");
  auto access = GatewayAccess::open(*settings);
  if (!access) return tell(access.error(), cannot_start);
  std::stop_source stop;
  std::jthread watcher([&] {
    if (signals.wait() != 0) stop.request_stop();
  });
  EventPrinter printer(options.json ? EventPrinter::Form::json : EventPrinter::Form::trace, stdout);
  Context ctx;
  ctx.cancel = stop.get_token();
  const auto result = (*access)->loops().run(ask_and_follow(&(*access)->gateway(), ctx, options, &printer));
  signals.request();
  watcher.join();
  return result ? *result : tell(result.error());
}

}  // namespace writ::cli
