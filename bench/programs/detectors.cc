// What detectors cost: a byte of a content searched in all forms, and of an output that leaves in pieces, beside the
// bare search for the same patterns. CPU time of this thread.
#include <algorithm>
#include <ctime>

#include "core/json.h"
#include "scan/content_scan.h"
#include "scan/window_scanner.h"
#include "workbench.h"

namespace writ::bench {
namespace {

constexpr std::size_t content_bytes = 8'192, output_bytes = 2'048, piece_bytes = 48;

std::string text_of(std::string_view sentence, std::size_t bytes) {
  std::string out;
  while (out.size() < bytes) out += sentence;
  return out;
}

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// Nanoseconds a byte: the best of some rounds, each of some repetitions.
template <class Work>
double cost(std::size_t bytes, Work work) {
  constexpr int rounds = 7, repetitions = 200;
  double best = 1e9;
  for (int round = 0; round < rounds; ++round) {
    const auto began = thread_seconds();
    for (int i = 0; i < repetitions; ++i) work();
    best = std::min(best, (thread_seconds() - began) * 1e9 / repetitions / static_cast<double>(bytes));
  }
  return best;
}

void run() {
  const auto scanner =
      must(scan::Scanner::compile({{"term", scan::PatternKind::literal, "writ-example-denied-term", true, 0},
                                   {"word", scan::PatternKind::literal, "secret", true, 0},
                                   {"mail", scan::PatternKind::regex, "[a-z]{1,16}@[a-z]{1,16}", false, 33}}));
  const std::pair<std::string_view, std::string_view> sentences[] = {
      {"english", "The quick brown fox jumps over the lazy dog, and nobody minds. "},
      {"json", R"({"name":"value of it","n":17},)"},
      {"code_with_escapes", "const x = {\"name\": \"va\\nlue\", \"n\": [1, 2, \"three\"]};\n"},
      {"german", "Fünf größere Bücher hörten schöne Wörter über Zürich an. "},
      {"russian", "Пять больших книг слушали красивые слова о Москве. "},
      {"japanese", "東京は日本の首都であり、多くの人々が住んでいる。"}};
  json::object out;
  for (const auto& [name, sentence] : sentences) {
    const auto content = text_of(sentence, content_bytes), output = text_of(sentence, output_bytes);
    const auto bare = cost(content.size(), [&] { must(scanner.scan(content)); });
    const auto whole = cost(content.size(), [&] { must(scan::patterns_in(scanner, {.text = content, .breaks = {}})); });
    const auto pieces = cost(output.size(), [&] {
      scan::WindowScanner windows(scanner);
      for (std::size_t at = 0; at < output.size(); at += piece_bytes)
        must(windows.feed(at, std::string_view(output).substr(at, piece_bytes)));
      must(windows.finish());
    });
    out[name] = {{"bare_ns", bare}, {"content_ns", whole}, {"output_ns", pieces}};
  }
  print(out);
}

}  // namespace
}  // namespace writ::bench

int main() { writ::bench::run(); }
