#include "scan/scanner.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <optional>
#include <set>
#include <tuple>

#include <fmt/format.h>
#include <hs.h>

#include "core/encoding.h"
#include "scan/text_form.h"

namespace writ::scan {
namespace {

constexpr std::size_t utf8_character_max = 4;
constexpr unsigned width_unbounded = std::numeric_limits<unsigned>::max();

struct FreeDatabase {
  void operator()(hs_database_t* database) const { hs_free_database(database); }
};
struct FreeScratch {
  void operator()(hs_scratch_t* scratch) const { hs_free_scratch(scratch); }
};
struct FreeError {
  void operator()(hs_compile_error_t* error) const { hs_free_compile_error(error); }
};
using DatabasePtr = std::unique_ptr<hs_database_t, FreeDatabase>;
using ScratchPtr = std::unique_ptr<hs_scratch_t, FreeScratch>;
using CompileError = std::unique_ptr<hs_compile_error_t, FreeError>;

// The library knows `\b` only with ASCII character classes, which expressions need more than Unicode's.
unsigned flags_of(const Pattern& pattern) {
  return HS_FLAG_UTF8 | HS_FLAG_SOM_LEFTMOST | (pattern.kind == PatternKind::literal ? HS_FLAG_UCP : 0U) |
         (pattern.case_insensitive ? HS_FLAG_CASELESS : 0U);
}

// A literal becomes an expression in which no ASCII character but letters and digits stands for itself.
std::string expression_of(const Pattern& pattern) {
  if (pattern.kind == PatternKind::regex) return pattern.text;
  std::string expression;
  for (const char c : pattern.text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    expression += plain ? std::string(1, c) : fmt::format("\\x{:02x}", byte);
  }
  return expression;
}

/// A literal as it stands in the form of a text by its look; nothing when that is no other one.
std::optional<Pattern> by_look_of(const Pattern& pattern) {
  if (pattern.kind == PatternKind::regex) return std::nullopt;
  auto out = pattern;
  out.text = look_of(pattern.text);
  out.max_match_length = 0;  // its own
  if (out.text.empty() || out.text == pattern.text) return std::nullopt;
  return out;
}

/// The longest possible match in bytes. Errors: a sentence for people.
std::expected<std::size_t, std::string> checked_width(const Pattern& pattern) {
  if (pattern.id.empty()) return std::unexpected("the id is empty");
  if (pattern.text.empty()) return std::unexpected("the text is empty");
  if (!is_utf8(pattern.text)) return std::unexpected("the text is not UTF-8");
  const bool regex = pattern.kind == PatternKind::regex;
  if (regex && pattern.text.contains('\0')) return std::unexpected("the expression holds a NUL: write \\x00");
  if (regex && pattern.max_match_length == 0) return std::unexpected("a regex must declare max_match_length");
  hs_expr_info_t* found = nullptr;
  hs_compile_error_t* problem = nullptr;
  const auto expression = expression_of(pattern);
  const auto outcome = hs_expression_info(expression.c_str(), flags_of(pattern), &found, &problem);
  const CompileError guard(problem);
  if (outcome != HS_SUCCESS) return std::unexpected(problem != nullptr ? problem->message : "cannot be examined");
  // The library's default allocator for misc. structures is malloc.
  const std::unique_ptr<hs_expr_info_t, decltype(&std::free)> info(found, &std::free);
  if (info->min_width == 0) return std::unexpected("it matches the empty text");
  if (info->max_width == width_unbounded)
    return std::unexpected("its matches have no maximum length: bound every repetition, such as {1,64}");
  if (pattern.max_match_length != 0 && info->max_width > pattern.max_match_length)
    return std::unexpected(
        fmt::format("it can match {} bytes, more than the declared {}", info->max_width, pattern.max_match_length));
  return info->max_width;
}

Result<DatabasePtr> compiled(const std::vector<Pattern>& patterns) {
  std::vector<std::string> expressions;
  std::vector<const char*> texts;
  std::vector<unsigned> flags, numbers;
  for (const auto& pattern : patterns) expressions.push_back(expression_of(pattern));
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    texts.push_back(expressions[i].c_str());
    flags.push_back(flags_of(patterns[i]));
    numbers.push_back(static_cast<unsigned>(i));
  }
  hs_database_t* database = nullptr;
  hs_compile_error_t* problem = nullptr;
  const auto outcome = hs_compile_multi(texts.data(), flags.data(), numbers.data(), static_cast<unsigned>(texts.size()),
                                        HS_MODE_BLOCK, nullptr, &database, &problem);
  const CompileError guard(problem);
  if (outcome == HS_SUCCESS) return DatabasePtr(database);
  const std::string message = problem != nullptr ? problem->message : "cannot be compiled";
  const int index = problem != nullptr ? problem->expression : -1;
  return fail(invalid("bad_patterns", "the patterns cannot be compiled: " + message,
                      {{"/patterns", index < 0 ? message
                                               : fmt::format("pattern `{}`: {}",
                                                             patterns[static_cast<std::size_t>(index)].id, message)}}));
}

}  // namespace

