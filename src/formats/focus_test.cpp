#include "formats/focus.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <sstream>

#include "base/hash.h"
#include "formats/json_members.h"

namespace meterport::formats {
namespace {

/// The build directory lies inside the source tree, so the sample is found by walking up from the test program.
std::string sample() {
  std::filesystem::path folder = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  while (!std::filesystem::exists(folder / "examples/focus/focus_sample.csv") && folder.has_relative_path()) {
    folder = folder.parent_path();
  }
  std::ifstream in(folder / "examples/focus/focus_sample.csv", std::ios::binary);
  std::stringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

FocusFile read(std::string bytes, const FocusOptions& options = {}) {
  Result<FocusFile> file = read_focus(std::move(bytes), options);
  EXPECT_TRUE(file.has_value()) << (file ? "" : file.error().text);
  return file ? std::move(*file) : FocusFile{};
}

std::string_view property(const FocusRow& row, std::string_view name) {
  const auto found = std::ranges::find(row.record.properties, name, &Property::name);
  return found == row.record.properties.end() ? "(none)" : found->json;
}

std::string header_and(const std::string& rows) {
  return "Id,ChargePeriodStart,ConsumedQuantity,BillingAccountId,SkuId,Tags\n" + rows;
}

void expect_row_error(const std::string& row, RecordErrorCode code, std::string_view text) {
  const FocusFile file = read(header_and(row + "\n"));
  ASSERT_EQ(file.rows.size(), 1U) << row;
  ASSERT_TRUE(file.rows[0].error) << row;
  EXPECT_EQ(to_string(file.rows[0].error->code), to_string(code)) << file.rows[0].error->text;
  EXPECT_EQ(file.rows[0].error->text, text);
  EXPECT_EQ(file.rows[0].raw, row);
}

TEST(FocusSample, HasAThousandRowsOfWhichOneHasNoQuantity) {
  const FocusFile file = read(sample());
  ASSERT_EQ(file.rows.size(), 1'000U);
  ASSERT_EQ(file.layout.columns.size(), 44U);
  std::vector<const FocusRow*> refused;
  for (const FocusRow& row : file.rows) {
    if (row.error) refused.push_back(&row);
  }
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused[0]->line, 458U);
  EXPECT_EQ(refused[0]->error->code, RecordErrorCode::no_quantity);
  EXPECT_EQ(refused[0]->error->text,
            "line 458: no ConsumedQuantity (Credit, Id 2555992), BilledCost -2.61370000000 USD");
  EXPECT_EQ(refused[0]->billed_cost, "-2.61370000000");
  EXPECT_EQ(refused[0]->billing_currency, "USD");
}

TEST(FocusSample, CountsAreThoseOfTheCrosswalk) {
  const FocusFile file = read(sample());
  std::set<std::string_view> skus, billing, sub;
  Total total;
  for (const FocusRow& row : file.rows) {
    billing.insert(row.billing_account_id);
    sub.insert(row.sub_account_id);
    if (row.error) continue;
    skus.insert(row.sku_id);
    total += Total(row.record.quantity);
  }
  EXPECT_EQ(skus.size(), 266U);
  EXPECT_EQ(billing.size(), 3U);
  EXPECT_EQ(sub.size(), 73U);
  EXPECT_EQ(total.to_text(), "13438.712904456820057") << "by Python's decimal from the same file";
}

TEST(FocusSample, ARowIsReadAsTheCrosswalkSays) {
  const FocusFile file = read(sample(), {"application", "business_unit"});
  const FocusRow& row = file.rows[1];
  EXPECT_EQ(row.line, 3U);
  EXPECT_EQ(row.record.id, "19384");
  EXPECT_EQ(row.record.source, "focus");
  EXPECT_EQ(row.record.time, parse_instant("2024-09-30T22:00:00Z").value());
  EXPECT_EQ(row.record.quantity.to_text(), "0.00200749");
  EXPECT_EQ(row.record.category, "Elastic Load Balancing");
  EXPECT_EQ(row.record.environment.id, "us-west-2");
  EXPECT_EQ(row.record.environment.name, "US West (Oregon)");
  EXPECT_EQ(row.record.environment.type, "Region");
  EXPECT_EQ(row.record.asset.name, row.record.resource.id) << "no ResourceName: the id names the asset";
  EXPECT_EQ(row.record.project, "BrightLensMatrix");
  EXPECT_EQ(row.record.folder, "ViennaAI");
  EXPECT_EQ(row.service_category, "Networking");
  EXPECT_EQ(row.consumed_unit, "LCU-Hours");
  EXPECT_EQ(property(row, "focus.ChargeClass"), "null");
  EXPECT_EQ(property(row, "focus.ConsumedQuantity"), "\"0.002007490000000\"");
  EXPECT_EQ(property(row, "tags.environment"), "\"dev\"");
  EXPECT_TRUE(std::ranges::is_sorted(row.record.properties, {}, &Property::name));
}

/// What a FOCUS export will do: cells from properties, quotes from the mask.
std::string print_again(const FocusFile& file, TextArena& arena) {
  std::string out(file.header_raw);
  out += '\n';
  for (const FocusRow& row : file.rows) {
    const std::string_view mask = property(row, "focus.quoted");
    const std::string_view hex = mask.substr(1, mask.size() - 2);
    for (std::size_t i = 0; i < file.layout.columns.size(); ++i) {
      if (i > 0) out += ',';
      const std::string_view json = property(row, "focus." + file.layout.columns[i]);
      const std::size_t digit = i / 4;
      const char c = digit < hex.size() ? hex[hex.size() - 1 - digit] : '0';
      const bool is_quoted = ((c <= '9' ? c - '0' : c - 'a' + 10) >> (i % 4) & 1) != 0;
      if (!is_quoted) {
        out += json == "null" ? "NULL" : text_of_json(json, arena);
        continue;
      }
      out += '"';
      for (const char byte : text_of_json(json, arena)) out += byte == '"' ? std::string("\"\"") : std::string(1, byte);
      out += '"';
    }
    out += '\n';
  }
  return out;
}

TEST(FocusSample, PropertiesHoldEveryByteOfTheFile) {
  const std::string bytes = sample();
  const FocusFile file = read(bytes);
  TextArena arena;
  EXPECT_EQ(print_again(file, arena), bytes);
}

TEST(FocusHash, TheVectorOfTheCrosswalk) {
  const FocusFile file = read("SkuId,ConsumedQuantity,Tags,ChargePeriodStart\n");
  EXPECT_TRUE(file.rows.empty());
  EXPECT_EQ(focus_row_hash({{"SkuId", "A1"}, {"ConsumedQuantity", "2.50"}, {"Tags", std::nullopt}}),
            "c187636ee6c6e5240d0b5983b7f8ec31c646442fe9c5605cfe003bf0b7e6cb1f");
  EXPECT_EQ(focus_row_hash({{"Tags", std::nullopt}, {"SkuId", "A1"}, {"ConsumedQuantity", "2.50"}}),
            "c187636ee6c6e5240d0b5983b7f8ec31c646442fe9c5605cfe003bf0b7e6cb1f");
}

TEST(FocusId, EqualRowsWithoutIdAreCountedAndQuotingDoesNotMatter) {
  const std::string header = "SkuId,ConsumedQuantity,Tags,ChargePeriodStart,BillingAccountId\n";
  const FocusFile file = read(header + "A1,2.50,NULL,2024-09-01,b\n\"A1\",\"2.50\",NULL,\"2024-09-01\",\"b\"\n" +
                              "A1,2.50,,2024-09-01,b\nA1,2.50,NULL,2024-09-01,b\n");
  ASSERT_EQ(file.rows.size(), 4U);
  const auto id = [&](std::size_t row) { return std::string(file.rows[row].record.id); };
  ASSERT_EQ(id(0).size(), 66U);
  EXPECT_EQ(id(1), id(0).substr(0, 64) + "-2");
  EXPECT_NE(id(2).substr(0, 64), id(0).substr(0, 64)) << "an empty cell is not the word NULL";
  EXPECT_EQ(id(3), id(0).substr(0, 64) + "-3");
}

TEST(FocusId, XIdStandsInOnlyWhereThereIsNoIdColumn) {
  const FocusFile with_x = read("x_Id,ChargePeriodStart,ConsumedQuantity\n77,2024-09-01,1\n");
  EXPECT_EQ(with_x.rows[0].record.id, "77");
  const FocusFile both = read("Id,x_Id,ChargePeriodStart,ConsumedQuantity\nNULL,77,2024-09-01,1\n");
  EXPECT_EQ(both.rows[0].record.id.size(), 66U) << "a null Id is hashed";
}

TEST(FocusRows, EachProblemHasItsCodeAndLine) {
  using enum RecordErrorCode;
  expect_row_error("1,2024-09-01 00:00:00,1,b", cell_count, "line 2: 4 cells, but the header has 6");
  expect_row_error("1,2024-09-01 00:00:00,1,b,\xFF,NULL", bad_encoding, "line 2: the text is not UTF-8");
  expect_row_error("1,\"soon\",1,b,s,NULL", bad_format,
                   "line 2: ChargePeriodStart \"soon\" is no time; 2024-09-03 10:30:00 or ISO 8601 is required");
  expect_row_error("1,NULL,1,b,s,NULL", missing_field, "line 2: no ChargePeriodStart; a time is required");
  expect_row_error("1,2024-09-01 00:00:00,\"1,5\",b,s,NULL", bad_format,
                   "line 2: ConsumedQuantity: \"1,5\" is no decimal number; up to 18 digits before the point and 18 "
                   "after it are allowed");
  expect_row_error("1,2024-09-01 00:00:00,0.1234567890123456789,b,s,NULL", quantity_not_exact,
                   "line 2: ConsumedQuantity: \"0.1234567890123456789\" has too many decimals; up to 18 digits before "
                   "the point and 18 after it are allowed");
  expect_row_error("1,2024-09-01 00:00:00,,b,s,NULL", no_quantity,
                   "line 2: no ConsumedQuantity (none, Id 1), BilledCost none ");
  expect_row_error("1,2024-09-01 00:00:00,1,NULL,s,NULL", no_billing_account,
                   "line 2: no BillingAccountId; it names the organization");
  expect_row_error("1,2024-09-01 00:00:00,1,b,,NULL", no_sku,
                   "line 2: neither SkuId nor SkuPriceId; one of them names the meter");
  expect_row_error("1,1950-01-01 00:00:00,1,b,s,NULL", time_out_of_range,
                   "line 2: time: 1950-01-01T00:00:00Z is out of range; the years 1970 to 2200 are allowed");
  expect_row_error(std::string(1'025, 'i') + ",2024-09-01 00:00:00,1,b,s,NULL", text_too_long,
                   "line 2: id: has 1025 bytes; at most 1024 are allowed");
  expect_row_error("\"1\"x,2024-09-01 00:00:00,1,b,s,NULL", bad_format, "line 2: there is text after a closing quote");
}

TEST(FocusRows, ABrokenRowLeavesTheOthersAlone) {
  const FocusFile file =
      read(header_and("1,2024-09-01 00:00:00,1,b,s,NULL\n\"2\"x\n\n3,2024-09-01T00:00:00+02:00,-1.5,b,s,NULL"));
  ASSERT_EQ(file.rows.size(), 3U) << "a blank line is no row";
  EXPECT_FALSE(file.rows[0].error);
  EXPECT_TRUE(file.rows[1].error);
  EXPECT_FALSE(file.rows[2].error);
  EXPECT_EQ(file.rows[2].line, 5U);
  EXPECT_EQ(file.rows[2].record.time, parse_instant("2024-08-31T22:00:00Z").value());
  EXPECT_EQ(file.rows[2].record.quantity.to_text(), "-1.5");
  EXPECT_FALSE(file.layout.final_newline);
}

TEST(FocusRows, AQuotedNullIsTextAndDoubledQuotesAreUndone) {
  const FocusFile file = read(header_and("\"a\"\"b\",2024-09-01 00:00:00,1,b,\"NULL\",\"not json\"\n"));
  ASSERT_FALSE(file.rows[0].error) << file.rows[0].error->text;
  EXPECT_EQ(file.rows[0].record.id, "a\"b");
  EXPECT_EQ(file.rows[0].sku_id, "NULL");
  EXPECT_EQ(property(file.rows[0], "focus.Id"), "\"a\\\"b\"");
  EXPECT_EQ(property(file.rows[0], "focus.SkuId"), "\"NULL\"");
  EXPECT_EQ(property(file.rows[0], "focus.quoted"), "\"31\"");
}

TEST(FocusTags, OnlyASoundObjectGivesTags) {
  const auto tags_of = [](const std::string& tags) {
    const FocusFile file = read(header_and("1,2024-09-01 00:00:00,1,b,s,\"" + tags + "\"\n"), {"team", "box"});
    const UsageRecord& r = file.rows[0].record;
    std::string found;
    for (const Property& p : r.properties) {
      if (p.name.starts_with("tags.")) found += std::string(p.name.substr(5)) + "=" + std::string(p.json) + ";";
    }
    return found + std::string(r.project) + "|" + std::string(r.folder);
  };
  EXPECT_EQ(tags_of(R"({""team"": ""a\n\""b"", ""box"": 7, ""deep"": { ""x"": [1, 2] }})"),
            "box=7;deep={\"x\":[1,2]};team=\"a\\n\\\"b\";a\n\"b|7");
  EXPECT_EQ(tags_of(R"({""team"": ""a"", ""team"": ""b""})"), "|");
  EXPECT_EQ(tags_of(R"({""team"": ""a"")"), "|");
  EXPECT_EQ(tags_of(R"({""team"": ""a""} x)"), "|");
  EXPECT_EQ(tags_of("[1]"), "|");
  EXPECT_EQ(tags_of(R"({""team"": null})"), "team=null;|");
}

TEST(FocusLayout, KnowsBomLineEndAndQuotes) {
  const std::string text = "\"Id\",ChargePeriodStart,ConsumedQuantity\r\n1,2024-09-01,1\r\n";
  const FocusFile plain = read(text);
  const FocusFile marked = read("\xEF\xBB\xBF" + text);
  EXPECT_TRUE(plain.layout.crlf);
  EXPECT_FALSE(plain.layout.bom);
  EXPECT_TRUE(marked.layout.bom);
  EXPECT_EQ(plain.layout.to_json(),
            R"({"columns":["Id","ChargePeriodStart","ConsumedQuantity"],"header_quoted":"1","line_end":"crlf",)"
            R"("bom":false,"final_newline":true})");
  EXPECT_EQ(plain.layout.key(), to_hex(sha256(plain.layout.to_json())).substr(0, 12));
  EXPECT_NE(plain.layout.key(), marked.layout.key());
  EXPECT_EQ(marked.header_raw, "\"Id\",ChargePeriodStart,ConsumedQuantity");
  EXPECT_EQ(property(plain.rows[0], "focus.layout"), "\"" + plain.layout.key() + "\"");
}

TEST(FocusRows, DamagedFilesNeverDoMoreThanRefuseRows) {
  std::mt19937 random(458);  // NOLINT: a fixed seed on purpose
  const std::string whole = sample();
  const std::string few = whole.substr(0, whole.find('\n', 6'000) + 1);
  constexpr std::string_view bytes = ",\"\n\r{}\\N:\xFF\0 1.";
  for (int round = 0; round < 1'000; ++round) {
    std::string text = few;
    for (std::size_t n = 1 + random() % 5; n > 0; --n) {
      const std::size_t at = random() % text.size();
      if (random() % 2 == 0) {
        text[at] = bytes[random() % bytes.size()];
      } else {
        text.erase(at, random() % 40);
      }
    }
    const Result<FocusFile> file = read_focus(text, {"application", "environment"});
    if (!file) EXPECT_EQ(file.error().kind, ErrorKind::malformed);
  }
}

TEST(FocusHeader, OtherFilesAreRefusedWhole) {
  for (const std::string text :
       {"", "a,b\n1,2\n", "ChargePeriodStart\n", "\"ChargePeriodStart\"x,ConsumedQuantity\n",
        "ChargePeriodStart,ConsumedQuantity,Id,Id\n", "ChargePeriodStart,ConsumedQuantity,quoted\n",
        "ChargePeriodStart,ConsumedQuantity,\xFF\n", "{\"org\":1}\n"}) {
    const Result<FocusFile> file = read_focus(text, {});
    ASSERT_FALSE(file.has_value()) << text;
    EXPECT_EQ(file.error().kind, ErrorKind::malformed);
  }
}

}  // namespace
}  // namespace meterport::formats
