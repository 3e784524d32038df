#include "dialects/netsuite/envelope.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <set>

#include "catalog/json_tree.h"

namespace meterport::netsuite {
namespace {

constexpr std::size_t usages_max = 1'000;

/// "CODE text" of a call that is refused, else "taken".
std::string told(std::string_view body) {
  const auto call = read_envelope(std::string(body), usages_max);
  if (call) return "taken";
  EXPECT_EQ(call.error().status, 400) << body;
  return fmt::format("{} {}", call.error().code, call.error().message);
}

std::string code_of(std::string_view body) {
  const std::string all = told(body);
  return all.substr(0, all.find(' '));
}

/// The usages of a create that is right, as texts.
std::vector<std::string> usages_of(std::string_view body) {
  const auto call = read_envelope(std::string(body), usages_max);
  std::vector<std::string> texts;
  if (!call || !std::holds_alternative<CreateCall>(*call)) {
    ADD_FAILURE() << body;
    return texts;
  }
  const auto& create = std::get<CreateCall>(*call);
  EXPECT_EQ(create.body, body) << "the body is kept as it came";
  for (const auto& range : create.usages) texts.push_back(create.body.substr(range.begin, range.size));
  return texts;
}

std::string status_of(std::string_view request_id) {
  const std::string body = fmt::format(R"({{"method":"sbGetUsageCreationStatus","requestId":{}}})", request_id);
  const auto call = read_envelope(body, usages_max);
  if (!call) return fmt::format("{} {}", call.error().code, call.error().message);
  const auto& status = std::get<StatusCall>(*call);
  return fmt::format("{} {} {}", status.id, status.shown, status.is_text ? "text" : "number");
}

using Texts = std::vector<std::string>;

TEST(Envelope, N21_WithoutDataItSaysSo) {
  for (const std::string_view body : {"", " ", "\r\n\t ", "null", " null\n"}) {
    EXPECT_EQ(told(body), "MISSING_REQUEST_DATA Request data is missing.") << body;
  }
  for (const std::string_view body : {"{}", " { } "}) {
    EXPECT_EQ(told(body), "EMPTY_REQUEST_OBJECT The request object is empty.") << body;
  }
}

TEST(Envelope, N21_WhatIsNoJsonObjectIsNoRequest) {
  const std::string good = R"({"method":"sbCreateUsage","usages":[{}]})";
  ASSERT_EQ(told(good), "taken");
  for (const std::string& body :
       {std::string("{"),
        std::string("[]"),
        std::string("[{}]"),
        "[" + good + "]",
        std::string("7"),
        std::string("true"),
        std::string("\"text\""),
        std::string("nul"),
        std::string("nullnull"),
        std::string("{\"method\"}"),
        good + "x",
        good + good,
        good + "null",
        "x" + good,
        "\xEF\xBB\xBF" + good,
        good.substr(0, good.size() - 1),
        std::string(R"({"method":"sbCreateUsage","usages":[{}],})"),
        std::string(R"({"method":"sbCreateUsage" "usages":[{}]})"),
        std::string(R"({'method':'sbCreateUsage'})"),
        std::string(R"({"method":"sbCreateUsage","usages":[{]})"),
        std::string(R"({"method":"sbCreateUsage","usages":[01]})"),
        std::string(R"({"method":"sbCreateUsage","usages":[NaN]})"),
        std::string("{\"method\":\"sbCreateUsage\",\"usages\":[\"\xFF\"]}"),
        std::string("{\"method\":\"sbCreateUsage\",\"usages\":[\"a\nb\"]}"),
        std::string(R"({"method":"sbCreateUsage","method":"sbCreateUsage","usages":[{}]})"),
        R"({"method":"sbCreateUsage","usages":[)" + std::string(100, '[') + std::string(100, ']') + "]}"}) {
    EXPECT_EQ(code_of(body), "INVALID_REQUEST") << body;
  }
}

TEST(Envelope, N22_TheMethodIsOneOfTwo) {
  for (const std::string_view body :
       {R"({"usages":[{}]})", R"({"method":null,"usages":[{}]})", R"({"Method":"sbCreateUsage","usages":[{}]})"}) {
    EXPECT_EQ(told(body), "MISSING_REQUEST_PROPERTY The method property is missing in request object.") << body;
  }
  EXPECT_EQ(told(R"({"method":"","usages":[{}]})"), "EMPTY_REQUEST_PROPERTY The method property is empty.");
  const std::string begin = "INVALID_REQUEST_METHOD Request method is invalid: ";
  EXPECT_EQ(told(R"({"method":"sbDeleteUsage","usages":[{}]})"), begin + "sbDeleteUsage");
  EXPECT_EQ(told(R"({"method":"sbcreateusage","usages":[{}]})"), begin + "sbcreateusage");
  EXPECT_EQ(told(R"({"method":" sbCreateUsage","usages":[{}]})"), begin + " sbCreateUsage");
  EXPECT_EQ(told(R"({"method":7})"), begin + "7");
  EXPECT_EQ(told(R"({"method":true})"), begin + "true");
  EXPECT_EQ(told(R"({"method":["sbCreateUsage"]})"), begin + R"(["sbCreateUsage"])");
  EXPECT_EQ(told(R"({"method":{"a":1,"a":2}})"), begin + R"({"a":1,"a":2})");
}

TEST(Envelope, N23_UsagesIsAnArrayWithSomethingInIt) {
  for (const std::string_view body : {R"({"method":"sbCreateUsage"})", R"({"method":"sbCreateUsage","usages":null})",
                                      R"({"method":"sbCreateUsage","requestId":"1"})"}) {
    EXPECT_EQ(told(body), "MISSING_REQUEST_PROPERTY The usages property is missing in request object.") << body;
  }
  for (const std::string_view usages : {"{}", R"({"0":{}})", "7", "true", "\"\"", "\"[]\""}) {
    EXPECT_EQ(told(fmt::format(R"({{"method":"sbCreateUsage","usages":{}}})", usages)),
              "INVALID_PROPERTY_FORMAT The value for usages property has invalid format. Format must be: array.");
  }
  for (const std::string_view usages : {"[]", "[ \n ]"}) {
    EXPECT_EQ(told(fmt::format(R"({{"method":"sbCreateUsage","usages":{}}})", usages)),
              "EMPTY_REQUEST_PROPERTY The usages property is empty.");
  }
}

TEST(Envelope, WhatIsInsideAUsageIsNotItsBusiness) {
  EXPECT_EQ(usages_of(R"({"method":"sbCreateUsage","usages":[{},7,"text",null,[],{"a":1,"a":2}]})"),
            (Texts{"{}", "7", "\"text\"", "null", "[]", R"({"a":1,"a":2})"}));
}

TEST(Envelope, UsagesAreFoundWhereverTheyStandAndAsTheyAre) {
  EXPECT_EQ(usages_of("{ \"usages\" : [ { \"line\" : 5.0 } ,\n{\"memo\":\"]}\\\"\"} ] , \"options\":{\"usages\":[1]},"
                      " \"method\" : \"sbCreate\\u0055sage\" }"),
            (Texts{"{ \"line\" : 5.0 }", "{\"memo\":\"]}\\\"\"}"}));
  EXPECT_EQ(usages_of(R"({"requestId":true,"method":"sbCreateUsage","usages":[{"x":"ü"},{"y":"€"}]})"),
            (Texts{R"({"x":"ü"})", R"({"y":"€"})"}));
}

TEST(Envelope, N25_TheRequestIdKeepsItsTypeAndDigits) {
  EXPECT_EQ(status_of("101"), "101 101 number");
  EXPECT_EQ(status_of("\"101\""), "101 101 text");
  EXPECT_EQ(status_of("0"), "0 0 number");
  EXPECT_EQ(status_of("\"0101\""), "101 0101 text");
  EXPECT_EQ(status_of("\"1\\u00301\""), "101 101 text");
  EXPECT_EQ(status_of("9223372036854775807"), "9223372036854775807 9223372036854775807 number");
}

TEST(Envelope, N25_ANumberThatNoOperationCanHaveIsOneOfNone) {
  EXPECT_EQ(status_of("9223372036854775808"), "0 9223372036854775808 number");
  EXPECT_EQ(status_of("\"" + std::string(400, '9') + "\""), "0 " + std::string(400, '9') + " text");
}

TEST(Envelope, N25_WhatIsNoWholeNumberIsNoRequestId) {
  for (const std::string_view id : {"\"abc\"", "1.5", "1.0", "1e2", "-1", "-0", "true", "false", "[]", "{}", "[101]",
                                    "\" 101\"", "\"101 \"", "\"1.0\"", "\"-1\"", "\"+1\"", "\"0x65\"", "\"\u0661\""}) {
    EXPECT_EQ(status_of(id),
              "INVALID_PROPERTY_FORMAT The value for requestId property has invalid format. Format must be: number.")
        << id;
  }
  EXPECT_EQ(status_of("null"), "MISSING_REQUEST_PROPERTY The requestId property is missing in request object.");
  EXPECT_EQ(told(R"({"method":"sbGetUsageCreationStatus","usages":[{}]})"),
            "MISSING_REQUEST_PROPERTY The requestId property is missing in request object.");
  EXPECT_EQ(status_of("\"\""), "EMPTY_REQUEST_PROPERTY The requestId property is empty.");
}

// Whatever bytes come, the call is refused with a code of the contract, or its usages are texts of the body.
TEST(Envelope, SurvivesMutatedBodies) {
  std::mt19937 random(2018);  // NOLINT: a fixed seed on purpose
  const std::array<std::string_view, 3> bodies = {
      R"({"method":"sbCreateUsage","usages":[{"subscriptionId":"1","line":"3"},{"quantity":5.0},["a\u00e4",null]]})",
      R"({"method":"sbGetUsageCreationStatus","requestId":"1101"})",
      R"({"requestId":101,"method":"sbGetUsageCreationStatus"})"};
  const std::array<std::string_view, 12> pieces = {"{",  "}",  "[",    "]", ",",        ":",
                                                   "\"", "\\", "null", "0", "\xE2\x82", " "};
  const std::set<std::string_view> codes = {
      "MISSING_REQUEST_DATA",   "EMPTY_REQUEST_OBJECT",   "INVALID_REQUEST",        "MISSING_REQUEST_PROPERTY",
      "EMPTY_REQUEST_PROPERTY", "INVALID_REQUEST_METHOD", "INVALID_PROPERTY_FORMAT"};
  std::set<std::string_view> seen;
  int taken = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string body(bodies[random() % bodies.size()]);
    for (unsigned change = 1 + random() % 3; change > 0 && !body.empty(); --change) {
      const std::size_t at = random() % body.size();
      const unsigned way = random() % 3;
      if (way == 0) body[at] = static_cast<char>(static_cast<unsigned char>(body[at]) ^ (1U << (random() % 8)));
      if (way == 1) body.erase(at, 1 + random() % 4);
      if (way == 2) body.insert(at, pieces[random() % pieces.size()]);
    }
    const auto call = read_envelope(body, usages_max);
    if (!call) {
      ASSERT_TRUE(codes.contains(call.error().code)) << body;
      seen.insert(call.error().code);
      continue;
    }
    ++taken;
    if (const auto* create = std::get_if<CreateCall>(&*call)) {
      ASSERT_EQ(create->body, body);
      ASSERT_FALSE(create->usages.empty()) << body;
      for (const auto& range : create->usages) {
        const auto usage = catalog::parse_json(std::string_view(body).substr(range.begin, range.size));
        ASSERT_TRUE(usage || usage.error().kind == ErrorKind::invalid) << body;  // invalid: a name given twice
      }
    }
  }
  EXPECT_GT(taken, 500);
  EXPECT_GE(seen.size(), 4U) << "the changes reach more than the parser";
}

}  // namespace
}  // namespace meterport::netsuite
