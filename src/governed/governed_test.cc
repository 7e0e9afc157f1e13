// A reservation never outlives its call: whatever is lost, late or down, it is charged with what was used or given back.
#include "governed/governed.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>

#include "async/loops.h"
#include "policy/api/refusing_policy_port.h"

namespace writ::governed {
namespace {

constexpr Tokens prompt_tokens{10};

Error gone(Outcome outcome) {
  auto error = cancelled("test");
  error.outcome = outcome;
  return error;
}

/// Policy with its reservations, over a bad line. As HTTP does it, a call whose context is over gets no answer.
class Ledger final : public policy::RefusingPolicyPort {
 public:
  bool lose_next_answer = false;  // to evaluate: it is recorded, and nobody learns of it
  int settles_down = 0;  // so many settlements fail
  bool find_term = false;  // inspect() finds what the output is denied for
  int inspects_down = 0;  // so many fail
  std::int64_t lose_place_at = -2;  // a piece of this offset is asked for again from the start; -1: every one
  std::vector<std::string> inspected;  // "offset+size"
  std::optional<Tokens> used_told, last_estimate;

  /// The charge of the call, once nothing is reserved any more.
  Tokens charged() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(settled_.wait_for(lock, Seconds{30}, [&] { return charge_.has_value(); })) << "it stays reserved";
    return charge_.value_or(Tokens{-1});
  }
  int questions() const { return static_cast<int>(answers_.size()); }

  Task<Result<policy::Decision>> evaluate(Context ctx, policy::EvaluateRequest in) override {
    if (ctx.cancel.stop_requested()) co_return fail(gone(Outcome::not_sent));
    const std::lock_guard lock(mutex_);
    auto& answer = answers_[in.request_id];
    answer.decision_id = DecisionId("dec_" + in.request_id);
    answer.decision =
        in.action == policy::Action::model_output && find_term ? policy::Verdict::deny : policy::Verdict::allow;
    if (in.estimate) last_estimate = in.estimate;
    if (in.estimate)
      answer.reservation =
          policy::Reservation{.id = {}, .tokens = *in.estimate, .expires_at = system_clock().now() + Seconds{60}};
    if (std::exchange(lose_next_answer, false)) co_return fail(gone(Outcome::unknown));
    co_return answer;
  }
  Task<Result<policy::Inspection>> inspect(Context, policy::InspectRequest in) override {
    if (inspects_down > 0) {
      --inspects_down;
      co_return fail(unavailable("down", "policy is down"));
    }
    inspected.push_back(std::to_string(in.offset) + "+" + std::to_string(in.text.size()));
    used_told = in.used;
    if (lose_place_at == in.offset || lose_place_at == -1)
      co_return policy::Inspection{.release_upto = 0, .facts = {}, .resend_from = 0};
    policy::Inspection out{.release_upto = in.offset + static_cast<std::int64_t>(in.text.size()), .facts = {}};
    if (find_term) out.facts.emplace_back("term");
    co_return out;
  }
  Task<Result<policy::Settled>> settle(Context ctx, policy::SettleRequest in) override {
    if (ctx.cancel.stop_requested()) co_return fail(gone(Outcome::not_sent));
    const std::lock_guard lock(mutex_);
    if (settles_down > 0) {
      --settles_down;
      co_return fail(unavailable("down", "policy is down"));
    }
    co_return charge(in);
  }
  Task<Result<policy::Finished>> finish(Context ctx, policy::FinishRequest in) override {
    WRIT_CO_TRY(auto decision, co_await evaluate(std::move(ctx), std::move(in.output)));
    const std::lock_guard lock(mutex_);
    co_return policy::Finished{.decision = std::move(decision), .settled = charge(in.settle)};
  }

 private:
  policy::Settled charge(const policy::SettleRequest& in) {
    EXPECT_TRUE(
        std::ranges::any_of(answers_, [&](const auto& answer) { return answer.second.decision_id == in.decision_id; }));
    EXPECT_FALSE(charge_) << "settled once";
    charge_ = in.actual;
    settled_.notify_all();
    return {.settled = in.actual};
  }

