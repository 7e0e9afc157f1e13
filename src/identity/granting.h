// What may be handed out: nobody gives more than they have.
#pragma once

#include "identity/identity_store.h"

namespace writ::identity {

[[nodiscard]] bool within(const std::vector<std::string>& wanted, const std::vector<std::string>& granted);
/// whose: with its verb, such as "you do".
[[nodiscard]] Error not_granted(std::string_view whose);
[[nodiscard]] PrincipalInfo info_of(const StoredPrincipal& p);

}  // namespace writ::identity
