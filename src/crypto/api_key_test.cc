#include "crypto/api_key.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace writ::crypto {
namespace {

struct Constant final : Random {
  explicit Constant(std::uint8_t byte) : byte_(byte) {}
  void fill(std::span<std::uint8_t> out) override { std::ranges::fill(out, byte_); }

 private:
  std::uint8_t byte_;
};

std::string made() { return std::string(make_api_key(system_random()).reveal()); }
std::string code_of(const Result<Secret>& result) {
  if (result) return "accepted";
  EXPECT_EQ(result.error().kind, ErrorKind::unauthenticated);
  return result.error().code;
}

TEST(ApiKey, is_accepted_as_it_was_made_and_differs_each_time) {
  const auto key = made();
  EXPECT_EQ(key.size(), 63U);
  EXPECT_TRUE(key.starts_with("writ_"));
  EXPECT_EQ(parse_api_key(key).value().reveal(), key);
  EXPECT_NE(key, made());
}

TEST(ApiKey, holds_all_256_bits) {
  Constant zeros(0), ones(0xFF);
  EXPECT_EQ(make_api_key(zeros).reveal().substr(5, 52), std::string(52, '0'));
  EXPECT_EQ(make_api_key(ones).reveal().substr(5, 52), std::string(51, 'z') + "g");  // the last holds one bit
}

TEST(ApiKey, tells_a_typing_error_by_the_checksum) {
  const auto key = made();
  for (std::size_t i = 5; i < key.size(); ++i) {
    auto wrong = key;
    wrong[i] = wrong[i] == '7' ? '8' : '7';
    EXPECT_EQ(code_of(parse_api_key(wrong)), "api_key_checksum") << i;
  }
}

TEST(ApiKey, refuses_what_was_never_one) {
  const auto key = made();
  for (const std::string& bad :
       {std::string(), std::string("writ_"), key + "0", key.substr(0, 62), " " + key.substr(1), "WRIT_" + key.substr(5),
        key.substr(0, 62) + "u", key.substr(0, 62) + "Z", key.substr(0, 62) + std::string(1, '\0')})
    EXPECT_EQ(code_of(parse_api_key(bad)), "malformed_api_key") << bad;
}

}  // namespace
}  // namespace writ::crypto
