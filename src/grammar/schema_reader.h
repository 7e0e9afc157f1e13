// SchemaReader: reads one JSON Schema for enforced_schema(); private to the room.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "grammar/limits.h"
#include "grammar/schema.h"

namespace writ::grammar {

// What says something of a value as a whole.
inline constexpr std::array<std::string_view, 6> in_place_keywords{"enum", "const", "$ref", "allOf", "anyOf", "oneOf"};

[[nodiscard]] inline bool one_of(std::string_view text, const auto& list) {
  return std::ranges::find(list, text) != list.end();
}
/// Answers have no \u escapes, so that every text has one spelling: control characters without a short one are left out.
[[nodiscard]] bool is_spelt(std::string_view text);

/// The drafts before 2020-12 spell tuples "items" and "additionalItems".
enum class Draft { older, newest };

class SchemaReader {
 public:
  SchemaReader(const json::value& root, std::string at) : root_(root), at_(std::move(at)) {}

  Result<Schema> read() {
    if (const auto size = to_text(root_).size(); size > limit::schema_bytes.most) {
      complain("", fmt::format("has {} bytes of JSON; at most {}", size, limit::schema_bytes.most));
      return refused();
    }
    draft_ = draft_of_root();
    if (!problems_.empty()) return refused();
    targets_.emplace("", 0);
    pending_.push_back({&root_, ""});
    std::vector<json::value> schemas;
    for (; !pending_.empty() && problems_.empty(); pending_.pop_front()) {
      const auto [schema, pointer] = pending_.front();
      current_ = schemas.size();
      links_.emplace_back();
      schemas.push_back(convert(*schema, pointer, 0, Place::in_place));
    }
    if (problems_.empty()) check_links();
    if (problems_.empty()) check_reach(schemas);
    if (!problems_.empty()) return refused();
    close_objects(schemas);
    return Schema{assembled(std::move(schemas)), at_};
  }

 private:
  enum class Place { in_place, inside };  // whether the value at hand is the one the whole schema is about
  struct Pending {
    const json::value* schema;
    std::string pointer;
  };
  struct Link {
    std::size_t to;
    std::string pointer;  // of the $ref
  };

  void complain(const std::string& pointer, std::string message) {
    constexpr std::size_t most = 16;  // problems that are told at once
    if (problems_.size() < most) problems_.push_back({at_ + pointer, std::move(message)});
  }
  std::unexpected<Error> refused() {
    return fail(invalid("unsupported_schema", "the JSON Schema cannot be enforced", std::move(problems_)));
  }
  /// Counts towards a limit of the whole schema. False when it is passed, which is told once.
  bool count(std::uint64_t& counter, std::uint64_t more, const Limit& most, const std::string& pointer) {
    const bool before = counter > most.most;
    counter += more;
    if (counter <= most.most) return true;
    if (!before) complain(pointer, fmt::format("is beyond the limit of {} {}", most.most, most.unit));
    return false;
  }

  Draft draft_of_root() {
    const auto* object = root_.if_object();
    const auto* name = object == nullptr ? nullptr : object->if_contains("$schema");
    if (name == nullptr) return Draft::newest;
    auto text = name->is_string() ? view(name->get_string()) : std::string_view{};
    if (text.ends_with('#')) text.remove_suffix(1);
    for (const auto prefix : {"http://", "https://"})
      if (text.starts_with(prefix)) text.remove_prefix(std::string_view(prefix).size());
    if (text == "json-schema.org/draft/2020-12/schema" || text == "json-schema.org/schema") return Draft::newest;
    for (const auto known : {"draft/2019-09", "draft-07", "draft-06", "draft-04"})
      if (text == fmt::format("json-schema.org/{}/schema", known)) {
        draft4_ = std::string_view(known) == "draft-04";
        return Draft::older;
      }
    complain("/$schema", "is not a draft of JSON Schema that is known here");
    return Draft::newest;
  }

  json::value convert(const json::value& schema, const std::string& pointer, std::uint64_t depth, Place place);
  void convert_keyword(std::string_view key, const json::value& value, const std::string& pointer, std::uint64_t depth,
                       Place place, const json::object& given, json::object& out);
  bool assertion_that_always_holds(std::string_view key, const json::value& value, const json::object& given) const;
  void check_reach(const std::vector<json::value>& schemas);
  void check_meetings(const json::object& given, const std::string& pointer);
  void convert_type(const json::value& value, const std::string& pointer, json::object& out);
  void convert_reference(const json::value& value, const std::string& pointer, Place place, json::object& out);
  void convert_branches(std::string_view key, const json::value& value, const std::string& pointer, std::uint64_t depth,
                        Place place, json::object& out);
  void convert_properties(std::string_view key, const json::value& value, const std::string& pointer,
                          std::uint64_t depth, json::object& out);
  void convert_items(const json::object& given, const std::string& pointer, std::uint64_t depth, json::object& out);
  void convert_number(std::string_view key, const json::value& value, const std::string& pointer,
                      const json::object& given, json::object& out);
  void convert_length(std::string_view key, const json::value& value, const std::string& pointer, json::object& out);
  void convert_texts(const json::object& given, const std::string& pointer, json::object& out);
  void convert_constant(std::string_view key, const json::value& value, const std::string& pointer, json::object& out);
  void check_constant(const json::value& value, const std::string& pointer);
  void check_object(const json::object& given, const std::string& pointer);
  static void bound_numbers(json::object& out);
  static void keep_off_bounds(json::object& out);
  std::optional<double> number_of(const json::value& value, const std::string& pointer);
  const json::value* resolve(std::string_view reference, std::string& canonical) const;
  void check_links();
  static void close_objects(std::vector<json::value>& schemas);
  json::value assembled(std::vector<json::value> schemas) const;

  const json::value& root_;
  const std::string at_;
  Draft draft_ = Draft::newest;
  std::optional<bool> has_expressions_;  // anywhere in the document
  std::vector<Problem> problems_;
  std::map<std::string, std::size_t> targets_;  // JSON pointer → number of the schema it leads to
  std::deque<Pending> pending_;
  std::size_t current_ = 0;  // the target that is being converted
  std::vector<std::vector<Link>> links_;  // of each target: references about the same value
  bool root_used_ = false;  // something leads back to the whole schema
  bool draft4_ = false;
  std::uint64_t subschemas_ = 0, properties_ = 0, definitions_ = 0, references_ = 0, enum_values_ = 0, branches_ = 0;
  double multiples_ = 1;
};

}  // namespace writ::grammar
