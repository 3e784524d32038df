#include "http/router.h"

#include <gtest/gtest.h>

#include "http/problem.h"
#include "http/url.h"

namespace meterport::http {
namespace {

Route route(Method method, std::string path, bool collapse_slashes = false) {
  Route made;
  made.method = method;
  made.path = std::move(path);
  made.errors = problem;
  made.collapse_slashes = collapse_slashes;
  return made;
}

TEST(Router, TheFirstFittingRouteWins) {
  Router router;
  router.add(route(Method::get, "/v1/exports/latest"));
  router.add(route(Method::get, "/v1/exports/{id}"));
  router.add(route(Method::get, "/v1/exports/{id}/parts/{n}"));
  EXPECT_EQ(router.match(Method::get, "/v1/exports/latest").route, &router.routes()[0]);
  EXPECT_EQ(router.match(Method::get, "/v1/exports/7?x=1").path_values.at("id"), "7");
  EXPECT_EQ(router.match(Method::get, "/v1/exports/7/parts/2").path_values.at("n"), "2");
  EXPECT_EQ(router.match(Method::get, "/v1/exports/").route, nullptr) << "a value is never empty";
  EXPECT_EQ(router.match(Method::get, "/v1/exports/7/").route, nullptr);
  EXPECT_EQ(router.match(Method::head, "/v1/exports/7").route, &router.routes()[1]);
}

TEST(Router, SegmentsAreDecodedAfterTheyAreSplit) {
  Router router;
  router.add(route(Method::get, "/r/{org}/{source}/{id}"));
  router.add(route(Method::get, "/files/{name...}"));
  const auto match = router.match(Method::get, "/r/a%2Fb/c%20d/%E2%82%AC");
  ASSERT_NE(match.route, nullptr);
  EXPECT_EQ(match.path_values.at("org"), "a/b");
  EXPECT_EQ(match.path_values.at("source"), "c d");
  EXPECT_EQ(match.path_values.at("id"), "\u20AC");
  EXPECT_EQ(router.match(Method::get, "/files/a/b%20c/d").path_values.at("name"), "a/b c/d");
  EXPECT_TRUE(router.match(Method::get, "/r/%2/x/y").malformed);
  EXPECT_TRUE(router.match(Method::get, "/r/%00/x/y").malformed);
}

// I12
TEST(Router, RunsOfSlashesAreOneWhereTheRouteSaysSo) {
  Router router;
  router.add(route(Method::get, "/public/core/v3/jobs", true));
  router.add(route(Method::get, "/v1/orgs"));
  EXPECT_NE(router.match(Method::get, "//public/core//v3/jobs").route, nullptr);
  EXPECT_EQ(router.match(Method::get, "//v1/orgs").route, nullptr);
}

TEST(Router, AnotherMethodIsToldApartFromNoPath) {
  Router router;
  router.add(route(Method::get, "/v1/orgs"));
  router.add(route(Method::post, "/v1/orgs"));
  const auto match = router.match(Method::delete_, "/v1/orgs");
  EXPECT_EQ(match.route, nullptr);
  EXPECT_TRUE(match.other_method);
  EXPECT_EQ(match.allow, "GET, HEAD, POST");
  EXPECT_FALSE(router.match(Method::get, "/v1/none").other_method);
}

TEST(Router, TheLongestFallbackPrefixSpeaks) {
  Router router;
  const auto speaker = [](int status) {
    return [status](const Request&, const Error&) { return Response::text(status, ""); };
  };
  router.add_fallback({.prefix = "", .errors = speaker(1)});
  router.add_fallback({.prefix = "/saas/", .errors = speaker(2)});
  router.add_fallback({.prefix = "/saas/api/", .errors = speaker(3)});
  const auto status_at = [&](std::string_view path) {
    return (*router.match(Method::get, path).errors)(Request{}, Error{}).status;
  };
  EXPECT_EQ(status_at("/x"), 1);
  EXPECT_EQ(status_at("/saas/x"), 2);
  EXPECT_EQ(status_at("/saas/api/x"), 3);
  EXPECT_EQ(status_at("//saas/api/x"), 3);
  EXPECT_EQ(status_at("//saas//api/x"), 3);
}

TEST(Url, QueriesAndPercentSequences) {
  const auto query = parse_query("a=1&b&&c=x%26y+z&=v");
  ASSERT_TRUE(query.has_value());
  const std::vector<std::pair<std::string, std::string>> expected{{"a", "1"}, {"b", ""}, {"c", "x&y z"}, {"", "v"}};
  EXPECT_EQ(*query, expected);
  EXPECT_FALSE(parse_query("a=%g0").has_value());
  EXPECT_FALSE(percent_decode("%").has_value());
  EXPECT_EQ(percent_decode("a+b"), "a+b");
  EXPECT_EQ(percent_encode("a/b \xE2\x82\xAC~"), "a%2Fb%20%E2%82%AC~");
  EXPECT_EQ(split_target("http://h?x=1")->path, "/");
  EXPECT_EQ(split_target("http://h?x=1")->query, "x=1");
  EXPECT_FALSE(split_target("h:80").has_value());
}

TEST(Problem, CarriesWhatAClientNeedsAndNoDetail) {
  Request request;
  request.id = "abc";
  const Response response = problem(
      request, {.kind = ErrorKind::invalid, .text = "to: must be after from", .detail = "secret", .field = "to"});
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(response.body,
            R"({"type":"urn:meterport:problem:invalid","title":"Bad Request","status":400,"code":"invalid",)"
            R"("detail":"to: must be after from","field":"to","request_id":"abc"})");
  EXPECT_EQ(problem(request, {.kind = ErrorKind::busy, .text = {}, .detail = {}, .field = {}}).headers.at(0).first,
            "Retry-After");
}

}  // namespace
}  // namespace meterport::http
