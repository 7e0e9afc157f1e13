// DESIGN 8 against the real store: whatever calls, crashes, clock steps and late words come in whatever order, the tenant's
// window never promises more than it has, never refuses what fits, and holds nothing for ever.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <atomic>
#include <set>

#include "async/loops.h"
#include "core/scratch_folder.h"
#include "policy/policy_store.h"
#include "sql/sqlite.h"

namespace writ::policy {
namespace {

constexpr Seconds life{100};
constexpr std::int64_t limit = 1'000;
const TenantId tenant("acme");

class StillClock final : public Clock {
 public:
  [[nodiscard]] WallTime now() const override { return WallTime{Millis{now_.load()}}; }
  [[nodiscard]] SteadyTime steady() const override { return system_clock().steady(); }
  void step(Millis by) { now_ += by.count(); }

 private:
  std::atomic<std::int64_t> now_{1'790'000'000'000};
};

/// One thing that happens.
struct Event {
  int what = 0;
  int run = 0;  // 0..4, or a direct call
  std::size_t which = 0;
  std::int64_t prompt = 0, generates = 0, used = 0;
};

std::vector<Event> some_events() {
  return *rc::gen::container<std::vector<Event>>(
      rc::gen::construct<Event>(rc::gen::inRange(0, 12), rc::gen::inRange(0, 6), rc::gen::inRange<std::size_t>(0, 64),
                                rc::gen::inRange<std::int64_t>(1, 150), rc::gen::inRange<std::int64_t>(1, 200),
                                rc::gen::inRange<std::int64_t>(0, 350)));
}

/// What is known of one call, kept apart from the store.
struct Call {
  DecisionId decision;
  int run = 0;
  std::int64_t attempt = 0;
  std::int64_t estimate = 0, prompt = 0, told = 0, counted = 0;
  WallTime window, expires_at, changed_at;
  bool forgotten = false;  // too late to correct it
  quota::ReservationState state = quota::ReservationState::open;
};

/// The oracle: budgets as DESIGN 8 says them, without windows' rows.
class Oracle {
 public:
  std::vector<Call> calls;

  std::int64_t sum(WallTime window, std::initializer_list<quota::ReservationState> states) const {
    std::int64_t out = 0;
    for (const auto& call : calls)
      if (call.window == window && std::ranges::find(states, call.state) != states.end()) out += counted(call);
    return out;
  }
  static std::int64_t counted(const Call& call) {
    using enum quota::ReservationState;
    return call.state == open || call.state == presumed ? call.estimate : call.counted;
  }
  std::int64_t recoverable(WallTime window) const {
    std::int64_t out = 0;
    for (const auto& call : calls)
      if (call.window == window && call.run != 0 && !ended.contains(call.run) &&
          call.state == quota::ReservationState::presumed)
        out += call.estimate;
    return out;
  }
  void prune(WallTime now) {
    for (auto& call : calls)
      if ((call.run == 0 || ended.contains(call.run)) && call.state >= quota::ReservationState::settled &&
          call.changed_at <= now - settled_kept)
        call.forgotten = true;
  }
  void end(int run, WallTime now) {
    replace(run, now);
    for (auto& call : calls)
      if (call.run == run) call.changed_at = now;
  }
  void replace(int run, WallTime now) {
    for (auto& call : calls)
      if (call.run == run && run != 0 &&
          (call.state == quota::ReservationState::open || call.state == quota::ReservationState::presumed)) {
        call.counted = std::min(call.estimate, std::max(call.prompt, call.told));
        call.state = quota::ReservationState::replaced;
        call.changed_at = now;
      }
  }
  void expire(WallTime now) {
    for (auto& call : calls)
      if (call.state == quota::ReservationState::open && call.expires_at <= now)
        call.state = quota::ReservationState::presumed;
  }
  std::set<int> ended;
};

/// The real store, which a crash closes and opens again.
class Bench {
 public:
  Bench() { open(); }
  void open() {
    store.reset();
    database.reset();
    database = *sql::open_sqlite(folder.path() / "policy.db", policy_migrations(), {.clock = &clock});
    store = std::make_unique<PolicyStore>(*database);
  }
  static Context ctx() { return Context{}.within(Seconds{30}); }

