#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "orchestrator/run_history.h"

namespace writ::orchestrator {
namespace {

using policy::Verdict;

/// The world around one run: what policy, the model, tools and people answer is fixed by the ids of the questions, so
/// that a run that is cut off anywhere meets the same world again. It counts the effects of tools.
class World {
 public:
  explicit World(std::vector<int> choices) : choices_(std::move(choices)) {}

  /// What comes of a command, as events.
  std::vector<EventData> perform(const Command& command, const RunState& s) {
    return std::visit([&](const auto& c) { return on(c, s); }, command);
  }
  /// A tool acts once its step is recorded.
  void act(const StepStarted& step) { ++effects_[key_of(step.step, step.call_id, step.tool)]; }
  [[nodiscard]] int effects(const std::string& key) const {
    const auto found = effects_.find(key);
    return found == effects_.end() ? 0 : found->second;
  }
  [[nodiscard]] const std::map<std::string, int>& effects() const { return effects_; }
  static std::string key_of(std::int64_t step, const std::string& call, const std::string& tool) {
    return tool + std::to_string(step) + call;
  }
  /// A host that dies while a model works leaves the attempt with policy, which charges it with the next one, whether or
  /// not its decision was recorded here.
  void cut(const EventData& last) {
    if (const auto* started = std::get_if<StepStarted>(&last); started != nullptr && started->kind == StepKind::model)
      charge_cut(started->step);
    if (const auto* decided = std::get_if<Decided>(&last);
        decided != nullptr && decided->action == policy::Action::model_call)
      charge_cut(decided->step);
  }
  /// All that was used, whether or not an attempt lived to tell.
  [[nodiscard]] Tokens used() const { return used_; }
  bool forgiving = false;  // nothing is down and nobody cancels

 private:
  int choose(std::string_view what, std::int64_t step, int options) {
    if (choices_.empty()) return 0;
    const auto key = std::hash<std::string>{}(std::string(what) + std::to_string(step));
    return choices_[key % choices_.size()] % options;
  }
  Verdict verdict(std::string_view what, std::int64_t step) {
    const int n = choose(what, step, 8);
    return n == 0 ? Verdict::deny : n == 1 ? Verdict::review : Verdict::allow;
  }
  bool down(std::string_view what, std::int64_t step, std::int64_t attempt) {
    return !forgiving && attempt <= 2 && choose(what, step, 7) == 6;
  }
  static bool approved(const RunState& s, const DecisionId& id) {
    for (const auto& approval : s.approvals)
      if (approval.decision_id == id) return true;
    return false;
  }
  static WaitingDependency wait(const RunState& s, std::int64_t step, std::int64_t attempt) {
    return {.step = step, .attempt = attempt, .what = "down", .retry_at = s.now + back_off(s.waits)};
  }

