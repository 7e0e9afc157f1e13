// PublicDocuments: what the public door says about itself: GET / and GET /openapi.json, made of its routes.
#pragma once

#include <string>

#include "http/routes.h"

namespace writ::gateway {

/// Texts made once; the handlers refer to this object.
class PublicDocuments {
 public:
  /// Adds the two routes to the others and describes them all.
  void add_to(http::Routes& routes, std::string_view version);
  [[nodiscard]] const std::string& root() const { return root_; }
  [[nodiscard]] const std::string& openapi() const { return openapi_; }

 private:
  std::string root_, openapi_;
};

namespace op {
inline constexpr http::OperationInfo root{.id = "gateway.root",
                                          .method = http::Method::get,
                                          .path = "/",
                                          .summary = "Name, version and where to go.",
                                          .exposure = http::public_door,
                                          .access = http::open};
inline constexpr http::OperationInfo openapi{.id = "gateway.openapi",
                                             .method = http::Method::get,
                                             .path = "/openapi.json",
                                             .summary = "This description.",
                                             .exposure = http::public_door,
                                             .access = http::open};
}  // namespace op

}  // namespace writ::gateway
