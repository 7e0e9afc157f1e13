#include "core/id.h"

#include <array>
#include <cstdint>

namespace writ {

std::string uuid7_base32(WallTime now, Random& random) {
  std::array<std::uint8_t, 16> bytes{};
  random.fill(std::span(bytes).subspan(6));
  auto millis = static_cast<std::uint64_t>(now.time_since_epoch().count());
  for (std::size_t i = 6; i-- > 0; millis >>= 8U) bytes.at(i) = static_cast<std::uint8_t>(millis & 0xFFU);
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0FU) | 0x70U);  // version 7
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3FU) | 0x80U);  // RFC 9562 variant
  constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
  std::string out(26, '0');
  // 128 bits = 25 groups of five and a first one of three, so that the text sorts as the number does.
  unsigned __int128 number = 0;
  for (auto b : bytes) number = (number << 8U) | b;
  for (std::size_t i = 26; i-- > 0; number >>= 5U) out[i] = alphabet[static_cast<std::size_t>(number & 31U)];
  return out;
}

}  // namespace writ
