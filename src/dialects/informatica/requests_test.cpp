#include "dialects/informatica/requests.h"

#include <gtest/gtest.h>

namespace meterport::informatica {
namespace {

std::string repeated(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

std::string login_with(const std::string& password) {
  return R"({"username":"ana","password":")" + password + R"("})";
}

// informatica.md 2.1: at most 255 characters, whatever bytes they take.
TEST(Credentials, AreCountedInCharacters) {
  for (const int count : {1, 200, 255}) {
    const std::string umlauts = repeated("\u00e4", count);
    const auto credentials = parse_credentials(login_with(umlauts));
    ASSERT_TRUE(credentials.has_value()) << count << ": " << credentials.error().text;
    EXPECT_EQ(credentials->password, umlauts);
  }
  EXPECT_EQ(parse_credentials(login_with(repeated("\u00e4", 256))).error().field, "password");
  EXPECT_EQ(parse_credentials(login_with("")).error().field, "password");
}

std::string range(const std::string& start, const std::string& end, const std::string& more) {
  return R"({"startDate":")" + start + R"(","endDate":")" + end + R"(")" + more + "}";
}
std::string september(const std::string& more) {
  return range("2024-09-01T00:00:00Z", "2024-09-30T00:00:00Z", more);
}
/// The field the request is refused for; empty: it is taken.
std::string refused_for(const std::string& body, Resource resource) {
  const auto request = parse_export_request(body, resource);
  return request ? std::string() : request.error().field;
}

TEST(JobLevelRequest, NeedsOneMeterOrAllOfThem) {
  const auto of = [](const std::string& more) { return refused_for(september(more), Resource::job_level); };
  EXPECT_EQ(of(""), "meterId");
  EXPECT_EQ(of(R"(,"allMeters":"FALSE")"), "meterId");
  EXPECT_EQ(of(R"(,"allMeters":false,"meterId":null)"), "meterId");
  EXPECT_EQ(of(R"(,"meterId":"  ")"), "meterId") << "a blank one is none";
  EXPECT_EQ(of(R"(,"allMeters":true,"meterId":"m")"), "meterId");
  EXPECT_EQ(of(R"(,"allMeters":"maybe")"), "allMeters");
  EXPECT_EQ(of(R"(,"meterId":7)"), "meterId");
  EXPECT_EQ(of(R"(,"meterId":"m")"), "");
  EXPECT_EQ(of(R"(,"allMeters":"TRUE","meterId":"")"), "");

  const auto all =
      parse_export_request(september(R"(,"allMeters":"tRuE","allLinkedOrgs":"TRUE")"), Resource::job_level);
  ASSERT_TRUE(all.has_value());
  EXPECT_EQ(all->kind, ExportKind::job_level);
  EXPECT_EQ(all->all_meters, std::optional(true));
  EXPECT_FALSE(all->all_linked) << "job-level is of the requesting org alone";
  const auto one = parse_export_request(september(R"(,"meterId":"m")"), Resource::job_level);
  ASSERT_TRUE(one.has_value());
  EXPECT_EQ(one->all_meters, std::nullopt) << "not sent, not echoed";
}

TEST(AssetRequest, TakesAMeterWhichTheOthersIgnore) {
  const auto meter_of = [](const std::string& kind, const std::string& meter) {
    const auto body = september(R"(,"jobType":")" + kind + R"(","meterId":)" + meter);
    const auto request = parse_export_request(body, Resource::export_metering_data);
    return request ? request->meter : "refused: " + request.error().field;
  };
  EXPECT_EQ(meter_of("ASSET", R"("m")"), "m");
  EXPECT_EQ(meter_of("ASSET", "null"), "");
  EXPECT_EQ(meter_of("ASSET", "5"), "refused: meterId");
  EXPECT_EQ(meter_of("SUMMARY", R"("m")"), "");
  EXPECT_EQ(meter_of("PROJECT_FOLDER", "5"), "");
}

TEST(ExportRequest, RangesAreBoundedByKind) {
  const auto fits = [](const std::string& end, const std::string& kind) {
    const auto body =
        range("2024-01-01T00:00:00Z", end, kind.empty() ? R"(,"allMeters":true)" : R"(,"jobType":")" + kind + "\"");
    const auto request =
        parse_export_request(body, kind.empty() ? Resource::job_level : Resource::export_metering_data);
    EXPECT_TRUE(request.has_value());
    const auto checked = check_range(*request);
    if (!checked) EXPECT_EQ(checked.error().kind, ErrorKind::range_too_long);
    return checked.has_value();
  };
  for (const char* kind : {"ASSET", "PROJECT_FOLDER"}) {
    EXPECT_TRUE(fits("2024-02-01T23:59:59Z", kind)) << kind;
    EXPECT_FALSE(fits("2024-02-02T00:00:00Z", kind)) << kind;
  }
  for (const char* kind : {"SUMMARY", ""}) {
    EXPECT_TRUE(fits("2024-06-29T23:59:59Z", kind)) << kind;
    EXPECT_FALSE(fits("2024-06-30T00:00:00Z", kind)) << kind;
  }
}

TEST(ExportRequest, MayChooseItsCallbacksFormat) {
  const auto format_of = [](const std::string& value) {
    return parse_export_request(september(R"(,"jobType":"SUMMARY","callbackFormat":)" + value),
                                Resource::export_metering_data);
  };
  EXPECT_EQ(format_of("null")->callback_format, std::nullopt);
  EXPECT_EQ(format_of(R"("Json")")->callback_format, std::optional(CallbackFormat::json));
  EXPECT_EQ(format_of(R"("TEXT")")->callback_format, std::optional(CallbackFormat::text));
  for (const char* bad : {R"("xml")", R"("")", "true"})
    EXPECT_EQ(format_of(bad).error().field, "callbackFormat") << bad;
}

TEST(SessionQuestion, NeedsTheTokenAlone) {
  EXPECT_EQ(parse_session_question("{}").error().field, "icToken");
  EXPECT_EQ(parse_session_question(R"({"icToken":"t","userName":5})").error().field, "userName");
  const auto question = parse_session_question(R"({"@type":"validatedToken","userName":"ana","icToken":"t"})");
  ASSERT_TRUE(question.has_value());
  EXPECT_EQ(question->token, "t");
  EXPECT_EQ(question->user_name, std::optional<std::string>("ana"));
}

}  // namespace
}  // namespace meterport::informatica
