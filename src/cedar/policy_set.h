// PolicySet: a checked set of Cedar policies with its schema, sliced by action; it answers which policies match a request.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/result.h"

namespace writ::cedar {

enum class Effect { permit, forbid };
using Annotations = std::map<std::string, std::string, std::less<>>;

/// One policy as its author wrote it. `actions` are those whose decisions try it.
struct Policy {
  std::string id;  // its @id
  Effect effect = Effect::permit;
  int line = 0;  // where it begins in the text, from 1
  std::vector<std::string> actions;
  Annotations annotations;  // every @name("value"), @id too
};

struct EntityName {
  std::string type;
  std::string id;
};

struct Request {
  EntityName principal;
  std::string action;  // id, such as "model.call"
  EntityName resource;
  json::object context;
  json::array entities{};  // Cedar's entity JSON, for attributes and parents; costs 10 µs each, so prefer the context
};

/// allow: `matched` are all satisfied permits. Not allow: all satisfied forbids; empty means that nothing permits.
/// A policy that fails to evaluate stands in `errors` and the answer is never allow.
struct Answer {
  bool allow = false;
  std::vector<std::string> matched;  // ids, sorted
  std::vector<std::string> errors;
};

/// The whole set is the reference that slices are tested against; it costs about 1 µs per policy.
enum class Scope { slice, whole_set };

/// Immutable; every member is callable from any thread.
class PolicySet {
 public:
  /// Parses and validates both texts. Every policy needs a unique @id; templates, rules that can never apply and
  /// schema warnings are refused.
  /// Errors: invalid (bad_policies) with all problems, at /policies or /schema, each naming policy, line and column.
  [[nodiscard]] static Result<PolicySet> load(std::string_view policies, std::string_view schema);

  PolicySet(PolicySet&&) noexcept;
  PolicySet& operator=(PolicySet&&) noexcept;
  ~PolicySet();

  /// Errors: invalid (bad_policy_request) when anything does not fit the schema: treat as deny. internal: a defect.
  [[nodiscard]] Result<Answer> decide(const Request& request, Scope scope = Scope::slice) const;

  /// In the order of the text.
  [[nodiscard]] const std::vector<Policy>& policies() const { return policies_; }
  /// Null when there is no such policy.
  [[nodiscard]] const Policy* find(std::string_view id) const;
  /// Null when there is no such policy.
  [[nodiscard]] const Annotations* annotations(std::string_view id) const;

 private:
  struct Engine;
  PolicySet(std::unique_ptr<Engine> engine, std::vector<Policy> policies);

  std::unique_ptr<Engine> engine_;
  std::vector<Policy> policies_;
};

}  // namespace writ::cedar
