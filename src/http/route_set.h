// RouteSet: the routes one address serves, chosen by exposure, and how a path finds its route.
#pragma once

#include <memory>
#include <vector>

#include "http/routes.h"

namespace writ::http {

/// What a method and path lead to. Exactly one of `route` and `allow` says something, or neither: no such path.
struct Match {
  const Route* route = nullptr;
  PathValues params;
  std::string allow;  // the path exists for these methods only: "GET, POST"
};

class RouteSet {
 public:
  /// Only routes of these exposures are taken: {public_door, ops_only} for outsiders, {internal_only, ops_only} for services.
  explicit RouteSet(std::vector<Exposure::Kind> exposures);
  RouteSet(RouteSet&&) noexcept;
  RouteSet& operator=(RouteSet&&) noexcept;
  ~RouteSet();

  /// Adds what fits the exposures. Two routes with one method and path are a bug: asserts.
  void add(const Routes& routes);
  /// Literal segments win over `{names}`. `method` is the HTTP token; HEAD finds GET's unary route.
  [[nodiscard]] Match match(std::string_view method, std::string_view path) const;
  [[nodiscard]] const std::vector<Route>& all() const;

 private:
  struct Table;
  std::unique_ptr<Table> table_;
};

}  // namespace writ::http
