#include "cli/constitution_diff.h"

#include <algorithm>

#include <fmt/format.h>

namespace writ::cli {
namespace {

constexpr std::size_t table_max = 4U << 20U;  // cells: beyond, the changed middle is shown as replaced

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

/// Two texts of lines whose common head and tail are cut off.
class LineDiff {
 public:
  LineDiff(std::string_view before, std::string_view after) : a_(lines_of(before)), b_(lines_of(after)) {
    while (head_ < std::min(a_.size(), b_.size()) && a_[head_] == b_[head_]) ++head_;
    a_end_ = a_.size();
    b_end_ = b_.size();
    while (a_end_ > head_ && b_end_ > head_ && a_[a_end_ - 1] == b_[b_end_ - 1]) --a_end_, --b_end_;
  }

  std::vector<ChangedLine> run() {
    const auto rows = a_end_ - head_ + 1, columns = b_end_ - head_ + 1;
    if (rows * columns <= table_max) fill(rows, columns);
    std::vector<ChangedLine> out;
    auto i = head_, j = head_;
    while (i < a_end_ || j < b_end_) {
      if (i < a_end_ && j < b_end_ && !common_.empty() && a_[i] == b_[j]) ++i, ++j;
      else if (i < a_end_ && (j == b_end_ || common(i + 1, j) >= common(i, j + 1)))
        out.push_back({'-', i + 1, std::string(a_[i])}), ++i;
      else out.push_back({'+', j + 1, std::string(b_[j])}), ++j;
    }
    return out;
  }

 private:
  // common_[i][j]: the longest common subsequence of what follows.
  void fill(std::size_t rows, std::size_t columns) {
    columns_ = columns;
    common_.assign(rows * columns, 0);
    for (auto i = rows - 1; i-- > 0;)
      for (auto j = columns - 1; j-- > 0;)
        at(i, j) = a_[head_ + i] == b_[head_ + j] ? at(i + 1, j + 1) + 1 : std::max(at(i + 1, j), at(i, j + 1));
  }
  std::uint32_t& at(std::size_t i, std::size_t j) { return common_[i * columns_ + j]; }
  std::uint32_t common(std::size_t i, std::size_t j) { return common_.empty() ? 0 : at(i - head_, j - head_); }

  std::vector<std::string_view> a_, b_;
  std::size_t head_ = 0, a_end_ = 0, b_end_ = 0, columns_ = 0;
  std::vector<std::uint32_t> common_;
};

// Lists are compared by place: a member is named by the pointer under which a person finds it. Depth: json_depth_max.
void compare(const std::string& pointer, const json::value* before, const json::value* after,
             std::vector<ChangedMember>& out) {
  if (before != nullptr && after != nullptr) {
    if (*before == *after) return;
    if (before->is_object() && after->is_object()) {
      for (const auto& member : before->get_object())
        compare(pointer_to(pointer, member.key()), &member.value(), after->get_object().if_contains(member.key()), out);
      for (const auto& member : after->get_object())
        if (!before->get_object().contains(member.key()))
          compare(pointer_to(pointer, member.key()), nullptr, &member.value(), out);
      return;
    }
    if (before->is_array() && after->is_array()) {
      const auto &a = before->get_array(), &b = after->get_array();
      for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i)
        compare(fmt::format("{}/{}", pointer, i), i < a.size() ? &a[i] : nullptr, i < b.size() ? &b[i] : nullptr, out);
      return;
    }
  }
  ChangedMember change{.pointer = pointer, .before = {}, .after = {}};
  if (before != nullptr) change.before = *before;
  if (after != nullptr) change.after = *after;
  out.push_back(std::move(change));
}

json::array lines_json(const std::vector<ChangedLine>& lines) {
  json::array out;
  for (const auto& line : lines)
    out.push_back({{"sign", std::string(1, line.sign)}, {"line", line.line}, {"text", line.text}});
  return out;
}

}  // namespace

ConstitutionDiff diff_of(const json::object& before, const json::object& after) {
  ConstitutionDiff out;
  out.policies = LineDiff(text_at(before, "policies"), text_at(after, "policies")).run();
  out.schema = LineDiff(text_at(before, "schema"), text_at(after, "schema")).run();
  auto a = before, b = after;
  for (const auto* name : {"policies", "schema", "version", "valid_from"}) {
    a.erase(name);
    b.erase(name);
  }
  const json::value left(std::move(a)), right(std::move(b));
  compare("", &left, &right, out.members);
  std::ranges::sort(out.members, {}, &ChangedMember::pointer);
  return out;
}

json::object to_json(const ConstitutionDiff& diff) {
  json::array members;
  for (const auto& change : diff.members) {
    json::object one{{"pointer", change.pointer}};
    if (change.before) one["before"] = *change.before;
    if (change.after) one["after"] = *change.after;
    members.push_back(std::move(one));
  }
  return {
      {"policies", lines_json(diff.policies)}, {"schema", lines_json(diff.schema)}, {"members", std::move(members)}};
}

std::string to_lines(const ConstitutionDiff& diff) {
  std::string out;
  for (const auto& [name, lines] : {std::pair{"policies", &diff.policies}, std::pair{"schema", &diff.schema}})
    for (const auto& line : *lines) out += fmt::format("{}:{}: {} {}\n", name, line.line, line.sign, line.text);
  for (const auto& change : diff.members)
    out += fmt::format("{}: {} -> {}\n", change.pointer, change.before ? to_text(*change.before) : "(absent)",
                       change.after ? to_text(*change.after) : "(absent)");
  return out;
}

}  // namespace writ::cli
