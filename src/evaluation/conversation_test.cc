#include "evaluation/conversation.h"

#include <gtest/gtest.h>

namespace writ::evaluation {
namespace {

constexpr std::string_view chain =
    R"({"id":"c/1","split":"c","messages":[{"role":"user","content":"15% of the budget?"}],)"
    R"("tools":[{"type":"function","function":{"name":"recall"}}],"steps":[)"
    R"({"calls":[{"name":"recall","arguments":{"key":"a"}},{"name":"recall","arguments":{"key":"b"}}],"results":["A","B"]},)"
    R"({"calls":[{"name":"calculator","arguments":{"expression":"1"}}],"results":["1"]},)"
    R"({"answer":{"must":["180"]}}]})";

json::value reply(std::string_view message) {
  return *parse_json(R"({"choices":[{"message":)" + std::string(message) + "}]}");
}
std::string call(std::string_view id, std::string_view name, std::string_view arguments) {
  json::object out{
      {"id", id}, {"type", "function"}, {"function", json::object{{"name", name}, {"arguments", arguments}}}};
  return to_text(out);
}
const std::string both_recalls = R"({"content":null,"tool_calls":[)" + call("x", "recall", R"({"key":"b"})") + "," +
                                 call("y", "recall", R"({"key":"a"})") + "]}";
const std::string calculation =
    R"({"content":null,"tool_calls":[)" + call("z", "calculator", R"({"expression":"1"})") + "]}";

class ConversationTest : public testing::Test {
 protected:
  const Case one = *read_case(chain);
  RequestForm form{.model = "m", .max_tokens = 64};
  Conversation conversation{one, form};
  const Outcome& outcome = conversation.outcome();
};

TEST_F(ConversationTest, asks_as_a_client_that_wants_the_most_likely_answer) {
  const auto request = conversation.request();
  EXPECT_EQ(request.at("messages").as_array(), one.messages);
  EXPECT_EQ(request.at("tools").as_array(), one.tools);
  EXPECT_EQ(request.at("tool_choice"), json::value("auto"));
  EXPECT_EQ(request.at("temperature"), json::value(0));
  EXPECT_EQ(request.at("max_tokens"), json::value(64));
  EXPECT_EQ(request.at("model"), json::value("m"));
}

TEST_F(ConversationTest, gives_each_call_its_own_result_and_goes_on_to_the_answer) {
  conversation.take(reply(both_recalls));
  ASSERT_FALSE(conversation.ended()) << outcome.fault;
  const auto messages = conversation.request().at("messages").as_array();
  ASSERT_EQ(messages.size(), 4U);
  EXPECT_EQ(messages[1].at("tool_calls").as_array().size(), 2U);
  EXPECT_EQ(messages[2], (json::value{{"role", "tool"}, {"tool_call_id", "x"}, {"content", "B"}}));
  EXPECT_EQ(messages[3], (json::value{{"role", "tool"}, {"tool_call_id", "y"}, {"content", "A"}}));
  EXPECT_FALSE(outcome.calls_right) << "one more call step is to come";
  conversation.take(reply(calculation));
  ASSERT_FALSE(conversation.ended()) << outcome.fault;
  EXPECT_TRUE(outcome.calls_right);
  EXPECT_FALSE(outcome.reached_answer);
  conversation.take(reply(R"({"content":"It is 180."})"));
  EXPECT_TRUE(conversation.ended());
  EXPECT_TRUE(outcome.case_right && outcome.answer_right && outcome.reached_answer && outcome.first_call_right);
  EXPECT_TRUE(outcome.has_calls && outcome.begins_with_call);
  EXPECT_EQ(outcome.fault, "");
}

TEST_F(ConversationTest, a_wrong_call_ends_it_and_the_answer_is_not_reached) {
  conversation.take(reply(both_recalls));
  conversation.take(reply(both_recalls));
  EXPECT_TRUE(conversation.ended());
  EXPECT_TRUE(outcome.first_call_right);
  EXPECT_FALSE(outcome.calls_right || outcome.case_right || outcome.reached_answer);
  EXPECT_EQ(outcome.fault_step, 2U);
}

TEST_F(ConversationTest, a_call_where_an_answer_is_due_is_wrong) {
  conversation.take(reply(both_recalls));
  conversation.take(reply(calculation));
  conversation.take(reply(calculation));
  EXPECT_TRUE(conversation.ended());
  EXPECT_TRUE(outcome.reached_answer && outcome.calls_right);
  EXPECT_FALSE(outcome.answer_right || outcome.case_right);
  EXPECT_EQ(outcome.fault, R"(expected an answer, got calculator({"expression":"1"}))");
}

TEST_F(ConversationTest, an_answer_where_a_call_is_due_is_shown) {
  conversation.take(reply(R"({"content":"No idea."})"));
  EXPECT_TRUE(conversation.ended());
  EXPECT_FALSE(outcome.first_call_right);
  EXPECT_NE(outcome.fault.find("got no call: No idea."), std::string::npos) << outcome.fault;
}

TEST_F(ConversationTest, what_is_no_completion_and_what_is_refused_are_wrong) {
  conversation.take(*parse_json(R"({"choices":[]})"));
  EXPECT_TRUE(conversation.ended());
  EXPECT_EQ(outcome.fault, "the reply is no chat completion");
  EXPECT_FALSE(outcome.refused);

  Conversation other(one, form);
  other.refuse("too long");
  EXPECT_TRUE(other.ended() && other.outcome().refused);
  EXPECT_FALSE(other.outcome().case_right);
  EXPECT_EQ(other.outcome().fault, "too long");
}

}  // namespace
}  // namespace writ::evaluation