  Result<Decision> evaluate(const Event& e, std::int64_t attempt, const std::string& id) {
    EvaluateRequest question{.request_id = id,
                             .action = Action::model_call,
                             .resource = {"Model", "m"},
                             .context = {},
                             .estimate = Tokens{e.prompt + e.generates},
                             .generates = Tokens{e.generates}};
    if (e.run != 0)
      question.context = {{"run", {{"id", "run_" + std::to_string(e.run)}, {"step", 1}, {"attempt", attempt}}}};
    Recording r{.tenant = tenant, .subject = Subject("ann"), .question = std::move(question), .body_hash = id};
    r.judgement.verdict = Verdict::allow;
    r.policy_version = "1@test";
    r.decision_id = make_id<DecisionId>();
    r.budgets = {budget_rule()};
    r.reservation_life = life;
    r.grant = [](const Decision&) -> Result<std::string> { return "grant"; };
    auto made = loops.run(store->record(ctx(), r));
    if (made || made.error().kind != ErrorKind::quota_exceeded) return made;
    // As the service does it: the refusal is recorded, and with it what the call replaces.
    r.judgement.verdict = Verdict::deny;
    r.question.request_id += "/spent";
    r.decision_id = make_id<DecisionId>();
    RC_ASSERT(loops.run(store->record(ctx(), r)).has_value());
    return made;
  }
  static BudgetRule budget_rule() { return {.id = "b", .limit = limit, .window_seconds = 3'600}; }
  Budget budget() { return *loops.run(store->budget(ctx(), tenant, {budget_rule()})); }
  WallTime window() const { return quota::window_at(clock.now(), Seconds{3'600}).start; }

  StillClock clock;
  ScratchFolder folder;
  async::Loops loops{1};
  std::unique_ptr<sql::Database> database;
  std::unique_ptr<PolicyStore> store;
};

void agree(Bench& bench, const Oracle& oracle) {
  using enum quota::ReservationState;
  const auto b = bench.budget();
  const auto w = bench.window();
  RC_ASSERT(b.reserved.value == oracle.sum(w, {open}));
  RC_ASSERT(b.presumed.value == oracle.sum(w, {presumed}));
  RC_ASSERT(b.settled.value == oracle.sum(w, {settled, replaced}));
}

void call(Bench& bench, Oracle& oracle, const Event& e, int n) {
  using enum quota::ReservationState;
  const auto w = bench.window();
  oracle.replace(e.run, bench.clock.now());
  const auto free = limit - oracle.sum(w, {open, presumed, settled, replaced}), estimate = e.prompt + e.generates;
  const auto made = bench.evaluate(e, n, "q" + std::to_string(n));
  RC_ASSERT(made.has_value() == (free >= estimate));  // never too much, never wrongly refused
  if (made) {
    oracle.calls.push_back({.decision = made->decision_id,
                            .run = e.run,
                            .attempt = n,
                            .estimate = estimate,
                            .prompt = e.prompt,
                            .window = w,
                            .expires_at = bench.clock.now() + life});
    return;
  }
  const auto in_the_way = oracle.sum(w, {open}) + oracle.recoverable(w);
  RC_ASSERT(made.error().code == (free + in_the_way >= estimate ? "budget_reserved" : "budget_spent"));
}

void happen(Bench& bench, Oracle& oracle, const Event& e, int n) {
  using enum quota::ReservationState;
  if (e.what <= 3) {
    if (e.run == 0 || !oracle.ended.contains(e.run)) call(bench, oracle, e, n);
    return;
  }
  if (e.what == 4) return bench.open();  // a crash of policy
  if (e.what == 5) return bench.clock.step(Seconds{e.used % 2 == 0 ? e.used * 3 : -e.used});
  if (e.what == 6) {
    RC_ASSERT(bench.loops.run(bench.store->expire(Bench::ctx())).has_value());
    return oracle.expire(bench.clock.now());
  }
  if (e.what == 7) {
    RC_ASSERT(bench.loops.run(bench.store->prune(Bench::ctx())).has_value());
    return oracle.prune(bench.clock.now());
  }
  if (e.what == 8 && e.run != 0 && oracle.ended.insert(e.run).second) {
    const auto run = "run_" + std::to_string(e.run);
    RC_ASSERT(bench.loops
                  .run(bench.store->append(
                      Bench::ctx(), {.tenant = tenant, .id = run, .kind = "run.finished", .data = {{"run_id", run}}}))
                  .has_value());
    return oracle.end(e.run, bench.clock.now());
  }
  if (oracle.calls.empty()) return;
  auto& about = oracle.calls[e.which % oracle.calls.size()];
  const auto used = std::min(e.used, about.estimate);
  if (e.what == 9 && (about.state == open || about.state == presumed)) {
    Released released{.tenant = tenant, .decision_id = about.decision, .used = Tokens{used}};
    RC_ASSERT(bench.loops.run(bench.store->release(Bench::ctx(), released)).has_value());
    about.told = std::max(about.told, used);
  } else if (e.what >= 10) {  // on time, late, or again with another amount
    const auto settled_now = bench.loops.run(bench.store->settle(
        Bench::ctx(), tenant,
        {.request_id = "s" + std::to_string(n), .decision_id = about.decision, .actual = Tokens{used}},
        {Bench::budget_rule()}));
    RC_ASSERT(settled_now.has_value());
    if (about.state == settled || about.forgotten) return;
    about.state = settled;
    about.counted = used;
    about.changed_at = bench.clock.now();
  }
}

TEST(BudgetStoreProperty, never_overspends_never_wrongly_refuses_and_holds_nothing_for_ever) {
  EXPECT_TRUE(rc::check([] {
    Bench bench;
    Oracle oracle;
    int n = 0;
    for (const auto& event : some_events()) {
      happen(bench, oracle, event, ++n);
      agree(bench, oracle);
    }
    // Every run ends and time goes by: only what nobody ever told counts in full, and only in its own window.
    for (int run = 1; run <= 5; ++run) happen(bench, oracle, {.what = 8, .run = run}, ++n);
    bench.clock.step(std::chrono::days{400});
    for (const int what : {6, 7, 7, 7}) happen(bench, oracle, {.what = what}, ++n);
    RC_ASSERT(bench.budget().left.value == limit);
    const auto left = bench.loops.run(bench.database->read(
        Bench::ctx(), [](sql::Reader& reader) { return reader.rows("SELECT 1 FROM reservations"); }));
    RC_ASSERT(left.has_value() && left->empty());
  }));
}

}  // namespace
}  // namespace writ::policy