struct Scanner::Database {
  std::vector<std::string> ids;  // by the number of the expression
  std::size_t max_match_length = 0;
  std::size_t lookahead = 0;
  DatabasePtr compiled;   // null without patterns
  std::mutex mutex;       // guards `idle` only, for a push or a pop
  std::vector<ScratchPtr> idle;

  Result<ScratchPtr> borrow_scratch() {
    {
      const std::lock_guard lock(mutex);
      if (!idle.empty()) {
        auto scratch = std::move(idle.back());
        idle.pop_back();
        return scratch;
      }
    }
    hs_scratch_t* scratch = nullptr;
    if (hs_alloc_scratch(compiled.get(), &scratch) != HS_SUCCESS)
      return fail(unavailable("out_of_memory", "no memory for scanning"));
    return ScratchPtr(scratch);
  }
  void give_back(ScratchPtr scratch) {
    const std::lock_guard lock(mutex);
    idle.push_back(std::move(scratch));
  }
};

Scanner::Scanner(std::unique_ptr<Database> database) : database_(std::move(database)) {}
Scanner::Scanner(Scanner&&) noexcept = default;
Scanner& Scanner::operator=(Scanner&&) noexcept = default;
Scanner::~Scanner() = default;

Result<Scanner> Scanner::compile(const std::vector<Pattern>& patterns) {
  if (hs_valid_platform() != HS_SUCCESS)
    return fail(
        unavailable("unsupported_cpu", "this processor lacks SSSE3, which pattern matching needs", std::nullopt));
  if (patterns.size() > patterns_max)
    return fail(invalid("bad_patterns", fmt::format("{} patterns, at most {}", patterns.size(), patterns_max)));
  auto database = std::make_unique<Database>();
  std::vector<Problem> problems;
  std::vector<Pattern> expressions;
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    const auto& pattern = patterns[i];
    auto width = checked_width(pattern);
    if (width && !seen.insert(pattern.id).second) width = std::unexpected("the id is used by two patterns");
    if (!width) {
      problems.push_back({fmt::format("/patterns/{}", i), fmt::format("pattern `{}`: {}", pattern.id, width.error())});
      continue;
    }
    database->max_match_length = std::max(database->max_match_length, *width);
    if (pattern.kind == PatternKind::regex) database->lookahead = utf8_character_max;
    expressions.push_back(pattern);
    if (auto by_look = by_look_of(pattern)) {
      if (const auto wider = checked_width(*by_look)) {
        database->max_match_length = std::max(database->max_match_length, *wider);
        expressions.push_back(std::move(*by_look));
      }
    }
  }
  if (!problems.empty()) {
    auto message = "the patterns are not valid: " + problems.front().message;
    return fail(invalid("bad_patterns", std::move(message), std::move(problems)));
  }
  for (const auto& expression : expressions) database->ids.push_back(expression.id);
  if (!expressions.empty()) { WRIT_TRY(database->compiled, compiled(expressions)); }
  return Scanner(std::move(database));
}

Result<std::vector<Match>> Scanner::scan(std::string_view text) const {
  std::vector<Match> matches;
  if (!database_->compiled || text.empty()) return matches;
  if (text.size() > std::numeric_limits<unsigned>::max())
    return fail(invalid("bad_text", "the text is larger than 4 GiB"));
  if (!is_utf8(text)) return fail(invalid("bad_text", "the text is not UTF-8"));
  struct Found {
    unsigned number;
    unsigned long long from, to;
  };
  std::vector<Found> found;
  // Out of memory ends the process here: an exception may not cross the library.
  const auto on_match = [](unsigned number, unsigned long long from, unsigned long long to, unsigned,
                           void* context) noexcept {
    static_cast<std::vector<Found>*>(context)->push_back({number, from, to});
    return 0;
  };
  WRIT_TRY(auto scratch, database_->borrow_scratch());
  const auto outcome = hs_scan(database_->compiled.get(), text.data(), static_cast<unsigned>(text.size()), 0,
                               scratch.get(), on_match, &found);
  database_->give_back(std::move(scratch));
  if (outcome != HS_SUCCESS) return fail(internal(fmt::format("pattern matching failed with {}", outcome), "scan"));
  for (const auto& f : found)
    matches.push_back({database_->ids[f.number], static_cast<std::size_t>(f.from), static_cast<std::size_t>(f.to)});
  const auto by_place = [](const Match& a, const Match& b) {
    return std::tie(a.from, a.to, a.pattern) < std::tie(b.from, b.to, b.pattern);
  };
  std::ranges::sort(matches, by_place);
  const auto repeated = std::ranges::unique(matches);
  matches.erase(repeated.begin(), repeated.end());
  return matches;
}

std::size_t Scanner::max_match_length() const { return database_->max_match_length; }
std::size_t Scanner::lookahead() const { return database_->lookahead; }

}  // namespace writ::scan
