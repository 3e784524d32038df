#include "dialects/netsuite/usage_reader.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <set>

#include "dialects/netsuite/netsuite.h"
#include "dialects/netsuite/test_usages.h"
#include "formats/usage_json.h"

namespace meterport::netsuite {
namespace {

using Texts = std::vector<std::string>;

constexpr std::uint64_t first_index = 7;
constexpr std::string_view good = R"({"subscriptionId":1,"line":3,"quantity":5,"date":"1/3/2018"})";

intake::Operation operation_of(std::string account, std::string_view note) {
  intake::Operation operation;
  operation.id = 101;
  operation.kind = operation_kind;
  operation.org = std::move(account);
  operation.note = note;
  return operation;
}

/// What the items come to; the chunk they came in is gone by then.
RecordBatch read_batch(const Texts& items, std::string_view note = {}, const std::string& account = "acme",
                       std::uint64_t first = first_index) {
  intake::ItemChunk chunk;
  chunk.bytes.reserve(formats::body_spare_bytes);  // a short text must not stand inside the string object
  for (const std::string& item : items) chunk.bytes += item + " ,\n";
  std::size_t at = 0;
  for (const std::string& item : items) {
    chunk.items.push_back({first + chunk.items.size(), std::string_view(chunk.bytes).substr(at, item.size())});
    at += item.size() + 3;
  }
  const intake::Operation operation = operation_of(account, note);
  auto batch = read_usages({operation, *accounts()}, std::move(chunk));
  EXPECT_TRUE(batch);
  return batch ? std::move(*batch) : RecordBatch{};
}

/// The record in its /v1 form, or what is said of the usage.
std::string shown(const BatchItem& item, std::string_view usage) {
  if (item.error) return told(*item.error, usage);
  std::string out;
  formats::append_usage_json(out, item.record);
  return out;
}

Texts read_all(const Texts& items, std::string_view note = {}, const std::string& account = "acme") {
  const RecordBatch batch = read_batch(items, note, account);
  EXPECT_EQ(batch.items.size(), items.size()) << "one item each";
  Texts out;
  for (std::size_t n = 0; n < batch.items.size(); ++n) out.push_back(shown(batch.items[n], items[n]));
  return out;
}

std::string read(const std::string& item, std::string_view note = {}, const std::string& account = "acme") {
  return read_all({item}, note, account).front();
}

/// The good usage with other values; `changes` ends without a comma.
std::string with(std::string_view changes, std::string_view line = "3", std::string_view quantity = "5",
                 std::string_view date = "1/3/2018") {
  return fmt::format(R"({{"subscriptionId":1,"line":{},"quantity":{},"date":"{}"{}{}}})", line, quantity, date,
                     changes.empty() ? "" : ",", changes);
}

std::string quantity_of(std::string_view quantity, std::string_view note = {}) {
  const RecordBatch batch = read_batch({with("", "3", quantity)}, note);
  const BatchItem& item = batch.items.front();
  if (item.error) return std::string(wire_name(item.error->code, item.error->pointer, good)) + item.error->pointer;
  return item.record.quantity.to_text();
}

TEST(UsageReader, MakesARecordOfAUsage) {
  EXPECT_EQ(
      read(
          R"({"subscriptionName":"Ems SP 001","line":"3","quantity":"0.123456785","date":"1/3/2018","memo":"a \"note\"",)"
          R"("customFields":[{"fieldId":"custrecord_usage_unit","value":"MB"}],"item":"ignored"})"),
      R"({"org":"acme-eu","meter":"hours","time":"2018-01-03T00:00:00Z","quantity":"0.123456785","id":"101.7",)"
      R"("source":"netsuite","subscription":"1","line":3,"memo":"a \"note\"",)"
      R"("properties":{"custrecord_usage_unit":"MB"}})");
}

TEST(UsageReader, OrgAndMeterAreThoseOfTheLine) {
  EXPECT_EQ(read(with("", "4")),
            R"({"org":"acme","meter":"volume","time":"2018-01-03T00:00:00Z","quantity":"5","id":"101.7",)"
            R"("source":"netsuite","subscription":"1","line":4})");
  EXPECT_EQ(read(std::string(good), {}, "other"),
            R"({"org":"other","meter":"volume","time":"2018-01-03T00:00:00Z","quantity":"5","id":"101.7",)"
            R"("source":"netsuite","subscription":"1","line":3})");
}

