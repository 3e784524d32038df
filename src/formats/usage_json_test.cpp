#include "formats/usage_json.h"

#include <gtest/gtest.h>

#include <random>
#include <thread>

#include <fmt/format.h>

namespace meterport::formats {
namespace {

// crosswalk 1.1, with a quantity and every field
constexpr std::string_view full_record =
    R"({"org":"acme-eu","meter":"a2nB20h1o0lc7k3P9xtWS8","time":"2024-09-03T10:30:00Z","quantity":"0.5",)"
    R"("id":"run-77812","source":"agent-7","project":"Sales","folder":"Nightly",)"
    R"("asset":{"name":"load_orders","type":"MAPPING"},)"
    R"("environment":{"id":"01AB","name":"agents-eu","type":"Secure Agent Group"},)"
    R"("resource":{"id":"vm-1","name":"big"},"subscription":"1","line":3,)"
    R"("task":{"id":"000QML0Z0000000001J4","name":"mt_load_orders","object":"orders","type":"MTT"},)"
    R"("run":{"id":"77812","start":"2024-09-03T10:00:00Z","end":"2024-09-03T10:30:00Z","status":"SUCCESS",)"
    R"("cores":"2","audit_time":"2024-09-03T11:11:00.5Z","execution_type":"Process","invoked_by":"ana","count":4},)"
    R"("user":"ben","app":{"id":"a1","name":"App","hrn":"hrn:app"},"billing_tag":"finance","channel":"c",)"
    R"("category":"k","memo":"note","properties":{"colour":"red","deep":{"list":[1,2.50,null,true]}}})";

std::string record_with(std::string_view more) {
  return fmt::format(
      R"({{"org":"o","meter":"m","time":"2024-09-03T10:30:00Z","quantity":1,"id":"i","source":"s"{}{}}})",
      more.empty() ? "" : ",", more);
}

RecordBatch read(const std::string& body, const UsageReadOptions& options = {}) {
  Result<RecordBatch> batch = read_usage_json(body, options);
  EXPECT_TRUE(batch.has_value()) << (batch ? "" : batch.error().text);
  return batch ? std::move(*batch) : RecordBatch{};
}

RecordError error_of(const std::string& body, const UsageReadOptions& options = {}) {
  const RecordBatch batch = read(body, options);
  EXPECT_EQ(batch.items.size(), 1U);
  if (batch.items.empty() || !batch.items[0].error) {
    ADD_FAILURE() << "no error for " << body;
    return {};
  }
  return *batch.items[0].error;
}

void expect_error(const std::string& body, RecordErrorCode code, std::string_view pointer, std::string_view in_text) {
  const RecordError error = error_of(body);
  EXPECT_EQ(to_string(error.code), to_string(code)) << body << ": " << error.text;
  EXPECT_EQ(error.pointer, pointer) << body;
  EXPECT_NE(error.text.find(in_text), std::string::npos) << error.text;
}

TEST(UsageJson, EveryFieldOfARecordIsRead) {
  const RecordBatch batch = read(std::string(full_record));
  ASSERT_EQ(batch.items.size(), 1U);
  ASSERT_FALSE(batch.items[0].error) << batch.items[0].error->text;
  const UsageRecord& r = batch.items[0].record;
  EXPECT_EQ(r.org, "acme-eu");
  EXPECT_EQ(r.quantity, Decimal::parse("0.5").value());
  EXPECT_EQ(r.time, parse_instant("2024-09-03T10:30:00Z").value());
  EXPECT_EQ(r.asset.type, "MAPPING");
  EXPECT_EQ(r.environment.type, "Secure Agent Group");
  EXPECT_EQ(r.line, 3);
  EXPECT_EQ(r.task.object, "orders");
  EXPECT_EQ(r.run.cores, Decimal::from_integer(2));
  EXPECT_EQ(r.run.audit_time, parse_instant("2024-09-03T11:11:00.5Z").value());
  EXPECT_EQ(r.run.count, 4);
  EXPECT_EQ(r.app.hrn, "hrn:app");
  ASSERT_EQ(r.properties.size(), 2U);
  EXPECT_EQ(r.properties[1].name, "deep");
  EXPECT_EQ(r.properties[1].json, R"({"list":[1,2.50,null,true]})");
}

TEST(UsageJson, WhatIsPrintedIsWhatWasRead) {
  const RecordBatch batch = read(std::string(full_record));
  std::string out;
  append_usage_json(out, batch.items[0].record);
  EXPECT_EQ(out, full_record);
  out.clear();
  append_usage_json(out, read(record_with("")).items[0].record);
  EXPECT_EQ(out, R"({"org":"o","meter":"m","time":"2024-09-03T10:30:00Z","quantity":"1","id":"i","source":"s"})");
}

TEST(UsageJson, APlainTextStandsForAnObject) {
  const RecordBatch batch =
      read(record_with(R"("task":"t","run":"r","resource":"vm","app":"a","asset":"table","environment":"agents")"));
  ASSERT_FALSE(batch.items[0].error) << batch.items[0].error->text;
  const UsageRecord& r = batch.items[0].record;
  EXPECT_EQ(r.task.id, "t");
  EXPECT_EQ(r.run.id, "r");
  EXPECT_EQ(r.resource.id, "vm");
  EXPECT_EQ(r.app.id, "a");
  EXPECT_EQ(r.asset.name, "table");
  EXPECT_EQ(r.environment.name, "agents");
}

TEST(UsageJson, NullAbsenceAndEmptyTextAreTheSame) {
  const RecordBatch batch =
      read(record_with(R"("project":null,"folder":"","asset":null,"run":{"start":null,"cores":null,"end":""},)"
                       R"("line":null,"subscription":"","properties":null,"memo":null)"));
  ASSERT_FALSE(batch.items[0].error) << batch.items[0].error->text;
  EXPECT_FALSE(batch.items[0].record.run.end);
  std::string out;
  append_usage_json(out, batch.items[0].record);
  EXPECT_EQ(out.find("project"), std::string::npos) << out;
}

TEST(UsageJson, QuantitiesKeepEveryDigitWhetherNumberOrText) {
  for (const std::string_view digits :
       {"0.1", "999999999999999999.999999999999999999", "-0.000000000000000001", "1e3"}) {
    for (const std::string& quantity : {std::string(digits), fmt::format("\"{}\"", digits)}) {
      const RecordBatch batch = read(fmt::format(
          R"({{"org":"o","meter":"m","time":"2024-09-03T10:30:00Z","id":"i","source":"s","quantity":{}}})", quantity));
      ASSERT_FALSE(batch.items[0].error) << quantity;
      EXPECT_EQ(batch.items[0].record.quantity, Decimal::parse(digits).value());
    }
  }
}

TEST(UsageJson, EscapedTextsAndNamesAreResolved) {
  const RecordBatch batch =
      read(record_with(R"("pro\u006Aect":"a\"b\\\u00e9\ud83d\ude00","properties":{"k\n":"x\/y"})"));
  ASSERT_FALSE(batch.items[0].error) << batch.items[0].error->text;
  EXPECT_EQ(batch.items[0].record.project, "a\"b\\\xC3\xA9\xF0\x9F\x98\x80");
  EXPECT_EQ(batch.items[0].record.properties[0].name, "k\n");
  EXPECT_EQ(batch.items[0].record.properties[0].json, "\"x/y\"") << "one form, so equal contents are equal texts";
}

TEST(UsageJson, PropertiesAreMinifiedAndSorted) {
  const RecordBatch batch = read(record_with(R"("properties" : { "b" : [ 1 , { "x" : "a b" } ] , "a" : "  " })"));
  ASSERT_FALSE(batch.items[0].error) << batch.items[0].error->text;
  const auto& properties = batch.items[0].record.properties;
  EXPECT_EQ(properties[0].name, "a");
  EXPECT_EQ(properties[0].json, "\"  \"");
  EXPECT_EQ(properties[1].json, R"([1,{"x":"a b"}])");
}

TEST(UsageJson, RequiredFieldsAreAskedForByName) {
  using enum RecordErrorCode;
  const auto without = [](const std::string& name) {
    std::string text = "{";
    for (const auto& [key, value] :
         std::initializer_list<std::pair<std::string, std::string>>{{"org", "\"o\""},
                                                                    {"meter", "\"m\""},
                                                                    {"time", "\"2024-09-03T10:30:00Z\""},
                                                                    {"quantity", "1"},
                                                                    {"id", "\"i\""},
                                                                    {"source", "\"s\""}}) {
      if (key != name) text += (text.size() > 1 ? "," : "") + fmt::format("\"{}\":{}", key, value);
    }
    return text + "}";
  };
  for (const std::string name : {"org", "meter", "time", "quantity", "id", "source"}) {
    expect_error(without(name), missing_field, "/" + name, name);
  }
  UsageReadOptions with_default;
  with_default.default_source = "key-7";
  EXPECT_EQ(read(without("source"), with_default).items[0].record.source, "key-7");
  expect_error(R"({"org":""})", empty_field, "/org", "org: is empty");
  expect_error(R"({"org":null,"meter":"m","time":"2024-09-03T10:30:00Z","quantity":1,"id":"i","source":"s"})",
               missing_field, "/org", "org");
  expect_error(record_with(R"("subscription":"1")"), missing_field, "/line", "line");
  expect_error(record_with(R"("line":1)"), missing_field, "/subscription", "subscription");
}

TEST(UsageJson, WrongValuesAreNamedWithWhatIsAllowed) {
  using enum RecordErrorCode;
  expect_error(R"({"org":7})", bad_format, "/org", "org: is a number; a text is required");
  expect_error(R"({"quantity":"12,5"})", bad_format, "/quantity", "\"12,5\" is no decimal number");
  expect_error(R"({"quantity":true})", bad_format, "/quantity", "is true or false; a number or a text is required");
  expect_error(R"({"quantity":1e18})", quantity_out_of_range, "/quantity", "1e18");
  expect_error(R"({"quantity":"1e-19"})", quantity_not_exact, "/quantity", "1e-19");
  expect_error(R"({"quantity":"NaN"})", bad_format, "/quantity", "NaN");
  expect_error(R"({"time":"yesterday"})", bad_format, "/time", "\"yesterday\" is no time; an RFC 3339 time");
  expect_error(R"({"time":"2024-09-03T10:30:00"})", bad_format, "/time", "RFC 3339");
  expect_error(R"({"time":1725359400})", bad_format, "/time", "is a number; a text is required");
  expect_error(record_with(R"("run":{"start":"x"})"), bad_format, "/run/start", "run.start: \"x\" is no time");
  expect_error(record_with(R"("run":{"cores":"many"})"), bad_format, "/run/cores", "run.cores");
  expect_error(record_with(R"("run":{"count":-1})"), bad_format, "/run/count", "whole number from 0 on");
  expect_error(record_with(R"("line":1.5)"), bad_format, "/line", "whole number from 1 on");
  expect_error(record_with(R"("asset":[1])"), bad_format, "/asset", "is an array; an object or a text is required");
  expect_error(record_with(R"("properties":"x")"), bad_format, "/properties", "an object is required");
  expect_error(R"({"time":"1969-12-31T23:59:59Z","org":"o","meter":"m","quantity":1,"id":"i","source":"s"})",
               time_out_of_range, "/time", "1970 to 2200");
}

TEST(UsageJson, UnknownDuplicateAndReservedNamesAreRefused) {
  using enum RecordErrorCode;
  expect_error(record_with(R"("colour":"red")"), unknown_field, "/colour", "belongs into properties");
  expect_error(record_with(R"("asset":{"colo/ur":{"a":[1]}})"), unknown_field, "/asset/colo~1ur", "in asset");
  expect_error(record_with(R"("run":{"x":1})"), unknown_field, "/run/x", "in run");
  expect_error(record_with(R"("org":"o")"), malformed_record, "/org", "given twice");
  expect_error(record_with(R"("task":{"id":"1","id":"1"})"), malformed_record, "/task/id", "given twice");
  expect_error(record_with(R"("properties":{"a":1,"b":2,"a":1})"), malformed_record, "/properties/a", "given twice");
  expect_error(record_with(R"("properties":{"a":{"x":1,"x":2}})"), malformed_record, "/properties/a", "twice");
  expect_error(record_with(R"("properties":{"focus.Id":"1"})"), bad_format, "/properties/focus.Id", "reserved");
  expect_error(record_with(R"("properties":{"tags.a":"1"})"), bad_format, "/properties/tags.a", "reserved");
  expect_error(R"({"org":"o","meter":"m","time":"2024-09-03T10:30:00Z","quantity":1,"id":"i","source":"netsuite"})",
               bad_format, "/source", "reserved");
  expect_error(R"({"org":"o","meter":"m","time":"2024-09-03T10:30:00Z","quantity":1,"id":"i","source":"openmeter:x"})",
               bad_format, "/source", "reserved");
  UsageReadOptions import;
  import.is_wire = false;
  EXPECT_FALSE(read(record_with(R"("properties":{"focus.Id":"1"})"), import).items[0].error);
}

TEST(UsageJson, LengthsAndNestingAreBounded) {
  using enum RecordErrorCode;
  expect_error(record_with(fmt::format(R"("project":"{}")", std::string(1'025, 'x'))), text_too_long, "/project",
               "has 1025 bytes; at most 1024");
  EXPECT_FALSE(read(record_with(fmt::format(R"("project":"{}")", std::string(1'024, 'x')))).items[0].error);
  std::string memo;
  for (int i = 0; i < 4'000; ++i) memo += "\xC3\xA9";
  EXPECT_FALSE(read(record_with(fmt::format(R"("memo":"{}")", memo))).items[0].error) << "characters, not bytes";
  expect_error(record_with(fmt::format(R"("memo":"{}x")", memo)), text_too_long, "/memo", "4001 characters");
  const auto nested = [](int levels) {
    return record_with(
        fmt::format(R"("properties":{{"p":{}1{}}})", std::string(levels, '['), std::string(levels, ']')));
  };
  EXPECT_FALSE(read(nested(16)).items[0].error);
  expect_error(nested(17), bad_format, "/properties/p", "16 levels");
  EXPECT_FALSE(read_usage_json(nested(100'000), {}).has_value());
  expect_error(record_with(fmt::format(R"("properties":{{"p":"{}"}})", std::string(300'000, 'x'))), text_too_long, "",
               "at most 262144");
}

TEST(UsageJson, InAnArrayOneBadItemCostsOneItem) {
  const RecordBatch batch = read(" [ " + record_with("") + " , 7, " + record_with(R"("x":1)") + ", null, [[]] ,\"t\"," +
                                 record_with("") + " ] ");
  ASSERT_EQ(batch.items.size(), 7U);
  EXPECT_FALSE(batch.items[0].error);
  EXPECT_EQ(batch.items[1].error->code, RecordErrorCode::malformed_record);
  EXPECT_EQ(batch.items[2].error->code, RecordErrorCode::unknown_field);
  for (const int i : {3, 4, 5}) EXPECT_EQ(batch.items[i].error->code, RecordErrorCode::malformed_record);
  EXPECT_FALSE(batch.items[6].error);
  EXPECT_TRUE(read("[]").items.empty());
}

TEST(UsageJson, ABodyThatIsNoJsonIsAnErrorOfTheCall) {
  const std::string good = record_with("");
  for (const std::string& body : {std::string(),
                                  std::string("  \n"),
                                  std::string("7"),
                                  std::string("\"x\""),
                                  std::string("nothing"),
                                  good.substr(0, good.size() - 1),
                                  "[" + good,
                                  "[" + good + ",]",
                                  "[" + good + good + "]",
                                  good + " x",
                                  good + good,
                                  "[" + good + "] 1",
                                  std::string(R"({"org":"o",})"),
                                  std::string(R"({"org" "o"})"),
                                  std::string(R"({"org":})"),
                                  std::string(R"({"org":tru})"),
                                  std::string(R"({"x":01})"),
                                  std::string(R"({"x":1.})"),
                                  std::string(R"({"x":+1})"),
                                  std::string(R"({"x":[1 2]})"),
                                  std::string(R"({"x":{"a":nul}})"),
                                  std::string(R"({"x":"\ud800"})"),
                                  std::string(R"({"x":"\q"})"),
                                  std::string("{\"x\":\"a\nb\"}"),
                                  std::string("{\"x\":\"\xFF\"}"),
                                  std::string(R"({"x":"a":1})"),
                                  std::string(R"({"x":[1,"a":true]})"),
                                  std::string(R"({"id":"a":{"b":1}})"),
                                  std::string(R"({"x":1:2})"),
                                  std::string(R"({"asset":{"name":"a":"b"}})"),
                                  std::string(R"({"x":"open)"),
                                  std::string(R"({"x":[1,2})"),
                                  std::string(R"({org:"o"})"),
                                  std::string(R"([{"org":"o"},{"x":1e}])")}) {
    const Result<RecordBatch> batch = read_usage_json(body, {});
    EXPECT_FALSE(batch.has_value()) << body;
    if (!batch) EXPECT_EQ(batch.error().kind, ErrorKind::malformed) << body << ": " << batch.error().text;
  }
}

TEST(UsageJson, TooManyRecordsAreAnErrorOfTheCall) {
  UsageReadOptions options;
  options.records_max = 2;
  EXPECT_EQ(read_usage_json("[1,2,3]", options).error().kind, ErrorKind::too_large);
  EXPECT_EQ(read_usage_ndjson("{}\n{}\n{}", options).error().kind, ErrorKind::too_large);
  EXPECT_TRUE(read_usage_json("[1,2]", options).has_value());
  EXPECT_TRUE(read_usage_ndjson("{}\n\n{}\n", options).has_value());
}

TEST(UsageNdjson, EachLineStandsForItself) {
  const std::string body = record_with(R"("project":"p")") + "\r\n\n  \n" + R"({"org":)" + "\n[1]\n" +
                           record_with("").substr(1) + "\n" + record_with("") + " trailing\n" + record_with("") +
                           "{}\n" + "{\"id\":\"\xFF\"}\n" + record_with("");
  const Result<RecordBatch> batch = read_usage_ndjson(body, {});
  ASSERT_TRUE(batch.has_value());
  ASSERT_EQ(batch->items.size(), 8U) << "empty lines keep no index";
  EXPECT_FALSE(batch->items[0].error);
  EXPECT_EQ(batch->items[0].record.project, "p");
  for (int i = 1; i < 7; ++i) {
    ASSERT_TRUE(batch->items[i].error) << i;
    EXPECT_EQ(batch->items[i].error->code, RecordErrorCode::malformed_record) << i;
    EXPECT_TRUE(batch->items[i].record.org.empty()) << "nothing half read is left";
  }
  EXPECT_FALSE(batch->items[7].error);
  EXPECT_TRUE(read_usage_ndjson("", {}).value().items.empty());
}

TEST(UsageNdjson, ATooLongLineIsRefusedUnread) {
  UsageReadOptions options;
  options.record_bytes_max = 200;
  const std::string body = record_with(fmt::format(R"("memo":"{}")", std::string(200, 'x'))) + "\n" + record_with("");
  const Result<RecordBatch> batch = read_usage_ndjson(body, options);
  ASSERT_TRUE(batch.has_value());
  EXPECT_EQ(batch->items[0].error->code, RecordErrorCode::text_too_long);
  EXPECT_FALSE(batch->items[1].error);
}

TEST(UsageNdjson, ABatchSurvivesBeingMoved) {
  Result<RecordBatch> batch = read_usage_ndjson(record_with(R"("project":"a\nb")"), {});
  ASSERT_TRUE(batch.has_value());
  const std::unique_ptr<RecordBatch> moved = std::make_unique<RecordBatch>(std::move(*batch));
  EXPECT_EQ(moved->items[0].record.project, "a\nb");
  EXPECT_EQ(moved->items[0].record.org, "o");
}

TEST(UsageNdjson, ThreadsReadAtTheSameTime) {
  std::string body;
  for (int i = 0; i < 2'000; ++i) body += std::string(full_record) + "\n";
  std::vector<std::thread> readers;
  std::array<std::size_t, 4> good{};
  for (std::size_t& count : good) {
    readers.emplace_back([&] {
      const Result<RecordBatch> batch = read_usage_ndjson(body, {});
      if (!batch) return;
      for (const BatchItem& item : batch->items) count += item.error ? 0U : 1U;
    });
  }
  for (std::thread& reader : readers) reader.join();
  for (const std::size_t count : good) EXPECT_EQ(count, 2'000U);
}

TEST(UsageJson, DamagedTextNeverDoesMoreThanFail) {
  std::mt19937 random(20240903);  // NOLINT: a fixed seed on purpose
  constexpr std::string_view bytes = "{}[]\",:\\0e-.tfn u\n\xFF";
  for (int round = 0; round < 20'000; ++round) {
    std::string body(full_record);
    for (std::size_t n = 1 + random() % 3; n > 0; --n) {
      const std::size_t at = random() % body.size();
      const std::size_t what = random() % 3;
      if (what == 0) body[at] = bytes[random() % bytes.size()];
      if (what == 1) body.erase(at, 1 + random() % 8);
      if (what == 2) body.insert(at, 1, bytes[random() % bytes.size()]);
    }
    const Result<RecordBatch> lines = read_usage_ndjson(body, {});
    ASSERT_TRUE(lines.has_value());
    const Result<RecordBatch> whole = read_usage_json("[" + body + "]", {});
    if (!whole) EXPECT_EQ(whole.error().kind, ErrorKind::malformed);
    const bool is_one_good_line = lines->items.size() == 1 && !lines->items[0].error;
    if (is_one_good_line) EXPECT_TRUE(whole.has_value() && !whole->items[0].error) << body;
  }
}

}  // namespace
}  // namespace meterport::formats
