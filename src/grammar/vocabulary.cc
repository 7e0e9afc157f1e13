#include "grammar/vocabulary.h"

#include "grammar/engine_messages.h"

namespace writ::grammar {

void Vocabulary::Free::operator()(writ_vocabulary* vocabulary) const { writ_vocabulary_free(vocabulary); }

Result<Vocabulary> Vocabulary::create(const std::vector<std::string>& tokens, std::int32_t end) {
  std::string bytes;
  std::vector<std::size_t> ends;
  ends.reserve(tokens.size());
  for (const auto& token : tokens) {
    // The engine takes a token that begins with this byte, which UTF-8 never has, for a special one.
    constexpr char special_mark = '\xFF';
    if (!token.starts_with(special_mark)) bytes += token;
    ends.push_back(bytes.size());
  }
  Messages messages;
  // The pointer must not be null for an empty text.
  auto* handle = writ_vocabulary_new(reinterpret_cast<const std::uint8_t*>(bytes.data()), ends.data(), ends.size(),
                                     static_cast<std::uint32_t>(end), Messages::receive, &messages);
  if (handle == nullptr) return fail(invalid("bad_vocabulary", "the model's tokens: " + messages.text));
  return Vocabulary(handle, tokens.size());
}

}  // namespace writ::grammar
