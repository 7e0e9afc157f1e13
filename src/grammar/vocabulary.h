// The tokens of one model, arranged so that a grammar can say which of them may come next.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/result.h"

struct writ_vocabulary;

namespace writ::grammar {

/// Immutable: safe from any thread.
class Vocabulary {
 public:
  /// tokens: the bytes of each token, "" for one that no grammar may produce (control tokens). end: a token that ends an
  /// answer. Cost: about 50 ms and twice the tokens' bytes for 50,000 of them. Errors: invalid (bad_vocabulary).
  [[nodiscard]] static Result<Vocabulary> create(const std::vector<std::string>& tokens, std::int32_t end);

  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  friend class Grammar;
  struct Free {
    void operator()(writ_vocabulary* vocabulary) const;
  };
  Vocabulary(writ_vocabulary* handle, std::size_t size) : handle_(handle), size_(size) {}
  std::unique_ptr<writ_vocabulary, Free> handle_;
  std::size_t size_;
};

}  // namespace writ::grammar
