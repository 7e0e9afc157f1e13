#include "settings/rule.h"

#include <gtest/gtest.h>

namespace writ::settings {
namespace {

TEST(Duration, is_a_whole_number_with_its_unit) {
  EXPECT_EQ(parse_duration("250ms"), Millis{250});
  EXPECT_EQ(parse_duration("5s"), Seconds{5});
  EXPECT_EQ(parse_duration("10m"), std::chrono::minutes{10});
  EXPECT_EQ(parse_duration("24h"), std::chrono::hours{24});
  for (auto bad :
       {"", "5", "s", "-1s", "1.5s", "5 s", "5S", "1d", "+1s", "9223372036854775807h", "99999999999999999999s"})
    EXPECT_FALSE(parse_duration(bad)) << bad;
}

TEST(Size, is_a_whole_number_with_its_unit) {
  EXPECT_EQ(parse_size("64KiB"), Bytes{65'536});
  EXPECT_EQ(parse_size("1B"), Bytes{1});
  for (auto bad : {"", "64", "64KB", "64k", "9007199254740993GiB"}) EXPECT_FALSE(parse_size(bad)) << bad;
}

TEST(Amounts, are_written_in_the_largest_exact_unit) {
  EXPECT_EQ(format_duration(Millis{1'500}), "1500ms");
  EXPECT_EQ(format_duration(Seconds{600}), "10m");
  EXPECT_EQ(format_duration(Millis{0}), "0ms");
  EXPECT_EQ(format_size(Bytes{1 << 20}), "1MiB");
  EXPECT_EQ(format_size(Bytes{1'000}), "1000B");
}

}  // namespace
}  // namespace writ::settings
