#include <gtest/gtest.h>

#include "gateway/fake_ports.h"
#include "gateway/token_endpoint.h"

namespace writ::gateway {
namespace {

constexpr std::string_view id_and_secret = "Basic c3ZjOnBhJTJGc3M=";  // svc:pa%2Fss

struct Endpoint {
  async::Loops loops{1};
  FakeIdentity identity;
  observability::Registry registry{"gateway", "0.0.0", "test"};
  GatewayProbe probe{registry};
  TokenEndpoint endpoint{identity, probe};

  Result<http::RawResponse> post(const Posted& posted) { return loops.run(endpoint.handle({}, posted.request())); }
  std::string refusal(const Posted& posted) {
    const auto response = post(posted);
    if (!response || response->status == 200) return "no refusal";
    const auto body = parse_json(response->body).value().as_object();
    EXPECT_FALSE(text_at(body, "error_description").empty());
    return std::to_string(response->status) + " " + std::string(text_at(body, "error"));
  }
};

TEST(TokenEndpoint, takes_forms_and_json_alike) {
  Endpoint e;
  const auto form =
      e.post(Posted("application/x-www-form-urlencoded; charset=utf-8",
                    "grant_type=client_credentials&client_id=svc&client_secret=pa%2Fss&scope=a+b&audience=&unknown=1"));
  ASSERT_TRUE(form) << form.error().message;
  EXPECT_EQ(form->status, 200);
  EXPECT_EQ(parse_json(form->body).value(),
            (json::value{{"access_token", "jwt"}, {"token_type", "Bearer"}, {"expires_in", 300}, {"scope", "a b"}}));
  EXPECT_EQ(e.identity.asked.at(0).client_secret, "pa/ss");
  EXPECT_EQ(e.identity.asked.at(0).scope, "a b");
  EXPECT_EQ(e.identity.asked.at(0).audience, "");
  const auto body = e.post(
      Posted(http::json_type,
             R"({"grant_type":"client_credentials","client_id":"svc","client_secret":"s","audience":"policy"})"));
  ASSERT_TRUE(body);
  EXPECT_EQ(e.identity.asked.at(1).audience, "policy");
}

TEST(TokenEndpoint, takes_http_basic_decoded_as_the_rfc_says) {
  Endpoint e;
  ASSERT_TRUE(e.post(Posted(http::form_type, "grant_type=client_credentials&client_id=svc", id_and_secret)));
  EXPECT_EQ(e.identity.asked.at(0).client_id, "svc");
  EXPECT_EQ(e.identity.asked.at(0).client_secret, "pa/ss");
}

TEST(TokenEndpoint, refuses_in_the_shape_of_the_rfc_and_asks_nobody) {
  Endpoint e;
  const std::string whole = "grant_type=client_credentials&client_id=svc&client_secret=s";
  EXPECT_EQ(e.refusal(Posted(http::form_type, whole, id_and_secret)), "400 invalid_request");
  EXPECT_EQ(e.refusal(Posted(http::form_type, "grant_type=client_credentials&client_id=other", id_and_secret)),
            "400 invalid_request");
  EXPECT_EQ(e.refusal(Posted(http::form_type, whole + "&client_id=svc")), "400 invalid_request");
  EXPECT_EQ(e.refusal(Posted(http::form_type, whole, {}, "/oauth2/token?scope=a")), "400 invalid_request");
  EXPECT_EQ(e.refusal(Posted(http::form_type, "client_id=svc&client_secret=s")), "400 invalid_request");
  EXPECT_EQ(e.refusal(Posted(http::form_type, "grant_type=%ff")), "400 invalid_request");
  EXPECT_EQ(e.refusal(Posted(http::json_type, "[1]")), "400 invalid_request");
  EXPECT_EQ(e.refusal(Posted(http::json_type, R"({"grant_type":1,"client_id":"svc","client_secret":"s"})")),
            "400 invalid_request");
  EXPECT_EQ(e.refusal(Posted("text/plain", whole)), "415 invalid_request");
  EXPECT_EQ(e.refusal(Posted(http::form_type, "grant_type=client_credentials")), "401 invalid_client");
  EXPECT_EQ(e.refusal(Posted(http::form_type, "grant_type=client_credentials&client_id=svc&client_secret=")),
            "401 invalid_client");
  for (auto credentials : {"Bearer x", "Basic", "Basic !", "Basic c3Zj", "Basic c3ZjOiVmZg=="})
    EXPECT_EQ(e.refusal(Posted(http::form_type, "grant_type=client_credentials", credentials)), "401 invalid_client")
        << credentials;
  EXPECT_TRUE(e.identity.asked.empty());
  EXPECT_EQ(e.registry.counters(metric::token_refused).with({"invalid_client"}).value(), 7U);
}

TEST(TokenEndpoint, tells_identitys_refusals_and_leaves_its_failures_to_http) {
  Endpoint e;
  const Posted posted(http::form_type, "grant_type=password&client_id=svc&client_secret=s");
  e.identity.token_error = invalid("unsupported_grant_type", "no");
  EXPECT_EQ(e.refusal(posted), "400 unsupported_grant_type");
  e.identity.token_error = unauthenticated("invalid_client", "no");
  EXPECT_EQ(e.refusal(posted), "401 invalid_client");
  const auto refused = e.post(posted);
  EXPECT_EQ(refused->headers.back().name, "WWW-Authenticate");
  e.identity.token_error = unavailable("identity_down", "down");
  const auto failed = e.post(posted);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ErrorKind::unavailable);
}

}  // namespace
}  // namespace writ::gateway