TEST(UsageReader, OneBadUsageCostsItselfAlone) {
  const Texts all = read_all({std::string(good), "7", std::string(good), "{}", with("", "99"), std::string(good)});
  for (const std::size_t n : {0U, 2U, 5U}) {
    EXPECT_NE(all[n].find(fmt::format(R"("id":"101.{}")", first_index + n)), std::string::npos) << all[n];
  }
  EXPECT_EQ(all[1],
            "INVALID_PROPERTY_FORMAT  The value for usage property has invalid format. Format must be: object.");
  EXPECT_EQ(all[3], "EMPTY_REQUEST_OBJECT  The usage object is empty.");
  EXPECT_EQ(all[4], "INVALID_KEY_OR_REF /line Invalid usagesubscriptionline reference key Ems SP 001: 99.");
}

TEST(UsageReader, ARefusedUsageLeavesNothingOfARecord) {
  const RecordBatch batch = read_batch({with(R"("memo":"m")", "3", "-1"), with("", "99")});
  for (const BatchItem& item : batch.items) {
    ASSERT_TRUE(item.error);
    EXPECT_TRUE(item.record.org.empty() && item.record.id.empty() && item.record.subscription.empty());
    EXPECT_TRUE(item.record.memo.empty() && item.record.properties.empty() && !item.record.line);
  }
}

TEST(UsageReader, OfACustomFieldGivenTwiceTheLastCounts) {
  const RecordBatch batch = read_batch({with(R"("customFields":[{"fieldId":"custrecord_usage_unit","value":"GB"},)"
                                             R"({"fieldId":"custrecord_usage_source","value":{"a":[1.50,"x"]}},)"
                                             R"({"fieldId":"custrecord_usage_unit","value":1e400}])")});
  ASSERT_FALSE(batch.items.front().error);
  const auto& properties = batch.items.front().record.properties;
  ASSERT_EQ(properties.size(), 2U);
  EXPECT_EQ(properties[0].name, "custrecord_usage_source") << "by name";
  EXPECT_EQ(properties[0].json, R"({"a":[1.50,"x"]})") << "digits as sent";
  EXPECT_EQ(properties[1].name, "custrecord_usage_unit");
  EXPECT_EQ(properties[1].json, "1e400");
}

TEST(UsageReader, N35_CustomFieldsAreThoseOfTheAccount) {
  const std::string colour = R"("customFields":[{"fieldId":"colour","value":"red"}])";
  EXPECT_EQ(read(with(colour)), "FIELD_DOES_NOT_EXIST /customFields/fieldId The field colour doesn't exist.");
  const std::string dots = with(colour, "1", "5", "3.1.2018");
  EXPECT_NE(read(dots, {}, "dots").find(R"("properties":{"colour":"red"})"), std::string::npos);
  EXPECT_EQ(read(with(R"("customFields":[{"fieldId":"custrecord_usage_unit","value":"MB"}])", "1", "5", "3.1.2018"), {},
                 "dots"),
            "FIELD_DOES_NOT_EXIST /customFields/fieldId The field custrecord_usage_unit doesn't exist.");
}

TEST(UsageReader, C14_TheDateFormatIsTheAccounts) {
  EXPECT_EQ(read(with("", "1"), {}, "dots"),
            "INVALID_PROPERTY_FORMAT /date The value for date property has invalid format. Format must be: D.M.YYYY.");
  EXPECT_NE(read(with("", "1", "5", "3.1.2018"), {}, "dots").find("2018-01-03T00:00:00Z"), std::string::npos);
}

TEST(UsageReader, N39_N40_QuantitiesKeepTheirDigitsAndHaveALimit) {
  EXPECT_EQ(quantity_of("0.123456785"), "0.123456785");
  EXPECT_EQ(quantity_of("\"0.123456789012345678\""), "0.123456789012345678");
  EXPECT_EQ(quantity_of("0"), "0");
  EXPECT_EQ(quantity_of("-0.0"), "0") << "zero is not negative";
  EXPECT_EQ(quantity_of("9999999999.99999999"), "9999999999.99999999");
  for (const std::string_view bad :
       {"9999999999.999999990000000001", "10000000000", "1e10", "1e18", "1e400", "-1", "\"-0.5\"", "-1e-18",
        "-10000000000", "0.1234567890123456789", "1e-19", "1e-400"}) {
    EXPECT_EQ(quantity_of(bad), "USER_ERROR/quantity") << bad;
  }
}

