#include "dialects/netsuite/call_error.h"

#include <gtest/gtest.h>

#include <array>

#include "catalog/json_tree.h"

namespace meterport::netsuite {
namespace {

http::Request request_with(std::string authorization, std::string host = "127.0.0.1:8080") {
  http::Request request;
  request.headers = {{"Host", std::move(host)}, {"Authorization", std::move(authorization)}};
  return request;
}

std::string_view header_of(const http::Response& response, std::string_view name) {
  for (const auto& [header, value] : response.headers) {
    if (header == name) return value;
  }
  return {};
}

struct Expected {
  ErrorKind kind;
  int status;
  std::string_view code, message;
  bool has_retry_after = false;
};
constexpr std::string_view as_given = "what was wrong";
constexpr std::string_view over_limit = "Request limit exceeded: too many requests are worked on; try again.";
constexpr std::string_view unexpected = "An unexpected error occurred.";

/// netsuite.md 2.3, crosswalk 3.2: each kind, in the order of the enumeration.
constexpr std::array table = {
    Expected{ErrorKind::bad_credentials, 401, "INVALID_LOGIN_ATTEMPT", "Invalid login attempt."},
    Expected{ErrorKind::unauthenticated, 401, "INVALID_LOGIN_ATTEMPT", "Invalid login attempt."},
    Expected{ErrorKind::forbidden, 401, "INVALID_LOGIN_ATTEMPT", "Invalid login attempt."},
    Expected{ErrorKind::not_found, 400, "REQUEST_NOT_FOUND", as_given},
    Expected{ErrorKind::no_such_path, 404, "SSS_INVALID_SCRIPTLET_ID",
             "That Suitelet is invalid, disabled, or no longer exists."},
    Expected{ErrorKind::method_not_allowed, 405, "METHOD_NOT_ALLOWED", "This RESTlet takes POST requests only."},
    Expected{ErrorKind::unsupported_media, 415, "UNSUPPORTED_MEDIA_TYPE", "The content type must be application/json."},
    Expected{ErrorKind::malformed, 400, "INVALID_REQUEST", as_given},
    Expected{ErrorKind::invalid, 400, "INVALID_REQUEST", as_given},
    Expected{ErrorKind::range_too_long, 400, "INVALID_REQUEST", as_given},
    Expected{ErrorKind::too_large, 400, "INVALID_REQUEST", as_given},
    Expected{ErrorKind::too_many_jobs, 400, "SSS_REQUEST_LIMIT_EXCEEDED", over_limit, true},
    Expected{ErrorKind::conflict, 400, "IDEMPOTENCY_ERROR", as_given},
    Expected{ErrorKind::not_ready, 400, "REQUEST_NOT_FOUND", as_given},
    Expected{ErrorKind::gone, 400, "REQUEST_NOT_FOUND", as_given},
    Expected{ErrorKind::rate_limited, 400, "SSS_REQUEST_LIMIT_EXCEEDED", over_limit, true},
    Expected{ErrorKind::not_supported, 400, "INVALID_REQUEST", as_given},
    Expected{ErrorKind::busy, 400, "SSS_REQUEST_LIMIT_EXCEEDED", over_limit, true},
    Expected{ErrorKind::store_unavailable, 503, "UNEXPECTED_ERROR", unexpected, true},
    Expected{ErrorKind::storage_full, 503, "UNEXPECTED_ERROR", unexpected, true},
    Expected{ErrorKind::region_unavailable, 503, "UNEXPECTED_ERROR", unexpected, true},
    Expected{ErrorKind::internal, 500, "UNEXPECTED_ERROR", unexpected},
};

TEST(CallErrors, EveryKindHasItsStatusCodeTextAndHeaders) {
  ASSERT_EQ(table.size(), static_cast<std::size_t>(ErrorKind::internal) + 1) << "one line a kind";
  const http::Request request = request_with("OAuth realm=\"1234567\"");
  for (std::size_t n = 0; n < table.size(); ++n) {
    const Expected& expected = table[n];
    ASSERT_EQ(expected.kind, static_cast<ErrorKind>(n));
    const Error error{expected.kind, std::string(as_given), "a secret of the log", {}};
    const http::Response response = render(request, error, Settings{});
    EXPECT_EQ(response.status, expected.status) << to_string(expected.kind);
    EXPECT_EQ(response.content_type, "application/json");
    EXPECT_EQ(response.body, R"({"error":{"code":")" + std::string(expected.code) + R"(","message":")" +
                                 std::string(expected.message) + R"("}})");
    EXPECT_EQ(header_of(response, "Retry-After"), expected.has_retry_after ? "5" : "") << to_string(expected.kind);
    EXPECT_EQ(header_of(response, "WWW-Authenticate"), "") << "of bearer tokens only";
  }
}

