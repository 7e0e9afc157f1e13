#include "llama/special_text.h"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

namespace writ::llama {
namespace {

constexpr char placeholder_end = 'E';  // Q7PLAIN12E stands for special text number 12

}  // namespace

SpecialText::SpecialText(const std::vector<std::string>& special) : special_(special) {
  for (const auto& text : special_) {
    if (firsts_.find(text.front()) == std::string::npos) firsts_ += text.front();
  }
}

void SpecialText::hide(json::value& document) {
  if (special_.empty()) return;
  // A request that spells the placeholder itself would have it replaced: lengthen it until it is new.
  const auto text = to_text(document);
  while (text.find(prefix_) != std::string::npos) prefix_ += 'Q';
  hide_in(document);
}

void SpecialText::hide_in(json::value& value) {
  if (auto* text = value.if_string()) {
    *text = hidden(view(*text));
  } else if (auto* list = value.if_array()) {
    for (auto& item : *list) hide_in(item);
  } else if (auto* object = value.if_object()) {
    json::object renamed;
    for (auto& member : *object) {
      hide_in(member.value());
      renamed[hidden(member.key())] = std::move(member.value());
    }
    *object = std::move(renamed);
  }
}

std::size_t SpecialText::longest_at(std::string_view text) const {
  std::size_t found = special_.size();
  for (std::size_t i = 0; i < special_.size(); ++i) {
    if (text.starts_with(special_[i]) && (found == special_.size() || special_[i].size() > special_[found].size()))
      found = i;
  }
  return found;
}

std::string SpecialText::hidden(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto ordinary = std::min(text.find_first_of(firsts_), text.size());
    out += text.substr(0, ordinary);
    text.remove_prefix(ordinary);
    if (text.empty()) break;
    const auto found = longest_at(text);
    if (found == special_.size()) {
      out += text.front();
      text.remove_prefix(1);
    } else {
      out += prefix_ + std::to_string(found) + placeholder_end;
      text.remove_prefix(special_[found].size());
    }
  }
  return out;
}

void SpecialText::reveal(RenderedChat& chat) const {
  std::string prompt;
  std::string_view rest = chat.prompt;
  for (auto begin = rest.find(prefix_); begin != std::string_view::npos; begin = rest.find(prefix_)) {
    prompt += rest.substr(0, begin);
    rest.remove_prefix(begin + prefix_.size());
    std::size_t number = 0;
    const auto [end, status] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    const auto digits = static_cast<std::size_t>(end - rest.data());
    if (status != std::errc{} || number >= special_.size() || !rest.substr(digits).starts_with(placeholder_end)) {
      prompt += prefix_;  // the template's own text
      continue;
    }
    rest.remove_prefix(digits + 1);
    chat.plain.push_back({prompt.size(), prompt.size() + special_[number].size()});
    prompt += special_[number];
  }
  prompt += rest;
  chat.prompt = std::move(prompt);
}

}  // namespace writ::llama
