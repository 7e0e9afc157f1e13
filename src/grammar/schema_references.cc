// References of a schema: where they lead, circles, and what several schemas say of one value together.
#include <utility>

#include "grammar/schema_reader.h"

namespace writ::grammar {
namespace {

std::string rule_name(std::size_t number) { return fmt::format("#/$defs/{}", number); }

/// Whether several schemas speak of this one's value: what one of them leaves out, another may ask for.
bool is_composed(const json::object& schema) {
  if (schema.contains("allOf")) return true;
  const auto in_place = std::ranges::count_if(in_place_keywords, [&](auto key) { return schema.contains(key); });
  return in_place > 0 && schema.size() > 2;  // with $comment
}

/// Lists, for every schema that leads to another, where to and whether it speaks of it together with others.
void visit(json::value& value, bool composed, const auto& each) {
  auto* schema = value.if_object();
  if (schema == nullptr) return;
  composed = composed || is_composed(*schema);
  each(*schema, composed);
  for (auto& [key, member] : *schema) {
    if (key == "properties" || key == "patternProperties") {
      for (auto& [name, inner] : member.as_object()) visit(inner, composed, each);
    } else if (key == "anyOf" || key == "oneOf" || key == "allOf" || key == "prefixItems") {
      for (auto& inner : member.as_array()) visit(inner, composed, each);
    } else if (key == "items" || key == "additionalProperties") {
      visit(member, composed, each);
    }
  }
}

std::size_t target_of(const json::value& reference) {
  return std::stoul(std::string(view(reference.as_string()).substr(rule_name(0).size() - 1)));
}

/// Whether a value can be whole, when those references lead to one that can. False only where that is sure.
bool reaches(const json::value& value, const std::vector<bool>& reached) {
  const auto* schema = value.if_object();
  if (schema == nullptr) return true;
  const auto one = [&](const json::value& inner) { return reaches(inner, reached); };
  if (const auto* to = schema->if_contains("$ref"); to != nullptr && !reached[target_of(*to)]) return false;
  if (const auto* all = schema->if_contains("allOf"); all != nullptr && !std::ranges::all_of(all->as_array(), one))
    return false;
  for (const auto* key : {"anyOf", "oneOf"})
    if (const auto* any = schema->if_contains(key); any != nullptr && !std::ranges::any_of(any->as_array(), one))
      return false;
  const auto* type = schema->if_contains("type");
  if (type == nullptr || !type->is_string()) return true;
  if (const auto* names = schema->if_contains("required"); names != nullptr && *type == "object") {
    const auto* known = schema->if_contains("properties");
    const auto* others = schema->if_contains("additionalProperties");
    return std::ranges::all_of(names->as_array(), [&](const json::value& name) {
      const auto* property = known == nullptr ? nullptr : known->as_object().if_contains(view(name.as_string()));
      if (property == nullptr && !schema->contains("patternProperties")) property = others;
      return property == nullptr || one(*property);
    });
  }
  const auto* least = schema->if_contains("minItems");
  if (least == nullptr || *type != "array") return true;
  auto wanted = least->to_number<std::size_t>();
  if (const auto* first = schema->if_contains("prefixItems")) {
    for (const auto& item : first->as_array()) {
      if (wanted == 0) return true;
      if (!one(item)) return false;
      --wanted;
    }
  }
  const auto* items = schema->if_contains("items");
  return wanted == 0 || items == nullptr || one(*items);
}

}  // namespace

/// Circles through required members: an answer would go on until its tokens are spent.
void SchemaReader::check_reach(const std::vector<json::value>& schemas) {
  std::vector<bool> reached(schemas.size(), false);
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t i = 0; i < schemas.size(); ++i) {
      if (reached[i] || !reaches(schemas[i], reached)) continue;
      reached[i] = true;
      changed = true;
    }
  }
  for (std::size_t i = 0; i < schemas.size(); ++i)
    if (!reached[i])
      complain(std::string(text_at(schemas[i].as_object(), "$comment").substr(at_.size())),
               "needs itself inside itself: no value of it is ever whole");
}

/// The value that a local reference names, and its pointer in one spelling.
const json::value* SchemaReader::resolve(std::string_view reference, std::string& canonical) const {
  std::string decoded;
  for (std::size_t i = 1; i < reference.size(); ++i) {
    if (reference[i] != '%') {
      decoded += reference[i];
      continue;
    }
    const auto hex = reference.substr(i + 1, 2);
    if (hex.size() < 2 ||
        !std::ranges::all_of(hex, [](char c) { return std::isxdigit(static_cast<unsigned char>(c)); }))
      return nullptr;
    decoded += static_cast<char>(std::stoi(std::string(hex), nullptr, 16));
    i += 2;
  }
  const json::value* at = &root_;
  std::string_view rest = decoded;
  while (!rest.empty()) {
    if (rest[0] != '/') return nullptr;
    rest.remove_prefix(1);
    const auto end = std::min(rest.find('/'), rest.size());
    std::string key(rest.substr(0, end));
    rest.remove_prefix(end);
    for (auto tilde = key.find('~'); tilde != std::string::npos; tilde = key.find('~', tilde + 1)) {
      if (key.compare(tilde, 2, "~0") == 0) key.replace(tilde, 2, "~");
      else if (key.compare(tilde, 2, "~1") == 0) key.replace(tilde, 2, "/");
      else return nullptr;
    }
    if (const auto* object = at->if_object()) {
      at = object->if_contains(key);
    } else if (const auto* array = at->if_array()) {
      const bool is_index =
          !key.empty() && key.size() <= 6 && std::ranges::all_of(key, [](char c) { return c >= '0' && c <= '9'; });
      const auto index = is_index ? std::stoul(key) : array->size();
      at = index < array->size() ? &(*array)[index] : nullptr;
    } else {
      return nullptr;
    }
    if (at == nullptr) return nullptr;
    canonical = pointer_to(canonical, key);
  }
  return at;
}

