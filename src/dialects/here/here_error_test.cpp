#include "dialects/here/here_error.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "dialects/here/correlation.h"

namespace meterport::here {
namespace {

using nlohmann::json;

class HereError : public ::testing::Test {
 protected:
  json body_of(const Error& error) {
    response_ = render_error(request_, error, "corr-1", *random_);
    EXPECT_EQ(response_.content_type, "application/json");
    return json::parse(response_.body);
  }
  [[nodiscard]] std::string header(std::string_view name) const {
    for (const auto& [known, value] : response_.headers) {
      if (known == name) return value;
    }
    return {};
  }

  std::unique_ptr<Random> random_ = seeded_random(1);
  http::Request request_;
  http::Response response_;
};

TEST_F(HereError, ABadParameterHasAllThatAnErrorResponseNeeds) {
  const json body = body_of({ErrorKind::invalid, "Limit value should not be greater than 100.", {}, "limit"});
  EXPECT_EQ(response_.status, 400);
  EXPECT_EQ(body["title"], "Input data failed validation");
  EXPECT_EQ(body["status"], 400);
  EXPECT_EQ(body["code"], "E706002");
  EXPECT_EQ(body["cause"], "Invalid Limit");
  EXPECT_EQ(body["action"], "Correct input data and retry request");
  EXPECT_EQ(body["correlationId"], "corr-1");
  EXPECT_EQ(body["errorId"].get<std::string>().substr(0, 6), "ERROR-");
  EXPECT_EQ(body["errorId"].get<std::string>().size(), 6U + 36U);
  EXPECT_EQ(body["details"], json::parse(R"([{"title":"Invalid Limit",
                                              "message":"Limit value should not be greater than 100."}])"));
  EXPECT_FALSE(body.contains("requestId"));
}

TEST_F(HereError, EveryParameterHasItsCode) {
  for (const auto& [field, code] :
       std::vector<std::pair<std::string, std::string>>{{"realmId", "E706001"},
                                                        {"limit", "E706002"},
                                                        {"startDate", "E706003"},
                                                        {"endDate", "E706003"},
                                                        {"groupBy", "E706004"},
                                                        {"offset", "E706006"},
                                                        {"channelId", "E706007"},
                                                        {"chargeType", "E706007"},
                                                        {"detailLevel", "E706007"},
                                                        {"sort", "E706007"},
                                                        {"usageFields", "E706008"},
                                                        {"appId", "E706009"},
                                                        {"reportId", "E706009"},
                                                        {"billingSubscriptionId", "E706009"},
                                                        {"subAccounts", "E706010"}}) {
    EXPECT_EQ(body_of({ErrorKind::invalid, "x", {}, field})["code"], code) << field;
  }
  EXPECT_EQ(body_of({ErrorKind::range_too_long, "x", {}, "endDate"})["code"], "E706005");
}

TEST_F(HereError, ABodyAndSwitchedOffReportsSaySoInTheDetails) {
  EXPECT_EQ(body_of({ErrorKind::malformed, "x", {}, "subAccounts"})["details"][0]["source"], "$.subAccounts");
  const json off = body_of({ErrorKind::invalid, "x", {}, std::string(reports_off_field)});
  EXPECT_EQ(off["code"], "E706015");
  EXPECT_EQ(off["details"][0]["code"], "ASYNC_API_DISABLED_FOR_USER");
}

struct Expected {
  ErrorKind kind;
  int status;
  std::string_view code;
  bool has_retry_after = false;
};
/// crosswalk 3.2, in the order of the enumeration.
constexpr Expected table[] = {
    {ErrorKind::bad_credentials, 401, "401701"},
    {ErrorKind::unauthenticated, 401, "401701"},
    {ErrorKind::forbidden, 403, "403403"},
    {ErrorKind::not_found, 404, "E706012"},
    {ErrorKind::no_such_path, 404, "E706014"},
    {ErrorKind::method_not_allowed, 405, "E706014"},
    {ErrorKind::unsupported_media, 400, "E706010"},
    {ErrorKind::malformed, 400, "E706010"},
    {ErrorKind::invalid, 400, "E706009"},
    {ErrorKind::range_too_long, 400, "E706005"},
    {ErrorKind::too_large, 400, "E706010"},
    {ErrorKind::too_many_jobs, 429, "429002", true},
    {ErrorKind::conflict, 500, "E706016"},
    {ErrorKind::not_ready, 404, "E706013"},
    {ErrorKind::gone, 404, "E706013"},
    {ErrorKind::rate_limited, 429, "429002", true},
    {ErrorKind::not_supported, 500, "E706016"},
    {ErrorKind::busy, 429, "429002", true},
    {ErrorKind::store_unavailable, 503, "E706016", true},
    {ErrorKind::storage_full, 503, "E706016", true},
    {ErrorKind::region_unavailable, 503, "E706016", true},
    {ErrorKind::internal, 500, "E706016"},
};

TEST_F(HereError, EveryKindIsOfTheCrosswalk) {
  for (const Expected& expected : table) {
    const json body = body_of({expected.kind, "secret", {}, {}});
    const std::string name(to_string(expected.kind));
    EXPECT_EQ(response_.status, expected.status) << name;
    EXPECT_EQ(body["status"], expected.status) << name;
    EXPECT_EQ(body["code"], std::string(expected.code)) << name;
    EXPECT_EQ(!header("Retry-After").empty(), expected.has_retry_after) << name;
    const bool is_union = expected.status == 401 || expected.status == 403 || expected.status == 429;
    EXPECT_EQ(body.contains("error_description"), is_union) << name;
    EXPECT_EQ(body.contains("errorId"), !is_union) << name;
    EXPECT_TRUE(body.contains("title") && body.contains("cause") && body.contains("action")) << name;
    EXPECT_EQ(body["correlationId"], "corr-1") << name;
  }
  EXPECT_EQ(body_of({ErrorKind::too_large, "x", {}, std::string(csv_rows_field)})["code"], "E706011");
  EXPECT_EQ(body_of({ErrorKind::internal, "secret", "more secret", {}}).dump().find("secret"), std::string::npos);
}

TEST_F(HereError, ARefusedTokenTellsWhy) {
  for (const auto& [cause, code] : std::vector<std::pair<std::string, std::string>>{{"no_authorization", "401200"},
                                                                                    {"not_bearer", "401201"},
                                                                                    {"token_expired", "400600"},
                                                                                    {"token_malformed", "400601"},
                                                                                    {"token_revoked", "401701"}}) {
    EXPECT_EQ(body_of({ErrorKind::unauthenticated, "x", cause, {}})["code"], code) << cause;
  }
  const json body = body_of({ErrorKind::unauthenticated, "x", "no_authorization", {}});
  EXPECT_EQ(body["error"], "Unauthorized");
  EXPECT_EQ(body["error_description"], "No credentials found.");
  EXPECT_EQ(header("WWW-Authenticate"), "Bearer realm=\"here\"");
  const json foreign = body_of(forbidden().error());
  EXPECT_EQ(foreign["error"], "Forbidden");
  EXPECT_EQ(foreign["error_description"], "These credentials do not provide authorized access.");
}

TEST(Correlation, AGivenNameIsKeptIfItCanBePrinted) {
  const auto random = seeded_random(1);
  const auto id_for = [&](std::string given) {
    http::Request request;
    request.headers = {{"x-correlation-id", std::move(given)}};
    return correlation_id_of(request, *random);
  };
  EXPECT_EQ(id_for("0123456789abcdef"), "0123456789abcdef");
  EXPECT_EQ(id_for("trace 1"), "trace 1");
  EXPECT_EQ(id_for(std::string(128, 'x')), std::string(128, 'x'));
  for (const std::string& bad : {std::string(), std::string(129, 'x'), std::string("a\tb"), std::string("a\xc3\xa9")}) {
    const std::string made = id_for(bad);
    EXPECT_EQ(made.size(), 36U) << bad;
    EXPECT_EQ(made[14], '4');
  }
  EXPECT_NE(make_uuid(*random), make_uuid(*random));
}

TEST(Correlation, ARequestIdIsSentBackOnlyIfOneWasSent) {
  http::Request request;
  http::Response without, with;
  add_call_headers(without, request, "c");
  EXPECT_EQ(without.headers, (std::vector<std::pair<std::string, std::string>>{{"X-Correlation-ID", "c"},
                                                                               {"Cache-Control", "no-store"}}));
  request.headers = {{"X-Request-ID", "r-1"}};
  add_call_headers(with, request, "c");
  EXPECT_TRUE(without.has_own_request_id && with.has_own_request_id) << "the server's own would be another";
  EXPECT_EQ(with.headers[1], (std::pair<std::string, std::string>{"X-Request-ID", "r-1"}));
}

}  // namespace
}  // namespace meterport::here