TEST(UsageReader, N40_TheSwitchAllowsNegativeQuantitiesDownToTheLimit) {
  EXPECT_EQ(quantity_of("-1", negative_note), "-1");
  EXPECT_EQ(quantity_of("\"-0.000000000000000001\"", negative_note), "-0.000000000000000001");
  EXPECT_EQ(quantity_of("-9999999999.99999999", negative_note), "-9999999999.99999999");
  for (const std::string_view bad :
       {"-9999999999.999999990000000001", "-10000000000", "-1e18", "-1e400", "10000000000"}) {
    EXPECT_EQ(quantity_of(bad, negative_note), "USER_ERROR/quantity") << bad;
  }
}

TEST(UsageReader, N42_AMemoHasFourThousandCharacters) {
  const auto memo = [](std::string_view character, int count) {
    std::string text;
    for (int n = 0; n < count; ++n) text += character;
    return read(with(fmt::format(R"("memo":"{}")", text))).substr(0, 10);
  };
  for (const std::string_view character : {"m", "ü", "\\u20ac"}) {
    EXPECT_EQ(memo(character, 4'000), R"({"org":"ac)") << character;
    EXPECT_EQ(memo(character, 4'001), "USER_ERROR") << character;
  }
  EXPECT_EQ(read(with(R"("memo":"")")), read(std::string(good)));
}

TEST(UsageReader, WhatIsNoYearIsAUserErrorAndTheLineIsIntakesToJudge) {
  // Whether the line takes usage is intake's to judge; this one has no meter.
  EXPECT_NE(read(with("", "7")).find(R"("subscription":"1","line":7)"), std::string::npos);
  for (const std::string_view date : {"12/31/1969", "1/1/2201", "1/1/0001", "12/31/9999"}) {
    EXPECT_EQ(read(with("", "3", "5", date)).substr(0, 10), "USER_ERROR") << date;
  }
  EXPECT_NE(read(with("", "3", "5", "1/1/1970")).find("1970-01-01T00:00:00Z"), std::string::npos);
  EXPECT_NE(read(with("", "3", "5", "12/31/2200")).find("2200-12-31T00:00:00Z"), std::string::npos);
}

TEST(UsageReader, AnAccountThatIsGoneIsAUserErrorOfEachUsage) {
  EXPECT_EQ(read_all({std::string(good), "7"}, {}, "nobody"),
            (Texts{"USER_ERROR  The account is no longer there.", "USER_ERROR  The account is no longer there."}));
}

TEST(UsageReader, WhatTheBodysCheckLeavesIsNoObject) {
  const std::string deep = with(R"("x":)" + std::string(40, '[') + std::string(40, ']'));
  const std::string twice = R"({"line":3,"line":4,"subscriptionId":1,"quantity":5,"date":"1/3/2018"})";
  for (const std::string& usage : {deep, twice}) {
    EXPECT_EQ(read(usage),
              "INVALID_PROPERTY_FORMAT  The value for usage property has invalid format. Format must be: object.");
  }
}

TEST(UsageReader, AUsageHasALongestForm) {
  const std::size_t room = 65'536 - with(R"("x":"")").size();
  EXPECT_EQ(read(with(fmt::format(R"("x":"{}")", std::string(room, 'y')))), read(std::string(good)));
  EXPECT_EQ(read(with(fmt::format(R"("x":"{}")", std::string(room + 1, 'y')))),
            "USER_ERROR  The usage has 65537 bytes; at most 65536 are allowed.");
}

// Section 5: form, field ids, resolve, agreement, line number, business rules. Each usage breaks two of them.
TEST(UsageReader, OfTwoErrorsTheEarlierCheckWins) {
  const auto code_of = [](const std::string& usage) {
    const std::string all = read(usage);
    return all.substr(0, all.find(' '));
  };
  const std::string unknown_field = R"("customFields":[{"fieldId":"nope","value":1}])";
  EXPECT_EQ(code_of(with(unknown_field, "3", "\"x\"")), "INVALID_PROPERTY_FORMAT");
  EXPECT_EQ(code_of(with(unknown_field, "null")), "REQUIRED_VALUE_NOT_FOUND");
  EXPECT_EQ(code_of(with(unknown_field + R"(,"subscription":999)")), "FIELD_DOES_NOT_EXIST");
  EXPECT_EQ(code_of(with(unknown_field, "99")), "FIELD_DOES_NOT_EXIST");
  EXPECT_EQ(code_of(with(unknown_field, "3", "-1")), "FIELD_DOES_NOT_EXIST");
  EXPECT_EQ(code_of(with(R"("subscription":999)", "3", "-1")), "SUBSCRIPTION_NOT_FOUND");
  EXPECT_EQ(code_of(with(R"("subscription":2)", "3", "1e10")), "MULTIPLE_VALUES_NOT_MATCH");
  EXPECT_EQ(code_of(with("", "99", "-1")), "INVALID_KEY_OR_REF");
  EXPECT_EQ(code_of(with("", "99", "5", "1/1/1969")), "INVALID_KEY_OR_REF");
}

TEST(UsageReader, ItComesOutTheSameHoweverOftenAndInWhateverChunks) {
  const Texts items = {
      std::string(good),          with("", "99"),
      with(R"("memo":"m")", "4"), "{}",
      with("", "3", "-1"),        with(R"("customFields":[{"fieldId":"custrecord_usage_unit","value":"MB"}])")};
  const Texts once = read_all(items);
  EXPECT_EQ(read_all(items), once);
  for (std::size_t n = 0; n < items.size(); ++n) {
    const RecordBatch alone = read_batch({items[n]}, {}, "acme", first_index + n);
    EXPECT_EQ(shown(alone.items.front(), items[n]), once[n]);
  }
}

// Whatever an item is, it comes to one record that every check holds for, or to one error with a name of the contract.
TEST(UsageReader, SurvivesMutatedItems) {
  std::mt19937 random(101);  // NOLINT: a fixed seed on purpose
  const std::array<std::string, 4> items = {
      std::string(good),
      R"({"sbLineLookup":{"fieldId":"line_service","value":"1234"},"quantity":"0.5","date":"01/03/2018","memo":"\u00e4 \"x\""})",
      R"({"subscription":"1","sbLookup":{"fieldId":"service","value":1001},"line":"4","quantity":1.5e3,"date":"12/31/2018"})",
      with(R"("subscriptionName":"Ems SP 001","customFields":[{"fieldId":"custrecord_usage_unit","value":[1,null]}])")};
  const std::array<std::string_view, 16> pieces = {"{",    "}", "[", "]", ",", ":", "\"",       "\\",
                                                   "null", "0", "-", "9", ".", "e", "\xE2\x82", " "};
  const std::set<std::string_view> names = {
      "EMPTY_REQUEST_OBJECT",        "MISSING_REQUEST_PROPERTY",  "EMPTY_REQUEST_PROPERTY", "INVALID_PROPERTY_FORMAT",
      "REQUIRED_VALUE_NOT_FOUND",    "SUBSCRIPTION_NOT_FOUND",    "FIELD_DOES_NOT_EXIST",   "MULTIPLE_RECORDS_FOUND",
      "SUBSCRIPTION_LINE_NOT_FOUND", "MULTIPLE_VALUES_NOT_MATCH", "INVALID_KEY_OR_REF",     "USER_ERROR"};
  std::set<std::string_view> seen;
  int records = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string item = items[random() % items.size()];
    for (unsigned change = 1 + random() % 3; change > 0 && !item.empty(); --change) {
      const std::size_t at = random() % item.size();
      const unsigned way = random() % 3;
      if (way == 0) item[at] = static_cast<char>(static_cast<unsigned char>(item[at]) ^ (1U << (random() % 8)));
      if (way == 1) item.erase(at, 1 + random() % 4);
      if (way == 2) item.insert(at, pieces[random() % pieces.size()]);
    }
    const RecordBatch batch = read_batch({item});
    ASSERT_EQ(batch.items.size(), 1U);
    const BatchItem& read = batch.items.front();
    if (read.error) {
      const std::string_view name = wire_name(read.error->code, read.error->pointer, item);
      ASSERT_TRUE(names.contains(name)) << item;
      ASSERT_FALSE(read.error->text.empty()) << item;
      seen.insert(name);
    } else {
      ++records;
      ASSERT_EQ(read.record.id, "101.7");
      ASSERT_FALSE(formats::check_limits(read.record, {})) << item;
      ASSERT_FALSE(read.record.quantity.is_negative()) << item;
      ASSERT_TRUE(accounts()->covers("acme", read.record.org)) << item;
    }
    const RecordBatch again = read_batch({item});
    ASSERT_EQ(shown(again.items.front(), item), shown(read, item));
  }
  EXPECT_GT(records, 500);
  EXPECT_GE(seen.size(), 9U) << "the changes reach more than the parser";
}

}  // namespace
}  // namespace meterport::netsuite
