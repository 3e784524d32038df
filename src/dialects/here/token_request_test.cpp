#include "dialects/here/token_request.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace meterport::here {
namespace {

using nlohmann::json;

constexpr std::string_view form_type = "application/x-www-form-urlencoded";
constexpr std::string_view json_type = "application/json; charset=utf-8";
constexpr std::string_view project = "hrn:here:authorization::myrealm:project/myproject";

TokenResult<TokenRequest> read(std::string_view type, std::string_view body) {
  const auto fields = read_token_body(type, body);
  if (!fields) return std::unexpected(fields.error());
  return read_token_request(*fields);
}
int code(std::string_view type, std::string_view body) {
  const auto request = read(type, body);
  return request ? 0 : request.error().code;
}
int field_code(std::string_view body) {
  const auto request = read(form_type, body);
  return request || request.error().fields.empty() ? 0 : request.error().fields.front().code;
}

TEST(TokenRequest, AnswersInTheKeysOfItsGrant) {
  const auto answer = [](std::string_view type, std::string_view body) {
    return json::parse(token_answer(read(type, body).value(), "t"));
  };
  const json snake = json::parse(R"({"access_token":"t","token_type":"bearer","expires_in":3600})");
  const json camel = json::parse(R"({"accessToken":"t","tokenType":"bearer","expiresIn":3600})");
  EXPECT_EQ(answer(form_type, "grant_type=client_credentials&expires_in=3600"), snake);
  EXPECT_EQ(answer(json_type, R"({"grantType":"client_credentials","expiresIn":3600})"), camel);
  EXPECT_EQ(answer(form_type, "grantType=client_credentials&expiresIn=3600"), camel);
  EXPECT_EQ(answer(json_type, R"({"grant_type":"client_credentials","expires_in":"3600"})"), snake);
}

TEST(TokenRequest, TheScopeIsOneProject) {
  const auto request = read(form_type, "grant_type=client_credentials&scope=" + std::string(project)).value();
  EXPECT_EQ(request.project, project);
  EXPECT_EQ(request.scope_realm, "myrealm");
  EXPECT_EQ(json::parse(token_answer(request, "t"))["scope"], std::string(project));
  EXPECT_EQ(read(form_type, "grant_type=client_credentials&scope=").value().project, "");
  const std::string grant = "grant_type=client_credentials&scope=";
  const std::string one(project);
  EXPECT_EQ(code(form_type, grant + one + "+" + one), 400981);
  EXPECT_EQ(code(form_type, grant + one + "," + one), 400981);
  EXPECT_EQ(code(form_type, grant + one + "&scope=" + one), 400981);
  for (const char* wrong : {"openid", "hrn:here:authorization::myrealm:group/g",
                            "hrn:here:authorization::myrealm:project/", "hrn:here:authorization::my$realm:project/p"}) {
    EXPECT_EQ(code(form_type, grant + wrong), 400200) << wrong;
    EXPECT_EQ(field_code(grant + wrong), 400203) << wrong;
  }
}

TEST(TokenRequest, LifetimesAreCappedAtADay) {
  const auto lifetime = [](std::string_view value) {
    return read(form_type, "grant_type=client_credentials&expires_in=" + std::string(value)).value().lifetime_s;
  };
  EXPECT_EQ(lifetime("60"), 60);
  EXPECT_EQ(lifetime("999999"), 86400);
  EXPECT_EQ(lifetime("99999999999999999999"), 86400);
  EXPECT_EQ(lifetime("0"), 86400);
  EXPECT_EQ(read(form_type, "grant_type=client_credentials").value().lifetime_s, 86400);
  EXPECT_EQ(field_code("grant_type=client_credentials&expires_in=abc"), 400208);
  EXPECT_EQ(field_code("grant_type=client_credentials&expires_in=1.5"), 400208);
  EXPECT_EQ(field_code("grant_type=client_credentials&expires_in=-1"), 400209);
  EXPECT_EQ(field_code("grant_type=client_credentials&expires_in="), 400202);
  EXPECT_EQ(code(form_type, "grant_type=client_credentials&expires_in=abc"), 400200);
  EXPECT_EQ(read(json_type, R"({"grantType":"client_credentials","expiresIn":"x"})").error().fields[0].name,
            "expiresIn");
}

TEST(TokenRequest, WhatIsNoTokenRequestHasItsCode) {
  EXPECT_EQ(code(json_type, "{"), 400002);
  EXPECT_EQ(code(json_type, "[]"), 400002);
  EXPECT_EQ(code(json_type, ""), 400002);
  EXPECT_EQ(code("", "grant_type=client_credentials"), 400003);
  EXPECT_EQ(code("text/plain", "grant_type=client_credentials"), 400004);
  EXPECT_EQ(code(form_type, "grant_type=password"), 400290);
  EXPECT_EQ(read(form_type, "grant_type=password").error().oauth_error, "unsupported_grant_type");
  EXPECT_EQ(code(form_type, "grant_type=client_credentials&device_id=d"), 400290);
  EXPECT_EQ(field_code(""), 400201);
  EXPECT_EQ(field_code("grant_type="), 400202);
  EXPECT_EQ(code(form_type, "grant_type=%zz"), 400200);
  EXPECT_EQ(code(json_type, R"({"grantType":["client_credentials"]})"), 400200);
}

TEST(TokenRequest, AFormIsKeptAsItWasSigned) {
  const auto body = read_token_body(form_type, "grant_type=client_credentials&scope=a%3Ab&x").value();
  EXPECT_TRUE(body.is_form);
  EXPECT_EQ(body.fields,
            (identity::oauth1::Parameters{{"grant_type", "client_credentials"}, {"scope", "a:b"}, {"x", ""}}));
  EXPECT_FALSE(read_token_body(json_type, "{}").value().is_form);
  const auto plain = read_token_body(form_type, "client_id=k&client_secret=s").value();
  EXPECT_EQ(plain_secret(plain).key_id, "k");
  EXPECT_EQ(plain_secret(plain).secret, "s");
  EXPECT_EQ(plain_secret(body).key_id, "");
}

TEST(TokenError, EveryCauseOfARefusedSignatureHasItsCode) {
  for (const auto& [cause, code] : std::vector<std::pair<std::string, int>>{{"no_authorization", 401200},
                                                                            {"malformed_header", 401202},
                                                                            {"timestamp", 401204},
                                                                            {"signature_method", 401205},
                                                                            {"version", 401206},
                                                                            {"nonce_used", 401207},
                                                                            {"unknown_key", 401300},
                                                                            {"bad_signature", 401300},
                                                                            {"app_id_as_key", 401310},
                                                                            {"app_not_active", 401311},
                                                                            {"key_disabled", 401424}}) {
    for (const ErrorKind kind : {ErrorKind::unauthenticated, ErrorKind::malformed}) {
      const TokenError error = token_error({kind, "x", cause, {}});
      EXPECT_EQ(error.status, 401) << cause;
      EXPECT_EQ(error.code, code) << cause;
    }
  }
  EXPECT_EQ(token_error({ErrorKind::unauthenticated, "x", "a new word", {}}).code, 401300);
}

TEST(TokenError, KindsOfTheServerHaveTheirCodes) {
  const auto code = [](ErrorKind kind) { return token_error({kind, {}, {}, {}}).code; };
  EXPECT_EQ(code(ErrorKind::malformed), 400002);
  EXPECT_EQ(code(ErrorKind::too_large), 400917);
  EXPECT_EQ(code(ErrorKind::busy), 429002);
  EXPECT_EQ(code(ErrorKind::forbidden), 403109);
  for (const ErrorKind kind : {ErrorKind::no_such_path, ErrorKind::method_not_allowed, ErrorKind::store_unavailable,
                               ErrorKind::storage_full, ErrorKind::internal}) {
    EXPECT_EQ(token_error({kind, {}, {}, {}}).other.value().kind, kind);
  }
  EXPECT_FALSE(token_error({ErrorKind::busy, {}, {}, {}}).other);
}

TEST(TokenError, TheBodyIsTheUnionOfThreeForms) {
  const auto random = seeded_random(1);
  TokenError error = invalid_field({"expires_in", 400208, "must be a whole number of seconds"});
  const auto response = render_token_error(error, "corr-1", *random);
  const json body = json::parse(response.body);
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(body["httpStatus"], 400);
  EXPECT_EQ(body["errorCode"], 400200);
  EXPECT_EQ(body["code"], "400200");
  EXPECT_EQ(body["error"], "invalid_request");
  EXPECT_EQ(body["title"], "Input data failed validation");
  EXPECT_EQ(body["status"], 400);
  EXPECT_EQ(body["correlationId"], "corr-1");
  EXPECT_EQ(body["message"], body["cause"]);
  EXPECT_EQ(body["errorFields"][0]["name"], "expires_in");
  EXPECT_EQ(body["errorFields"][0]["errorCode"], 400208);
  EXPECT_TRUE(body["errorId"].get<std::string>().starts_with("ERROR-"));
}

}  // namespace
}  // namespace meterport::here
