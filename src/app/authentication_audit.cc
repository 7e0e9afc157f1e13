#include "app/authentication_audit.h"

#include <algorithm>
#include <functional>

#include "async/signal.h"
#include "identity/identity_service.h"
#include "policy/api/audit_kinds.h"

namespace writ::app {

Task<Status> AuthenticationAudit::tell(Context ctx) {
  if (!waiting_) {
    auto sources = failed_.take();
    if (sources.empty()) co_return Status{};
    std::ranges::sort(sources, std::greater{}, &identity::FailedAuthentications::Source::count);
    std::int64_t attempts = 0;
    json::array listed;
    for (const auto& source : sources) {
      attempts += source.count;
      if (listed.size() < sources_listed_max)
        listed.push_back(json::object{{"source", source.address}, {"code", source.code}, {"attempts", source.count}});
    }
    const auto& kind = policy::audit_kind::authentication_failed.kind;
    waiting_ = policy::AppendAudit{
        .tenant = TenantId(std::string(identity::system_tenant)),  // who failed has no tenant that is known
        .id = std::string(kind) + "/" + uuid7_base32(clock_.now(), random_),
        .kind = std::string(kind),
        .data = {{"attempts", attempts}, {"sources_count", sources.size()}, {"sources", std::move(listed)}},
        .subject = {}};
  }
  WRIT_CO_CHECK(co_await policy_.append_audit(std::move(ctx), *waiting_));
  waiting_.reset();
  co_return Status{};
}

Task<void> AuthenticationAudit::run(std::stop_token stop) {
  bool again = true;
  while (again) {
    again = co_await async::sleep_for(interval, stop);
    if (const auto told = co_await tell(Context{}.within(Seconds{5})); !told)
      log_.failed("failed_authentications_not_told", told.error());
  }
}

}  // namespace writ::app