  std::vector<EventData> on(const DecideStart& c, const RunState& s) {
    if (down("start_down", 0, c.attempt)) return {wait(s, 0, c.attempt)};
    const DecisionId id("dec_start");
    auto v = verdict("start", 0);
    if (v == Verdict::review && approved(s, id)) v = Verdict::allow;
    return {Decided{.attempt = c.attempt, .action = policy::Action::run_start, .decision = v, .decision_id = id}};
  }
  void charge_cut(std::int64_t step) {
    const auto tokens = std::exchange(under_way_, Tokens{});
    used_ += tokens;
    cut_[step] += tokens;
  }
  // As governed and policy do it: prompt and what may be generated fit in what the step has left, or nothing happens.
  std::vector<EventData> on(const CallModel& c, const RunState& s) {
    std::vector<EventData> out{StepStarted{.step = c.step, .attempt = c.attempt, .kind = StepKind::model}};
    const Tokens prompt{choose("prompt", c.step, 50)};
    const auto most = c.step_tokens_max - cut_[c.step] - prompt;
    under_way_ = Tokens{};  // the call before has told what it used
    if (most.value < 1) {
      out.emplace_back(RunFinished{.status = RunStatus::failed, .reason = "token_limit"});
      return out;
    }
    const auto completion = std::min(most, Tokens{5});
    under_way_ = prompt + completion;
    out.emplace_back(Decided{.step = c.step,
                             .attempt = c.attempt,
                             .action = policy::Action::model_call,
                             .decision = Verdict::allow,
                             .step_tokens = cut_[c.step]});
    if (down("model_down", c.step, c.attempt)) {
      charge_cut(c.step);
      out.emplace_back(wait(s, c.step, c.attempt));
      return out;
    }
    std::vector<CallRef> calls;
    for (int i = 0; i < choose("calls", c.step, 3); ++i)
      calls.push_back({"call_" + std::to_string(i), choose("tool", c.step + i, 2) == 0 ? "once" : "pure", "args"});
    out.emplace_back(ModelOutput{.step = c.step,
                                 .attempt = c.attempt,
                                 .text = "t",
                                 .tool_calls = std::move(calls),
                                 .finish = "stop",
                                 .prompt = prompt,
                                 .completion = completion,
                                 .denied = choose("denied", c.step, 20) == 19});
    return out;
  }
  std::vector<EventData> on(const DecideTool& c, const RunState& s) {
    if (down("tool_down", c.step, c.attempt)) return {wait(s, c.step, c.attempt)};
    const DecisionId id("dec_" + std::to_string(c.step) + c.call.id);
    auto v = verdict(c.call.id, c.step);
    if (v == Verdict::review && approved(s, id)) v = Verdict::allow;
    std::vector<EventData> out{Decided{.step = c.step,
                                       .attempt = c.attempt,
                                       .call_id = c.call.id,
                                       .action = policy::Action::tool_call,
                                       .decision = v,
                                       .decision_id = id}};
    if (v != Verdict::allow) return out;
    out.emplace_back(StepStarted{.step = c.step,
                                 .attempt = c.attempt,
                                 .kind = StepKind::tool,
                                 .call_id = c.call.id,
                                 .tool = c.call.name,
                                 .once = c.call.name == "once"});
    if (hangs(c.step, c.attempt)) return out;  // nobody knows; the next command asks what is to be done
    out.emplace_back(ToolReturned{.step = c.step,
                                  .attempt = c.attempt,
                                  .call_id = c.call.id,
                                  .tool = c.call.name,
                                  .result = "r",
                                  .outcome = "result"});
    return out;
  }
  bool hangs(std::int64_t step, std::int64_t attempt) {
    return !forgiving && attempt <= 2 && choose("hangs", step, 5) == 4;
  }
  std::vector<EventData> on(const JudgeResult& c, const RunState& s) {
    EXPECT_EQ(c.result, "r");
    if (down("judge_down", c.step, c.attempt)) return {wait(s, c.step, c.attempt)};
    const bool withheld = choose("withheld", c.step, 6) == 5;
    return {ToolResult{.step = c.step,
                       .attempt = c.attempt,
                       .call_id = c.call.id,
                       .tool = c.call.name,
                       .result = withheld ? "withheld" : "r",
                       .outcome = withheld ? "denied" : "result"}};
  }
  std::vector<EventData> on(const RequestReview& c, const RunState& s) {
    return {ReviewRequested{.review_id = ReviewId("rev_" + std::to_string(s.last_seq)),
                            .kind = c.kind,
                            .step = c.step,
                            .attempt = c.attempt,
                            .call_id = c.call.id,
                            .tool = c.call.name,
                            .scope = c.scope,
                            .decision_id = c.decision_id,
                            .expires_at = s.now + Seconds{60}}};
  }
  std::vector<EventData> on(const Restart& c, const RunState&) {
    return {StepRestarted{.step = c.step, .attempt = c.attempt, .call_id = c.call_id}};
  }
  std::vector<EventData> on(const AwaitReview& c, const RunState& s) {
    ReviewAnswered answer{
        .review_id = c.review_id, .answer = ReviewAnswer::approve, .by = Subject("boss"), .argument_hash = "h"};
    // An unknown outcome is looked up in the tool's own store, as a person would.
    if (s.review->kind == ReviewKind::unknown_outcome) {
      const bool happened = effects(key_of(s.step, s.review->call_id, s.review->tool)) > 0;
      answer.answer = happened ? ReviewAnswer::done : ReviewAnswer::retry;
      if (happened) answer.result = "r";
    } else if (choose("people", s.step, 4) == 3) {
      answer.answer = ReviewAnswer::deny;
    }
    return {answer};
  }
  std::vector<EventData> on(const AwaitDependency& c, const RunState&) {
    return {Resumed{.step = c.step, .attempt = c.attempt}};
  }
  std::vector<EventData> on(const Finish& c, const RunState&) { return {c.result}; }

