#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "orchestrator/run_machine.h"

namespace writ::orchestrator {
namespace {

/// A recorded history: {reducer_version, events: [{type, v, seq, at, data}], end: {status, answer?, turns, steps}}.
json::value read_history(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  auto parsed = parse_json(text);
  EXPECT_TRUE(parsed) << file;
  return parsed.value_or(json::object{});
}

TEST(History, every_recorded_history_still_replays_to_its_end) {
  int histories = 0;
  for (const auto& file : std::filesystem::directory_iterator(WRIT_HISTORIES)) {
    if (file.path().extension() != ".json") continue;
    ++histories;
    const auto history = read_history(file.path());
    std::vector<Event> events;
    for (const auto& recorded : history.at("events").as_array()) {
      const auto& object = recorded.as_object();
      auto data = decode_event(text_at(object, "type"), object.at("v").as_int64(), object.at("data"));
      ASSERT_TRUE(data) << file.path() << " " << text_at(object, "type") << " " << data.error().message;
      const auto at = parse_rfc3339(text_at(object, "at"));
      ASSERT_TRUE(at);
      events.push_back({.seq = object.at("seq").as_int64(), .at = *at, .data = std::move(*data)});
    }
    const auto state = replay(events);
    const auto& end = history.at("end").as_object();
    EXPECT_EQ(schema::name_of(state.status), text_at(end, "status")) << file.path();
    EXPECT_EQ(state.last_seq, std::ssize(events)) << file.path();
    EXPECT_EQ(std::ssize(state.turns), end.at("turns").as_int64()) << file.path();
    EXPECT_EQ(state.step, end.at("steps").as_int64()) << file.path();
    ASSERT_TRUE(state.finish) << file.path();
    EXPECT_EQ(state.finish->answer.value_or(""), text_at(end, "answer")) << file.path();
  }
  EXPECT_GE(histories, 3);
}

}  // namespace
}  // namespace writ::orchestrator
