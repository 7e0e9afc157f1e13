#include "identity/api/principal_name.h"

#include <algorithm>

namespace writ::identity {
namespace {

constexpr std::size_t name_max = 128;  // bytes; an e-mail address and a path of a few levels fit
constexpr std::string_view services_prefix = "svc:", services_tenant = "writ";

bool letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool allowed(char c) { return letter_or_digit(c) || std::string_view("._-@+:/").contains(c); }

// Nothing when the name is in the form.
std::optional<std::string> problem_of(std::string_view name) {
  if (name.empty() || name.size() > name_max) return "must have 1 to 128 characters";
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (!std::ranges::all_of(lower, allowed) || !letter_or_digit(lower.front()) || !letter_or_digit(lower.back()))
    return "only a-z, 0-9 and . _ - @ + : /, with a letter or digit first and last, so that no two names look alike";
  if (lower != name) return "small letters only: use \"" + lower + "\"";
  return std::nullopt;
}

Status refused(std::string code, std::string pointer, std::string why) {
  return fail(invalid(std::move(code), "this name cannot be used: " + why, {{std::move(pointer), why}}));
}

}  // namespace

Status check_subject(const Subject& subject) {
  if (const auto problem = problem_of(subject.str())) return refused("bad_subject", "/subject", *problem);
  if (subject.str().starts_with(services_prefix))
    return refused("bad_subject", "/subject", "names that begin with svc: are the services'");
  return {};
}

Status check_tenant(const TenantId& tenant) {
  if (const auto problem = problem_of(tenant.str())) return refused("bad_tenant", "/tenant", *problem);
  if (tenant.str() == services_tenant) return refused("bad_tenant", "/tenant", "this tenant is the services' own");
  return {};
}

CompositeKey& CompositeKey::add(std::string_view part) {
  text_.append(std::to_string(part.size())).append(":").append(part);
  return *this;
}

}  // namespace writ::identity
