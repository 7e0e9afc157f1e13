// Role: the services a process can run, and their names.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace writ::app {

enum class Role { identity, policy, recall, slm, orchestrator, gateway };

struct RoleInfo {
  Role role;
  std::string_view name;     // rooms, client ids, audiences of tokens
  std::string_view service;  // `writ serve --service`, label service_name
};
/// In the order of starting: a service comes after those it asks.
inline constexpr std::array<RoleInfo, 6> roles{{{Role::identity, "identity", "identity-service"},
                                                {Role::policy, "policy", "policy-engine"},
                                                {Role::recall, "recall", "recall-service"},
                                                {Role::slm, "slm", "slm-service"},
                                                {Role::orchestrator, "orchestrator", "orchestrator"},
                                                {Role::gateway, "gateway", "gateway-api"}}};
[[nodiscard]] constexpr const RoleInfo& info(Role role) { return roles.at(static_cast<std::size_t>(role)); }
[[nodiscard]] constexpr std::optional<Role> role_of_service(std::string_view service) {
  for (const auto& row : roles)
    if (row.service == service || row.name == service) return row.role;
  return std::nullopt;
}

inline constexpr std::string_view version = "0.1.0";

}  // namespace writ::app
