// Names of tenants and principals: their alphabet, and the pair that names one principal of all tenants.
#pragma once

#include <compare>
#include <functional>

#include "core/context.h"
#include "core/result.h"

namespace writ::identity {

/// One principal of all tenants. Two parts and never one text: both may hold any separator.
struct PrincipalName {
  TenantId tenant;
  Subject subject;
  auto operator<=>(const PrincipalName&) const = default;
};
struct PrincipalNameHash {
  std::size_t operator()(const PrincipalName& name) const {
    return std::hash<TenantId>{}(name.tenant) * 31 + std::hash<Subject>{}(name.subject);
  }
};

/// Subjects and tenants are created in one form only, so that no two look alike: 1 to 128 of a-z, 0-9 and . _ - @ + : /,
/// the first and the last a letter or digit. `svc:` and the tenant `writ` are the services' own.
/// Errors: invalid (bad_subject, bad_tenant) with the form to use where there is one.
/// Source: docs/decisions/0030-names-of-principals.md
[[nodiscard]] Status check_subject(const Subject& subject);
[[nodiscard]] Status check_tenant(const TenantId& tenant);

/// Text of any parts that cannot be taken for the text of other parts: each with its length before it.
class CompositeKey {
 public:
  CompositeKey& add(std::string_view part);
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace writ::identity
