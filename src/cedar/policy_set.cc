#include "cedar/policy_set.h"

#include <algorithm>

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include "cedar/boundary.h"

namespace writ::cedar {
namespace {

Result<json::object> parse_message(const std::string& text) {
  WRIT_TRY(auto value, parse_json(text));
  if (!value.is_object()) return fail(internal("the policy engine reported no object", "cedar"));
  return std::move(value.get_object());
}

Result<int> number_at(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr || !value->is_int64()) return fail(internal(fmt::format("{} is no number", key), "cedar"));
  return static_cast<int>(value->get_int64());
}

Result<Problem> problem_of(const std::string& text) {
  WRIT_TRY(const auto object, parse_message(text));
  WRIT_TRY(const auto line, number_at(object, "line"));
  WRIT_TRY(const auto column, number_at(object, "column"));
  const auto policy = text_at(object, "policy");
  return Problem{
      pointer_to("", text_at(object, "source")),
      fmt::format("line {}, column {}{}: {}", line, column,
                  policy.empty() ? "" : fmt::format(", in policy `{}`", policy), text_at(object, "message"))};
}

Result<Policy> policy_of(const std::string& text) {
  WRIT_TRY(const auto object, parse_message(text));
  WRIT_TRY(const auto line, number_at(object, "line"));
  Policy policy;
  policy.id = text_at(object, "id");
  policy.effect = text_at(object, "effect") == "permit" ? Effect::permit : Effect::forbid;
  policy.line = line;
  if (const auto* actions = object.if_contains("actions"); actions != nullptr && actions->is_array())
    for (const auto& action : actions->get_array())
      if (const auto* name = action.if_string()) policy.actions.emplace_back(view(*name));
  if (const auto* annotations = object.if_contains("annotations"); annotations != nullptr && annotations->is_object())
    for (const auto& member : annotations->get_object())
      if (const auto* value = member.value().if_string()) policy.annotations.emplace(member.key(), view(*value));
  return policy;
}

Result<std::vector<Policy>> policies_of(const Messages& messages) {
  std::vector<Policy> policies;
  for (const auto& text : messages.of(WRIT_CEDAR_RULE)) {
    WRIT_TRY(auto policy, policy_of(text));
    policies.push_back(std::move(policy));
  }
  return policies;
}

Error refusal(const Messages& messages) {
  Error refused = invalid("bad_policies", "the policies or their schema are not valid");
  for (const auto& text : messages.of(WRIT_CEDAR_PROBLEM)) {
    auto problem = problem_of(text);
    if (!problem) return std::move(problem).error();
    refused.problems.push_back(std::move(*problem));
  }
  if (refused.problems.empty()) return messages.failure("bad_policies");
  refused.message += fmt::format(": {}", refused.problems.front().message);
  return refused;
}

}  // namespace

struct PolicySet::Engine {
  struct Free {
    void operator()(writ_cedar* engine) const { writ_cedar_free(engine); }
  };
  std::unique_ptr<writ_cedar, Free> rust;
};

PolicySet::PolicySet(std::unique_ptr<Engine> engine, std::vector<Policy> policies)
    : engine_(std::move(engine)), policies_(std::move(policies)) {}
PolicySet::PolicySet(PolicySet&&) noexcept = default;
PolicySet& PolicySet::operator=(PolicySet&&) noexcept = default;
PolicySet::~PolicySet() = default;

Result<PolicySet> PolicySet::load(std::string_view policies, std::string_view schema) {
  Messages messages;
  auto engine = std::make_unique<Engine>();
  engine->rust.reset(writ_cedar_load(borrow(policies), borrow(schema), Messages::receive, &messages));
  if (!engine->rust) return fail(refusal(messages));
  WRIT_TRY(auto listing, policies_of(messages));
  return PolicySet(std::move(engine), std::move(listing));
}

Result<Answer> PolicySet::decide(const Request& request, Scope scope) const {
  const auto context = json::serialize(request.context);
  const auto entities = request.entities.empty() ? std::string() : json::serialize(request.entities);
  const writ_cedar_question question{
      .principal = {borrow(request.principal.type), borrow(request.principal.id)},
      .action = borrow(request.action),
      .resource = {borrow(request.resource.type), borrow(request.resource.id)},
      .context = borrow(context),
      .entities = borrow(entities),
      .whole_set = scope == Scope::whole_set ? 1 : 0,
  };
  Messages messages;
  const auto outcome = writ_cedar_decide(engine_->rust.get(), &question, Messages::receive, &messages);
  if (outcome == WRIT_CEDAR_FAILED) return fail(messages.failure("bad_policy_request"));
  Answer answer{outcome == WRIT_CEDAR_ALLOW, messages.of(WRIT_CEDAR_MATCHED), messages.of(WRIT_CEDAR_EVALUATION_ERROR)};
  std::ranges::sort(answer.matched);
  return answer;
}

const Policy* PolicySet::find(std::string_view id) const {
  const auto found = std::ranges::find(policies_, id, &Policy::id);
  return found == policies_.end() ? nullptr : &*found;
}

const Annotations* PolicySet::annotations(std::string_view id) const {
  const auto* policy = find(id);
  return policy == nullptr ? nullptr : &policy->annotations;
}

}  // namespace writ::cedar