void SchemaReader::convert_reference(const json::value& value, const std::string& pointer, Place place,
                                     json::object& out) {
  if (!count(references_, 1, limit::references, pointer)) return;
  if (!value.is_string()) return complain(pointer, "must be a text");
  const auto reference = view(value.get_string());
  if (!reference.starts_with('#') || (reference.size() > 1 && reference[1] != '/'))
    return complain(pointer, "only references into the schema itself are supported: # or #/…");
  std::string canonical;
  const auto* target = resolve(reference, canonical);
  if (target == nullptr || (!target->is_object() && !target->is_bool())) return complain(pointer, "leads to no schema");
  const auto [entry, is_new] = targets_.try_emplace(canonical, targets_.size());
  if (is_new) pending_.push_back({target, canonical});
  if (entry->second == 0) root_used_ = true;
  if (place == Place::in_place) links_[current_].push_back({entry->second, pointer});
  out["$ref"] = rule_name(entry->second);
}

/// Chains and circles of references about one and the same value.
void SchemaReader::check_links() {
  enum class Mark { unseen, open, done };
  std::vector<Mark> marks(links_.size(), Mark::unseen);
  std::vector<std::uint64_t> depth(links_.size(), 0);
  for (std::size_t start = 0; start < links_.size(); ++start) {
    if (marks[start] != Mark::unseen) continue;
    std::vector<std::pair<std::size_t, std::size_t>> stack{{start, 0}};
    marks[start] = Mark::open;
    while (!stack.empty()) {
      auto& [node, next] = stack.back();
      if (next == links_[node].size()) {
        for (const auto& link : links_[node]) depth[node] = std::max(depth[node], depth[link.to] + 1);
        if (depth[node] > limit::reference_chain.most)
          return complain(
              links_[node].front().pointer,
              fmt::format("is beyond the limit of {} {}", limit::reference_chain.most, limit::reference_chain.unit));
        marks[node] = Mark::done;
        stack.pop_back();
        continue;
      }
      const auto& link = links_[node][next++];
      if (marks[link.to] == Mark::open)
        return complain(link.pointer, "leads back to itself without ever reaching a value");
      if (marks[link.to] == Mark::unseen) {
        marks[link.to] = Mark::open;
        stack.emplace_back(link.to, 0);
      }
    }
  }
}

/// An object that names its properties and says nothing of others gets no others in an answer: any validator takes it
/// without them, and a model that may invent names does.
void SchemaReader::close_objects(std::vector<json::value>& schemas) {
  std::vector<bool> composed(schemas.size(), false);
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t i = 0; i < schemas.size(); ++i) {
      visit(schemas[i], composed[i], [&](const json::object& schema, bool together) {
        const auto* reference = schema.if_contains("$ref");
        if (reference == nullptr || !together) return;
        const auto to = target_of(*reference);
        changed = changed || !composed[to];
        composed[to] = true;
      });
    }
  }
  for (std::size_t i = 0; i < schemas.size(); ++i) {
    visit(schemas[i], composed[i], [](json::object& schema, bool together) {
      const auto* named = schema.if_contains("properties");
      if (together || named == nullptr || schema.contains("additionalProperties") ||
          schema.contains("patternProperties"))
        return;
      const auto* required = schema.if_contains("required");
      const bool all_named =
          required == nullptr || std::ranges::all_of(required->as_array(), [&](const json::value& name) {
            return named->as_object().contains(view(name.as_string()));
          });
      if (all_named) schema["additionalProperties"] = false;
    });
  }
}

/// The first schema is the root; the others, and the root where something leads back to it, are its $defs.
json::value SchemaReader::assembled(std::vector<json::value> schemas) const {
  if (schemas.size() == 1 && !schemas[0].is_object()) return std::move(schemas[0]);
  json::object defs;
  json::value root = schemas[0];
  if (root_used_) defs["0"] = root;
  for (std::size_t i = 1; i < schemas.size(); ++i) defs[std::to_string(i)] = std::move(schemas[i]);
  if (root.is_object() && !defs.empty()) root.get_object()["$defs"] = std::move(defs);
  return root;
}

}  // namespace writ::grammar