  std::vector<int> choices_;
  std::map<std::string, int> effects_;
  std::map<std::int64_t, Tokens> cut_;  // by step: charged for attempts that did not end
  Tokens under_way_, used_;
};

std::vector<int> some_choices() { return *rc::gen::container<std::vector<int>>(17, rc::gen::inRange(0, 840)); }
Limits some_limits() {
  return {.steps = *rc::gen::inRange(1, 5), .tokens = Tokens{*rc::gen::inRange(20, 400)}, .wall_ms = 600'000};
}

constexpr int commands_max = 400;

/// Where the host dies once: when so many events are recorded, and whether a tool that was just started had acted.
struct Cut {
  std::size_t events = 0;
  bool acted = false;
};

RunHistory run_to_end(World& world, Limits limits, std::optional<Cut> cut = std::nullopt,
                      std::optional<std::size_t> cancel_at = std::nullopt) {
  RunHistory run(limits);
  bool cancelled = false;
  for (int i = 0; i < commands_max; ++i) {
    if (cancel_at && !cancelled && run.events.size() >= *cancel_at) {
      cancelled = true;
      run.cancel();
    }
    const auto command = run.command();
    if (!command) return run;
    for (auto& event : world.perform(*command, run.state)) {
      if (cut && run.events.size() == cut->events) {
        cut.reset();
        world.cut(run.events.back().data);
        run.state = replay(run.events);  // a new host
        break;
      }
      const auto* started = std::get_if<StepStarted>(&run.add(std::move(event)).events.back().data);
      if (started != nullptr && started->kind == StepKind::tool &&
          (!cut || run.events.size() != cut->events || cut->acted))
        world.act(*started);
    }
  }
  ADD_FAILURE() << "the run does not end";
  return run;
}

/// What a person sees of the end.
std::string end_of(const RunHistory& run) {
  std::string out(schema::name_of(run.state.status));
  for (const auto& turn : run.state.turns) out += "|" + turn.call_id + turn.text + turn.denied;
  return out;
}

TEST(RunMachineProperty, every_run_ends_within_its_limits) {
  EXPECT_TRUE(rc::check([] {
    World world(some_choices());
    const auto limits = some_limits();
    const auto cancel_at = *rc::gen::inRange<std::size_t>(1, 80);  // often after the end
    const auto run = run_to_end(world, limits, std::nullopt, cancel_at);
    RC_ASSERT(run.state.stage == RunState::Stage::ended);
    RC_ASSERT(is_end(run.state.status));
    std::int64_t outputs = 0;
    Tokens used = world.used();
    for (const auto& event : run.events)
      if (const auto* output = std::get_if<ModelOutput>(&event.data)) {
        ++outputs;
        used += output->prompt + output->completion;
      }
    RC_ASSERT(outputs <= limits.steps);
    RC_ASSERT(used <= limits.tokens);
  }));
}

TEST(RunMachineProperty, no_crash_lets_a_run_use_more_than_its_tokens) {
  EXPECT_TRUE(rc::check([] {
    const auto choices = some_choices();
    const auto limits = some_limits();
    World calm(choices);
    const auto expected = run_to_end(calm, limits);
    for (std::size_t at = 1; at <= expected.events.size(); ++at) {
      World world(choices);
      const auto run = run_to_end(world, limits, Cut{at, false});
      RC_ASSERT(world.used() + run.state.prompt + run.state.completion <= limits.tokens);
    }
  }));
}

TEST(RunMachineProperty, no_run_ends_while_nobody_knows_whether_a_once_call_happened) {
  EXPECT_TRUE(rc::check([] {
    World world(some_choices());
    const auto run = run_to_end(world, some_limits(), std::nullopt, *rc::gen::inRange<std::size_t>(1, 40));
    RunState before;
    for (const auto& event : run.events) {
      if (std::holds_alternative<RunFinished>(event.data)) RC_ASSERT(lost_call(before) == nullptr);
      before = apply(std::move(before), event);
    }
    for (const auto& [key, count] : world.effects())
      if (key.starts_with("once")) RC_ASSERT(count == 1);
  }));
}

TEST(RunMachineProperty, a_result_that_came_is_never_asked_for_again) {
  EXPECT_TRUE(rc::check([] {
    World world(some_choices());
    const auto run = run_to_end(world, some_limits(), std::nullopt, *rc::gen::inRange<std::size_t>(1, 80));
    std::set<std::string> returned;
    for (const auto& event : run.events) {
      if (const auto* back = std::get_if<ToolReturned>(&event.data))
        returned.insert(World::key_of(back->step, back->call_id, back->tool));
      if (const auto* begun = std::get_if<StepStarted>(&event.data); begun != nullptr && begun->kind == StepKind::tool)
        RC_ASSERT(!returned.contains(World::key_of(begun->step, begun->call_id, begun->tool)));
    }
  }));
}

TEST(RunMachineProperty, any_prefix_of_a_history_replays_to_the_state_it_led_to) {
  EXPECT_TRUE(rc::check([] {
    World world(some_choices());
    const auto run = run_to_end(world, some_limits());
    RunState state;
    std::vector<Event> prefix;
    for (const auto& event : run.events) {
      state = apply(std::move(state), event);
      prefix.push_back(event);
      const auto again = replay(prefix);
      RC_ASSERT(again.stage == state.stage && again.status == state.status && again.step == state.step &&
                again.attempt == state.attempt);
      RC_ASSERT(again.turns.size() == state.turns.size() && again.last_seq == state.last_seq);
      const auto a = next(state, event.at), b = next(again, event.at);
      RC_ASSERT(a.has_value() == b.has_value() && (!a || a->index() == b->index()));
    }
  }));
}

TEST(RunMachineProperty, a_state_read_from_a_snapshot_goes_on_as_the_one_that_was_written) {
  EXPECT_TRUE(rc::check([] {
    World world(some_choices());
    const auto run = run_to_end(world, some_limits());
    RunState state;
    for (const auto& event : run.events) {
      state = apply(std::move(state), event);
      const auto written = schema::encode(state);
      auto read = schema::decode<RunState>(written);
      RC_ASSERT(read.has_value());
      RC_ASSERT(schema::encode(*read) == written);
      const auto a = next(state, event.at), b = next(*read, event.at);
      RC_ASSERT(a.has_value() == b.has_value() && (!a || a->index() == b->index()));
      state = std::move(*read);
    }
    RC_ASSERT(schema::encode(state) == schema::encode(run.state));
  }));
}

TEST(RunMachineProperty, duplicates_and_late_events_change_nothing) {
  EXPECT_TRUE(rc::check([] {
    World world(some_choices());
    const auto run = run_to_end(world, some_limits());
    const auto upto = *rc::gen::inRange<std::size_t>(1, run.events.size() + 1);
    const std::vector<Event> prefix(run.events.begin(), run.events.begin() + static_cast<std::ptrdiff_t>(upto));
    auto state = replay(prefix);
    const auto before = next(state, prefix.back().at);
    const auto repeated = prefix[*rc::gen::inRange<std::size_t>(0, upto)];
    state = apply(std::move(state), repeated);  // the same seq again
    const auto after = next(state, prefix.back().at);
    RC_ASSERT(before.has_value() == after.has_value() && (!before || before->index() == after->index()));
    RC_ASSERT(state.last_seq == prefix.back().seq);
  }));
}

TEST(RunMachineProperty, a_crash_anywhere_leads_to_the_same_end_with_every_effect_once) {
  EXPECT_TRUE(rc::check([] {
    const auto choices = some_choices();
    const Limits limits{.steps = *rc::gen::inRange(1, 5), .tokens = Tokens{100'000}, .wall_ms = 600'000};
    World calm(choices);
    calm.forgiving = true;
    const auto expected = run_to_end(calm, limits);
    const bool acted = *rc::gen::arbitrary<bool>();
    for (std::size_t cut = 1; cut <= expected.events.size(); ++cut) {
      World world(choices);
      world.forgiving = true;
      const auto run = run_to_end(world, limits, Cut{cut, acted});
      RC_ASSERT(end_of(run) == end_of(expected));
      RC_ASSERT(world.effects().size() == calm.effects().size());
      for (const auto& [key, count] : world.effects()) RC_ASSERT((key.starts_with("once") ? count == 1 : count >= 1));
    }
  }));
}

}  // namespace
}  // namespace writ::orchestrator