  std::mutex mutex_;
  std::condition_variable settled_;
  std::map<std::string, policy::Decision> answers_;
  std::optional<Tokens> charge_;
};

/// A model that says what it is told, or fails to begin.
class Model final : public slm::SlmPort {
 public:
  std::deque<slm::ChatEvent> script;
  std::optional<Error> refusal;
  std::function<void()> when_asked = [] {};

  Task<Result<StreamPtr<slm::ChatEvent>>> chat(Context, slm::ChatRequest) override {
    when_asked();
    if (refusal) co_return fail(*refusal);
    auto [writer, stream] = async::make_stream<slm::ChatEvent>(script.size() + 1, Context{});
    for (auto& event : script) EXPECT_TRUE(writer.try_push(std::move(event)));
    writer.close();
    co_return std::move(stream);
  }
  Task<Result<slm::Count>> count(Context, slm::Prompt) override {
    co_return slm::Count{.prompt = prompt_tokens, .context = Tokens{100}};
  }
  Task<Result<slm::ModelList>> models(Context, http::Nothing) override { co_return slm::ModelList{}; }
};

Task<Result<ChatItem>> read_until_end(StreamPtr<ChatItem> stream) {
  for (;;) {
    WRIT_CO_TRY(auto item, co_await stream->next());
    if (!item) co_return fail(internal("no end"));
    if (item->end) co_return std::move(*item);
  }
}
Task<Result<std::optional<ChatItem>>> read_one(Stream<ChatItem>* stream) { co_return co_await stream->next(); }
Task<void> drop(StreamPtr<ChatItem> stream) {
  stream.reset();
  co_return;
}

class GovernedChatTest : public testing::Test {
 protected:
  GovernedChatTest() {
    ctx.principal = {.tenant = TenantId("acme"), .subject = Subject("dev")};
    ctx.cancel = client.get_token();
  }
  void TearDown() override { EXPECT_TRUE(loops.run(tasks.stop(Seconds{30}))); }

  Result<StreamPtr<ChatItem>> chat() {
    return loops.run(governed.chat(ctx, {.request_id = "call_1", .actor = {}, .prompt = prompt()}));
  }
  static slm::Prompt prompt() {
    slm::Prompt out;
    out.model = "m";
    out.messages = {json::object{{"role", "user"}, {"content", "Go on."}}};
    out.max_tokens = 20;
    return out;
  }
  /// Text of one inspection, told to have cost so many tokens in all.
  static slm::ChatEvent text(std::int64_t tokens) {
    return {.text = std::string(60, 'a'), .usage = slm::Usage{prompt_tokens, Tokens{tokens}}};
  }

