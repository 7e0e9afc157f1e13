#include "http/route_set.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "core/assert.h"
#include "http/uri.h"

namespace writ::http {
namespace {

constexpr std::size_t method_count = 5;

std::optional<std::size_t> method_index(std::string_view method) {
  if (method == "HEAD") method = "GET";
  for (std::size_t i = 0; i < method_count; ++i)
    if (to_string(static_cast<Method>(i)) == method) return i;
  return std::nullopt;
}

struct Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> any;  // a {name}
  std::array<std::optional<std::size_t>, method_count> routes;  // places in the table

  [[nodiscard]] bool ends() const {
    return std::ranges::any_of(routes, [](const auto& r) { return r.has_value(); });
  }
};

// Depth first, literals first; `values` holds what the names stood for on the way.
const Node* find(const Node& node, std::string_view rest, bool more, std::vector<std::string_view>& values) {
  if (!more) return node.ends() ? &node : nullptr;
  const auto slash = rest.find('/');
  const auto segment = rest.substr(0, slash);
  const bool further = slash != std::string_view::npos;
  const auto next = further ? rest.substr(slash + 1) : std::string_view();
  if (const auto literal = node.literals.find(segment); literal != node.literals.end())
    if (const auto* found = find(*literal->second, next, further, values)) return found;
  if (!node.any || segment.empty()) return nullptr;
  values.push_back(segment);
  if (const auto* found = find(*node.any, next, further, values)) return found;
  values.pop_back();
  return nullptr;
}

}  // namespace

struct RouteSet::Table {
  std::vector<Exposure::Kind> exposures;
  std::vector<Route> routes;
  std::vector<std::vector<std::string>> names;  // of each route's path template
  Node root;
};

RouteSet::RouteSet(std::vector<Exposure::Kind> exposures) : table_(std::make_unique<Table>()) {
  table_->exposures = std::move(exposures);
}
RouteSet::RouteSet(RouteSet&&) noexcept = default;
RouteSet& RouteSet::operator=(RouteSet&&) noexcept = default;
RouteSet::~RouteSet() = default;

const std::vector<Route>& RouteSet::all() const { return table_->routes; }

void RouteSet::add(const Routes& routes) {
  for (const auto& route : routes.all()) {
    if (std::ranges::find(table_->exposures, route.info.exposure.kind()) == table_->exposures.end()) continue;
    auto* node = &table_->root;
    for (const auto segment : split_path(route.info.path)) {
      auto& next = template_name(segment).empty() ? node->literals[std::string(segment)] : node->any;
      if (!next) next = std::make_unique<Node>();
      node = next.get();
    }
    auto& place = node->routes.at(static_cast<std::size_t>(route.info.method));
    WRIT_ASSERT(!place, "a method and path lead to one operation");
    place = table_->routes.size();
    table_->routes.push_back(route);
    table_->names.push_back(template_names(route.info.path));
  }
}

Match RouteSet::match(std::string_view method, std::string_view path) const {
  Match out;
  if (!path.starts_with('/')) return out;
  std::vector<std::string_view> values;
  const auto* node = find(table_->root, path.substr(1), true, values);
  if (node == nullptr) return out;
  const auto wanted = method_index(method);
  const auto place = wanted ? node->routes.at(*wanted) : std::nullopt;
  // HEAD of a stream would open it for nothing.
  if (!place || (method == "HEAD" && table_->routes.at(*place).shape == Shape::stream)) {
    for (std::size_t i = 0; i < method_count; ++i) {
      if (!node->routes.at(i)) continue;
      out.allow += (out.allow.empty() ? "" : ", ") + std::string(to_string(static_cast<Method>(i)));
      if (i == 0 && table_->routes.at(*node->routes.at(i)).shape == Shape::unary) out.allow += ", HEAD";
    }
    return out;
  }
  const auto& names = table_->names.at(*place);
  for (std::size_t i = 0; i < names.size(); ++i) {
    auto value = percent_decode(values.at(i));
    if (!value) return {};
    out.params.emplace_back(names[i], *std::move(value));
  }
  out.route = &table_->routes.at(*place);
  return out;
}

}  // namespace writ::http
