#include "slm/slm.h"

namespace writ::slm {

http::Routes slm_routes(http::Invoker& invoker, SlmPort& port) {
  http::Routes routes(invoker);
  routes.add(op::chat, port, &SlmPort::chat);
  routes.add(op::count, port, &SlmPort::count);
  routes.add(op::models, port, &SlmPort::models);
  return routes;
}

}  // namespace writ::slm