  Ledger ledger;
  Model model;
  tools::Toolbox no_tools;
  std::stop_source client;
  Context ctx;
  async::Loops loops{1};
  async::TaskGroup tasks{"settle", 10};
  Governed governed{ledger, model, no_tools, tasks};
};

TEST_F(GovernedChatTest, a_whole_answer_is_charged_with_its_end) {
  model.script = {text(5), {.finish = slm::FinishReason::stop, .usage = slm::Usage{prompt_tokens, Tokens{7}}}};
  auto stream = chat();
  ASSERT_TRUE(stream) << stream.error().message;
  const auto last = loops.run(read_until_end(std::move(*stream)));
  ASSERT_TRUE(last) << last.error().message;
  EXPECT_EQ(ledger.charged(), Tokens{17});
}

TEST_F(GovernedChatTest, an_answer_on_its_way_waits_for_policy_and_sends_again_what_it_lost) {
  ledger.inspects_down = 1;
  ledger.lose_place_at = 60;
  model.script = {text(5), text(9), {.finish = slm::FinishReason::stop, .usage = slm::Usage{prompt_tokens, Tokens{9}}}};
  auto stream = chat();
  ASSERT_TRUE(stream) << stream.error().message;
  const auto last = loops.run(read_until_end(std::move(*stream)));
  ASSERT_TRUE(last) << last.error().message;
  EXPECT_EQ(last->end->text, std::string(120, 'a'));
  EXPECT_EQ(ledger.inspected.at(ledger.inspected.size() - 2), "0+120") << "from where policy wants it, to the end";
  EXPECT_EQ(ledger.used_told, prompt_tokens + Tokens{9});
}

TEST_F(GovernedChatTest, a_policy_that_never_finds_its_place_ends_the_answer) {
  ledger.lose_place_at = -1;
  model.script = {text(5)};
  auto stream = chat();
  ASSERT_TRUE(stream);
  EXPECT_EQ(loops.run(read_until_end(std::move(*stream))).error().code, "gap_in_output");
}

TEST_F(GovernedChatTest, prompt_and_answer_fit_in_what_the_step_has_left) {
  const auto with = [&](std::int64_t tokens) {
    return loops.run(governed.chat(
        ctx, {.request_id = "call_1", .actor = {}, .prompt = prompt(), .step_tokens_max = Tokens{tokens}}));
  };
  const auto none = with(prompt_tokens.value);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, "token_limit");
  EXPECT_EQ(ledger.questions(), 0);
  model.script = {{.finish = slm::FinishReason::stop, .usage = slm::Usage{prompt_tokens, Tokens{1}}}};
  auto some = with(prompt_tokens.value + 7);
  ASSERT_TRUE(some);
  EXPECT_EQ(ledger.last_estimate, prompt_tokens + Tokens{7});
  EXPECT_TRUE(loops.run(read_until_end(std::move(*some))));
}

TEST_F(GovernedChatTest, a_reservation_whose_answer_was_lost_is_given_back) {
  ledger.lose_next_answer = true;
  model.when_asked = [] { ADD_FAILURE() << "nothing happens undecided"; };
  const auto stream = chat();
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().kind, ErrorKind::cancelled);
  EXPECT_EQ(ledger.charged(), Tokens{0});
  EXPECT_EQ(ledger.questions(), 1) << "asked again, not anew";
}

TEST_F(GovernedChatTest, a_refusal_is_no_reservation) {
  client.request_stop();
  ASSERT_FALSE(chat());
  EXPECT_EQ(ledger.questions(), 0);
}

TEST_F(GovernedChatTest, a_client_that_goes_before_the_model_begins_leaves_nothing_reserved) {
  model.when_asked = [this] { client.request_stop(); };
  model.refusal = gone(Outcome::not_sent);
  ASSERT_FALSE(chat());
  EXPECT_EQ(ledger.charged(), Tokens{0});
}

TEST_F(GovernedChatTest, a_model_of_which_nothing_is_known_is_charged_for_the_prompt) {
  model.refusal = gone(Outcome::unknown);
  ASSERT_FALSE(chat());
  EXPECT_EQ(ledger.charged(), prompt_tokens);
}

TEST_F(GovernedChatTest, a_dropped_stream_is_charged_what_was_read_when_policy_is_back) {
  ledger.settles_down = 2;
  model.script = {text(5), text(9)};
  auto stream = chat();
  ASSERT_TRUE(stream) << stream.error().message;
  ASSERT_TRUE(loops.run(read_one(stream->get())));  // the decision
  ASSERT_TRUE(loops.run(read_one(stream->get())));  // the first text
  client.request_stop();
  loops.run(drop(std::move(*stream)));
  EXPECT_EQ(ledger.charged(), Tokens{15});
}

TEST_F(GovernedChatTest, an_answer_denied_half_way_is_charged_what_was_read_when_policy_is_back) {
  ledger.find_term = true;
  ledger.settles_down = 2;
  model.script = {text(5), text(9)};
  auto stream = chat();
  ASSERT_TRUE(stream) << stream.error().message;
  const auto last = loops.run(read_until_end(std::move(*stream)));
  EXPECT_EQ(ledger.charged(), Tokens{15});
  ASSERT_TRUE(last) << last.error().message;
  EXPECT_TRUE(last->end->denied);
  EXPECT_EQ(last->end->finish, slm::FinishReason::content_filter);
}

}  // namespace
}  // namespace writ::governed