TEST(CallErrors, N16_ARefusedNlauthHeaderHasACodeOfItsOwn) {
  for (const ErrorKind kind : {ErrorKind::bad_credentials, ErrorKind::unauthenticated, ErrorKind::forbidden}) {
    for (const std::string_view scheme : {"NLAuth", "nlauth", "NLAUTH"}) {
      const auto response =
          render(request_with(std::string(scheme) + " nlauth_account=1"), Error{kind, "t", {}, {}}, Settings{});
      EXPECT_EQ(response.status, 401);
      EXPECT_EQ(response.body,
                R"({"error":{"code":"INVALID_LOGIN_CREDENTIALS","message":"Invalid login credentials."}})");
    }
    for (const std::string_view header : {"", "OAuth realm=\"1\"", "Bearer x", "Basic x", "NLAuthx"}) {
      EXPECT_EQ(call_error(request_with(std::string(header)), Error{kind, "t", {}, {}}).code, "INVALID_LOGIN_ATTEMPT")
          << header;
    }
  }
}

TEST(CallErrors, N15_ARefusedBearerTokenIsToldInTheHeader) {
  const Error refused{ErrorKind::unauthenticated, {}, {}, {}};
  const std::string end = R"(, error="invalid_token", error_description="The token is unknown, revoked or expired.")";
  EXPECT_EQ(header_of(render(request_with("Bearer mp_x"), refused, Settings{}), "WWW-Authenticate"),
            R"(Bearer realm="netsuite")" + end);
  EXPECT_EQ(header_of(render(request_with("bearer mp_x", "1234567-sb1.restlets.api.example.com"), refused, Settings{}),
                      "WWW-Authenticate"),
            R"(Bearer realm="1234567_SB1")" + end);
  const Error unreadable{ErrorKind::malformed, "There is no token.", {}, std::string(authorization_field)};
  const auto response = render(request_with("Bearer "), unreadable, Settings{});
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(header_of(response, "WWW-Authenticate"),
            R"(Bearer realm="netsuite", error="invalid_request", error_description="There is no token.")");
  const Error other{ErrorKind::malformed, "no JSON", {}, {}};
  EXPECT_EQ(header_of(render(request_with("Bearer mp_x"), other, Settings{}), "WWW-Authenticate"), "")
      << "the token was good";
}

TEST(CallErrors, AnInvalidRequestIsNeverWithoutAText) {
  EXPECT_EQ(call_error({}, Error{ErrorKind::malformed, {}, "detail", {}}).message, "The request is not valid.");
}

TEST(CallErrors, TheEnvelopesTextsAreThoseOfTheVendor) {
  const auto told = [](const CallError& error) {
    return std::to_string(error.status) + " " + std::string(error.code) + " " + error.message;
  };
  EXPECT_EQ(told(missing_data()), "400 MISSING_REQUEST_DATA Request data is missing.");
  EXPECT_EQ(told(empty_object("request")), "400 EMPTY_REQUEST_OBJECT The request object is empty.");
  EXPECT_EQ(told(missing_property("usages", "request")),
            "400 MISSING_REQUEST_PROPERTY The usages property is missing in request object.");
  EXPECT_EQ(told(empty_property("method")), "400 EMPTY_REQUEST_PROPERTY The method property is empty.");
  EXPECT_EQ(told(bad_format("usages", "array")),
            "400 INVALID_PROPERTY_FORMAT The value for usages property has invalid "
            "format. Format must be: array.");
  EXPECT_EQ(told(bad_method("sbNope")), "400 INVALID_REQUEST_METHOD Request method is invalid: sbNope");
  EXPECT_EQ(told(request_not_found("0101")),
            "400 REQUEST_NOT_FOUND Request 0101 isn't found using the requestId property");
}

TEST(CallErrors, N51_WhateverTheTextTheAnswerIsCompactJson) {
  const std::string method = "a\"b\\c\n\t{ü}";
  const auto response = render(bad_method(method), Settings{});
  EXPECT_EQ(response.body,
            "{\"error\":{\"code\":\"INVALID_REQUEST_METHOD\",\"message\":\"Request method is invalid: "
            "a\\\"b\\\\c\\n\\t{ü}\"}}");
}

TEST(CallErrors, TheNestedFormPutsTheScriptsDocumentIntoTheMessage) {
  Settings settings;
  ASSERT_TRUE(settings.set("netsuite.nested_errors", true));
  const std::string document =
      R"({"type":"error.SuiteScriptError","name":"EMPTY_REQUEST_PROPERTY","message":"The \"x\" property is empty.",)"
      R"("stack":[],"cause":{"name":"EMPTY_REQUEST_PROPERTY","message":"The \"x\" property is empty."},"id":"",)"
      R"("notifyOff":false,"userFacing":true})";
  const auto response = render(empty_property("\"x\""), settings);
  EXPECT_EQ(response.status, 400);
  const auto answer = catalog::parse_json(response.body);
  ASSERT_TRUE(answer) << response.body;
  EXPECT_EQ(answer->find("error")->find("code")->text, "EMPTY_REQUEST_PROPERTY");
  EXPECT_EQ(answer->find("error")->find("message")->text, document);
  const auto login = render(request_with(""), Error{ErrorKind::unauthenticated, {}, {}, {}}, settings);
  EXPECT_EQ(login.status, 401);
  EXPECT_NE(login.body.find(R"(\"name\":\"INVALID_LOGIN_ATTEMPT\")"), std::string::npos) << login.body;
}

}  // namespace
}  // namespace meterport::netsuite
