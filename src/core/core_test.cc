#include <array>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "core/clock.h"
#include "core/encoding.h"
#include "core/id.h"
#include "core/json.h"
#include "core/result.h"
#include "core/secret.h"

namespace writ {
namespace {

TEST(Json, refuses_a_key_that_stands_twice) {
  EXPECT_FALSE(parse_json(R"({"a":1,"a":2})"));
  EXPECT_FALSE(parse_json(R"({"b":{"a":1,"\u0061":2}})"));
  EXPECT_TRUE(parse_json(R"({"a":"x:y","b":{"a":":"}})"));
}

TEST(Json, refuses_what_is_too_deep_or_has_a_tail) {
  EXPECT_TRUE(parse_json(std::string(31, '[') + std::string(31, ']')));
  EXPECT_FALSE(parse_json(std::string(33, '[') + std::string(33, ']')));
  EXPECT_FALSE(parse_json("{} x"));
  EXPECT_FALSE(parse_json(""));
  EXPECT_FALSE(parse_json("\"\xff\""));
}

TEST(Json, canonical_form_sorts_keys_and_writes_numbers_as_rfc_8785) {
  const auto value = parse_json(R"({"b":1e3,"a":[1.5,-0.0,333333333.33333329,1e-7,1E30,4.50,2e-3],"":true})");
  ASSERT_TRUE(value);
  EXPECT_EQ(canonical_json(*value), R"({"":true,"a":[1.5,0,333333333.3333333,1e-7,1e+30,4.5,0.002],"b":1000})");
  const auto order = parse_json("{\"\xEE\x80\x80\":1,\"\xF0\x9F\x98\x80\":2}");
  ASSERT_TRUE(order);
  EXPECT_EQ(canonical_json(*order), "{\"\xF0\x9F\x98\x80\":2,\"\xEE\x80\x80\":1}");
}

TEST(Json, text_is_read_back_as_it_was_with_numbers_as_people_write_them) {
  const json::value value = {{"b", 0.5},
                             {"a", json::array{1, -2, 3.0, nullptr, true, std::uint64_t(18446744073709551615U)}},
                             {"t", "q\"\\\n\x01\xC3\xBC"}};
  EXPECT_EQ(to_text(value),
            "{\"b\":0.5,\"a\":[1,-2,3,null,true,18446744073709551615],\"t\":\"q\\\"\\\\\\n\\u0001\xC3\xBC\"}");
  EXPECT_EQ(parse_json(to_text(value))->at("t"), value.at("t"));
}

TEST(Id, sorts_by_time_and_carries_its_prefix) {
  const auto early = make_id<RunId>(WallTime{Millis{1'000}}), late = make_id<RunId>(WallTime{Millis{2'000'000}});
  EXPECT_LT(early.str(), late.str());
  EXPECT_TRUE(early.str().starts_with("run_"));
  EXPECT_EQ(early.str().size(), 30U);
}

TEST(Time, round_trips_rfc_3339) {
  const auto at = parse_rfc3339("2026-11-23T20:01:05.123Z");
  ASSERT_TRUE(at);
  EXPECT_EQ(to_rfc3339(*at), "2026-11-23T20:01:05.123Z");
  for (auto bad :
       {"2026-13-01T00:00:00Z", "2026-11-23 20:01:05Z", "2026-11-23T20:01:05+01:00", "", "2026-11-23T24:01:05Z",
        "2026-11-23T 1: 1: 1Z", " 2026-11-23T20:01:05Z", "2026-1-1T1:1:1Z", "2026-11-23T20:01:05.12xZ"})
    EXPECT_FALSE(parse_rfc3339(bad)) << bad;
}

TEST(Encoding, base64url_round_trips_and_refuses_second_spellings) {
  for (const std::string& s :
       {std::string(), std::string("a"), std::string("ab"), std::string("abc"), std::string("\x00\xff\x10", 3)})
    EXPECT_EQ(from_base64url(to_base64url(s)), s);
  EXPECT_EQ(from_base64url("YR"), std::nullopt);  // "YQ" with stray bits
  EXPECT_EQ(from_base64url("Y"), std::nullopt);
  EXPECT_EQ(from_hex("zz"), std::nullopt);
}

TEST(Encoding, utf8_is_checked_and_cut_at_characters) {
  EXPECT_TRUE(is_utf8("gr\xC3\xBC\xC3\x9F"));
  EXPECT_FALSE(is_utf8("\xC0\xAF"));
  EXPECT_FALSE(is_utf8("\xED\xA0\x80"));
  EXPECT_EQ(utf8_complete_prefix("a\xC3"), 1U);
  EXPECT_EQ(utf8_complete_prefix("a\xC3\xBC"), 3U);
  EXPECT_EQ(utf8_complete_prefix("\xF0\x9F\x98"), 0U);
}

TEST(Encoding, utf8_is_checked_at_every_place_of_a_long_text) {
  for (std::size_t before = 0; before < 20; ++before) {
    const std::string ascii(before, 'a');
    EXPECT_TRUE(is_utf8(ascii + "\xC3\xBC" + ascii)) << before;
    EXPECT_FALSE(is_utf8(ascii + "\xC3")) << before;
    EXPECT_FALSE(is_utf8(ascii + "\xFF" + ascii)) << before;
  }
}

TEST(Random, identifiers_are_unique_within_and_between_threads) {
  using Bytes16 = std::array<std::uint8_t, 16>;
  std::array<std::vector<Bytes16>, 2> drawn;
  const auto draw = [](std::vector<Bytes16>& out) {
    for (int i = 0; i < 1000; ++i) identifier_random().fill(out.emplace_back());
  };
  {
    const std::jthread other([&] { draw(drawn[1]); });
    draw(drawn[0]);
  }
  std::set<Bytes16> all(drawn[0].begin(), drawn[0].end());
  all.insert(drawn[1].begin(), drawn[1].end());
  EXPECT_EQ(all.size(), 2000U);
}

TEST(Secret, moving_leaves_nothing_behind) {
  Secret short_one(std::string("hunter2"));
  const Secret moved(std::move(short_one));
  EXPECT_EQ(moved.reveal(), "hunter2");
  EXPECT_TRUE(short_one.reveal().empty());  // NOLINT(bugprone-use-after-move): the point of the test
}

TEST(Json, canonical_form_writes_large_integral_doubles_with_their_shortest_digits) {
  EXPECT_EQ(canonical_json(json::value(123456789012345680000.0)), "123456789012345680000");
}

TEST(Error, every_kind_has_one_row_and_maps_back_from_its_status) {
  for (int i = 0; i < 12; ++i) {
    const auto kind = static_cast<ErrorKind>(i);
    EXPECT_EQ(error_kind_named(info(kind).label), kind);
    EXPECT_EQ(error_kind_of_status(info(kind).status), kind);
  }
}

}  // namespace
}  // namespace writ
