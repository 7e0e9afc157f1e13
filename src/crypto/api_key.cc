#include "crypto/api_key.h"

#include <array>
#include <cstdint>
#include <string>

#include "crypto/hash.h"

namespace writ::crypto {
namespace {

constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t random_size = 32;   // bytes
constexpr std::size_t body_size = 52;     // characters: 256 bits in groups of five
constexpr std::size_t checksum_size = 6;  // characters: a typo passes once in 2^30
constexpr std::size_t key_size = api_key_prefix.size() + body_size + checksum_size;

/// The first `size` groups of five bits, zero bits behind the end.
std::string base32(std::string_view bytes, std::size_t size) {
  std::string out;
  out.reserve(size);  // growing would leave copies of a part behind
  for (std::size_t bit = 0; out.size() < size; bit += 5) {
    const auto byte = [&](std::size_t i) { return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U; };
    const unsigned pair = (byte(bit / 8) << 8U) | byte(bit / 8 + 1);
    out += alphabet[(pair >> (11 - bit % 8)) & 31U];
  }
  return out;
}

std::string checksum(std::string_view prefix_and_body) { return base32(sha256(prefix_and_body), checksum_size); }

}  // namespace

Secret make_api_key(Random& random) {
  std::string bytes(random_size, '\0');
  random.fill({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
  const Secret bits(std::move(bytes));
  std::string text;
  text.reserve(key_size);
  const Secret body(base32(bits.reveal(), body_size));
  text.append(api_key_prefix).append(body.reveal());
  text += checksum(text);
  return Secret(std::move(text));
}

Result<Secret> parse_api_key(std::string_view text) {
  const auto malformed = [] { return fail(unauthenticated("malformed_api_key", "not an API key of this service")); };
  if (text.size() != key_size || !text.starts_with(api_key_prefix)) return malformed();
  if (text.find_first_not_of(alphabet, api_key_prefix.size()) != std::string_view::npos) return malformed();
  const auto checked = text.substr(0, key_size - checksum_size);
  if (!constant_time_equal(checksum(checked), text.substr(checked.size())))
    return fail(unauthenticated("api_key_checksum", "the API key is mistyped or incomplete"));
  return Secret(std::string(text));
}

}  // namespace writ::crypto
