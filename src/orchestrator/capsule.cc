#include "orchestrator/capsule.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>

#include "crypto/hash.h"
#include "orchestrator/shipped_capsules.h"

namespace writ::orchestrator {
namespace {

Result<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) return fail(invalid("bad_capsule", "cannot read the capsule " + path.string()));
  return text;
}

Error in_file(const std::filesystem::path& path, Error error) {
  error.code = "bad_capsule";
  std::string words = error.message;
  for (const auto& problem : error.problems) words += "; " + problem.pointer + " " + problem.message;
  error.message = path.string() + ": " + words;
  return error;
}

}  // namespace

Status check_tool_choice(const json::value& choice) {
  if (const auto* word = choice.if_string()) {
    if (*word == "auto" || *word == "none" || *word == "required") return {};
  } else if (const auto* object = choice.if_object(); object != nullptr && text_at(*object, "type") == "function") {
    const auto* function = object->if_contains("function");
    if (function != nullptr && function->is_object() && !text_at(function->get_object(), "name").empty()) return {};
  }
  return fail(invalid("bad_tool_choice", "tool_choice is auto, none, required or {type: function, function: {name}}",
                      {{"/tool_choice", "must be auto, none, required or one function"}}));
}

Result<Capsule> parse_capsule(std::string_view json_text) {
  WRIT_TRY(const auto document, parse_json(json_text));
  auto capsule = schema::decode<Capsule>(document);
  if (!capsule) {
    capsule.error().code = "invalid_capsule";
    return capsule;
  }
  if (capsule->name.contains('@'))
    return fail(invalid("invalid_capsule", "a capsule's name has no @", {{"/name", "must not contain @"}}));
  for (const auto& choice : capsule->tool_choice) WRIT_CHECK(check_tool_choice(choice));
  capsule->hash = crypto::sha256_hex(canonical_json(document));
  return capsule;
}

Status CapsuleSet::add(Capsule capsule) {
  auto& versions = by_name_[capsule.name];
  const auto [at, added] = versions.try_emplace(capsule.version, capsule);
  if (!added && at->second.hash != capsule.hash)
    return fail(
        invalid("bad_capsule", "there are two different capsules " + capsule.id() + ": give the change a new version"));
  return {};
}

Result<CapsuleSet> CapsuleSet::load(const std::vector<std::string>& folders) {
  CapsuleSet out;
  for (const auto text : shipped_capsules()) {
    WRIT_TRY(auto capsule, parse_capsule(text));
    WRIT_CHECK(out.add(std::move(capsule)));
  }
  for (const auto& folder : folders) {
    std::error_code error;
    std::vector<std::filesystem::path> files;
    for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
      if (it->path().extension() == ".json") files.push_back(it->path());
    if (error) return fail(invalid("bad_capsule", "cannot read the capsule folder " + folder + ": " + error.message()));
    std::ranges::sort(files);
    for (const auto& file : files) {
      WRIT_TRY(const auto text, read_file(file));
      auto capsule = parse_capsule(text);
      if (!capsule) return fail(in_file(file, std::move(capsule).error()));
      if (auto added = out.add(std::move(*capsule)); !added) return fail(in_file(file, std::move(added).error()));
    }
  }
  return out;
}

const Capsule* CapsuleSet::find(std::string_view id) const {
  const auto at = id.find('@');
  if (at == std::string_view::npos) {
    const auto found = by_name_.find(id);
    return found == by_name_.end() || found->second.empty() ? nullptr : &found->second.rbegin()->second;
  }
  const auto digits = id.substr(at + 1);
  std::int64_t version = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), version);
  if (problem != std::errc() || end != digits.data() + digits.size()) return nullptr;
  return find(id.substr(0, at), version);
}

const Capsule* CapsuleSet::find(std::string_view name, std::int64_t version) const {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return nullptr;
  const auto capsule = found->second.find(version);
  return capsule == found->second.end() ? nullptr : &capsule->second;
}

}  // namespace writ::orchestrator
