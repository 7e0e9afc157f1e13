// recall-service: memories per tenant and principal. README.md tells what it owns.
#pragma once

#include "observability/log.h"
#include "recall/recall_service.h"
#include "runtime/service.h"

namespace writ::recall {

struct Deps {
  std::unique_ptr<sql::Database> database;  // opened with recall_migrations()
  std::function<std::shared_ptr<const crypto::KeySet>()> grant_keys;
  observability::Registry& registry;
  http::Invoker& invoker;
  const Clock& clock;
};

/// The service and the object that performs its port; the port lives as long as the service's owner.
struct Made {
  runtime::Service service;
  RecallService& port;
};
[[nodiscard]] Made make_service(Deps deps);

}  // namespace writ::recall
