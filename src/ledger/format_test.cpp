// Pins format v1 to the byte (the values were made by another program, written from docs/formats/ledger-log.md alone):
// if this fails, the format has changed and old ledgers cannot be read any more.
#include <gtest/gtest.h>

#include "ledger/segment_file.h"
#include "ledger/test_log.h"

namespace meterport::ledger {
namespace {

/// 0, 1, 2 ...
class CountingRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(i);
  }
};

UsageRecord sample_record() {
  UsageRecord r;
  r.org = "acme";
  r.meter = "cpu";
  r.time = Instant{1'725'359'400'000'000};
  r.quantity = Decimal::parse("-12.50").value();
  r.id = "e1";
  r.source = "s";
  r.project = "P";
  r.line = 2;
  r.run.start = r.time.plus_us(-5);
  r.properties = {{"k", "\"v\""}};
  return r;
}

struct FormatTest : testing::Test, TestLog {
  FormatTest() { options.random = &random; }
  std::string read(SegmentState state) {
    const std::string bytes = read_file(system_files(), options.folder + "/" + segment_name(1, state)).value();
    return bytes.substr(0, bytes.find_last_not_of('\0') + 1);
  }
  static std::string hex(std::string_view bytes) {
    return to_hex({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  }
  void append_sample() {
    NewBatch batch;
    batch.info = {"0123456789abcdefghijkl", "user-1", "v1", Instant{1'725'359'399'000'000}};
    encode_usage(batch.payloads, sample_record());
    batch.records.push_back({RecordKind::usage, batch.payloads});
    batch.records.push_back({RecordKind::watermark, R"({"org":"acme"})"});
    append(std::move(batch));
  }
  CountingRandom random;
};

TEST_F(FormatTest, ATinyActiveSegmentIsTheseBytes) {
  open();
  append_sample();
  clock.advance_us(1);
  append(text_batch("b", {}));
  close();
  EXPECT_EQ(hex(read(SegmentState::active)),
            "4d504c45444745520100000000000000000102030405060708090a0b0c0d0e0f01000000000000000000000000000000"
            "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000006a96364d"
            "ff4d50429f000000754fcbb9010000000300000001000000000000000100000000000000009a258a34210600c057168a"
            "34210600000102030405060708090a0b0c0d0e0f00000000000000000000000000000000000000000000000000000000"
            "00000000840f213c9c1b8e52883137e47151411d42911fe03ad3fe6faaa46c907043052e43000000d446efef0005017b"
            "226964223a22303132333435363738396162636465666768696a6b6c222c227072696e636970616c223a22757365722d"
            "31222c226368616e6e656c223a227631227d2d000000f43571b6000101150461636d651901731d026531210363707524"
            "80e8aca291cd90062a01f9012d015054046c09af016b032276220e00000008e4ac510008017b226f7267223a2261636d"
            "65227dff4d50423b000000348a01bd010000000100000004000000000000000400000000000000019a258a3421060000"
            "9a258a34210600000102030405060708090a0b0c0d0e0f5d8294d159d00b6827d53c84570c3de5fd2060ece32f9c059a"
            "3546bf602bcc4c6919647780dde4e19f5807e7365c751bbbd6421e326e9620dd45eaccdd2a0c1a30000000e4963cc400"
            "05017b226964223a2262222c227072696e636970616c223a22746573746572222c226368616e6e656c223a2274657374"
            "227d");
}

TEST_F(FormatTest, TheFixedPartsOfASealedSegmentAreTheseBytes) {
  // The blocks are zstd's business: another version of it may compress otherwise and is read as well.
  EXPECT_EQ(hex(encode_file_header({true, {1, 2, 3}, {7, Digest{9}, Instant{11}}})),
            "4d504c454447455201000100000000000102030000000000000000000000000007000000000000000b00000000000000"
            "09000000000000000000000000000000000000000000000000000000000000000000000000000000000000006741708e");
  std::string entry;
  append_table_entry(entry, {1, 2, 3, 4, Instant{5}, Instant{6}, 7, 8});
  EXPECT_EQ(hex(entry),
            "010000000000000002000000030000000400000000000000050000000000000006000000000000000700000008000000");
  EXPECT_EQ(hex(encode_trailer({1, 2, 3, 4, Instant{5}, Instant{6}, Digest{7}, 8, {9}, 10})),
            "4d505345414c454401000000010000000200000000000000030000000000000004000000000000000500000000000000"
            "060000000000000007000000000000000000000000000000000000000000000000000000000000000800000000000000"
            "0900000000000000000000000000000000000000000000000a00000028121123");
}

}  // namespace
}  // namespace meterport::ledger
