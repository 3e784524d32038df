// What open makes of folders that a crash, a bad disk or a person left behind (docs/formats/ledger-log.md 6, 7).
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "ledger/frame.h"
#include "ledger/seal.h"
#include "ledger/segment_file.h"
#include "ledger/test_erasure.h"
#include "ledger/test_log.h"
#include "ledger/varint.h"

namespace meterport::ledger {
namespace {

struct RecoveryTest : testing::Test, TestLog {
  std::string path(std::string_view name) { return options.folder + "/" + std::string(name); }
  std::string read(std::string_view name) { return read_file(system_files(), path(name)).value(); }
  void write(std::string_view name, std::string_view bytes) {
    ASSERT_TRUE(replace_file(system_files(), path(name), bytes));
  }
  /// All files of the folder.
  std::map<std::string, std::string> picture() {
    std::map<std::string, std::string> all;
    for (const std::string& name : file_names()) all[name] = read(name);
    return all;
  }
  void restore(const std::map<std::string, std::string>& files_then) {
    std::filesystem::remove_all(options.folder);
    std::filesystem::create_directory(options.folder);
    for (const auto& [name, bytes] : files_then) write(name, bytes);
  }
  Error refused() {
    log.reset();
    auto opened = try_open();
    EXPECT_FALSE(opened);
    return opened ? Error{} : opened.error();
  }
  const std::string first_active = segment_name(1, SegmentState::active);
};

TEST_F(RecoveryTest, ALastBatchCutAtAnyByteIsRemovedAndItsPositionsUsedAgain) {
  open();
  append(text_batch("b1", {"one"}));
  close();
  const std::size_t before = read(first_active).find_last_not_of('\0') + 1;
  open();
  append(text_batch("b2", {"second", "third"}));
  close();
  const std::string whole = read(first_active);
  const std::size_t after = whole.find_last_not_of('\0') + 1;
  ASSERT_GT(after, before + head_bytes);
  for (std::size_t cut = before; cut < after; ++cut) {
    std::string torn = whole;
    std::fill(torn.begin() + static_cast<std::ptrdiff_t>(cut), torn.end(), '\0');
    write(first_active, torn);
    open();
    ASSERT_EQ(texts(), (std::vector<std::string>{"one"})) << cut;
    ASSERT_EQ(read(first_active).find_last_not_of('\0') + 1, before) << cut;
    ASSERT_EQ(append(text_batch("b3", {"again"})).batch_position, 3u);
    ASSERT_EQ(verify().last_position, 4u);
    close();
  }
}

TEST_F(RecoveryTest, AShortenedFileIsATornTailToo) {
  open();
  append(text_batch("b1", {"one"}));
  append(text_batch("b2", {"two"}));
  close();
  const std::string whole = read(first_active);
  const std::size_t after = whole.find_last_not_of('\0') + 1;
  write(first_active, std::string_view(whole).substr(0, after - 1));
  open();
  EXPECT_EQ(texts(), (std::vector<std::string>{"one"}));
  append(text_batch("b3", {std::string(30'000, 'x')}));
  append(text_batch("b3", {std::string(30'000, 'x')}));
  verify();
}

TEST_F(RecoveryTest, AFlippedBitBeforeALaterGroupIsRefusedAndNothingIsChanged) {
  open();
  std::vector<std::size_t> ends;
  for (int i = 0; i < 3; ++i) {
    append(text_batch("b", {"text of this batch " + std::to_string(i)}));
    ends.push_back(read(first_active).find_last_not_of('\0') + 1);
  }
  close();
  const std::string whole = read(first_active);
  // Everything but the last group: the file header as well.
  for (std::size_t at = 0; at < ends[1]; ++at) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
    write(first_active, flipped);
    const Error error = refused();
    // A version field that was hit cannot be told from a newer version only where no checksum covers it: nowhere.
    ASSERT_EQ(error.kind, ErrorKind::internal) << at;
    ASSERT_NE(error.text.find("restore this segment from a backup"), std::string::npos);
    ASSERT_EQ(read(first_active), flipped);
  }
  // In the last group nothing tells it from an interrupted write.
  std::string flipped = whole;
  flipped[ends[1] + 20] ^= 1;
  write(first_active, flipped);
  open();
  EXPECT_EQ(texts().size(), 2u);
}

TEST_F(RecoveryTest, ALaterBatchOfTheSameTornGroupIsNoDamage) {
  // Three batches of one sync group, the first of them torn: none was acknowledged.
  open();
  append(text_batch("b0", {"kept"}));
  close();
  std::string file = read(first_active);
  std::size_t at = file.find_last_not_of('\0') + 1;
  const std::size_t group_at = at;
  FileHeader header;
  ASSERT_EQ(parse_file_header(file, header), Parse::ok);
  BatchHead previous;
  ASSERT_EQ(parse_head(std::string_view(file).substr(file_header_bytes), previous), Parse::ok);
  Digest chain = chain_after(std::string_view(file).substr(file_header_bytes, head_bytes));
  Position next = 3;
  for (int i = 0; i < 3; ++i) {
    const NewBatch batch = text_batch("b", {"torn"});
    auto encoded = encode_batch(batch.info, batch.records).value();
    const BatchHead head{static_cast<std::uint32_t>(encoded.bytes.size() - head_bytes),
                         encoded.records,
                         next,
                         3,
                         previous.commit_time,
                         encoded.arrival_time,
                         header.ledger,
                         chain,
                         encoded.payload_digest};
    write_head(encoded.bytes.data(), head);
    chain = chain_after(encoded.bytes);
    next = head.last() + 1;
    file.replace(at, encoded.bytes.size(), encoded.bytes);
    at += encoded.bytes.size();
  }
  write(first_active, file);
  open();
  EXPECT_EQ(texts().size(), 4u) << "the bytes are right: the whole group is there";
  close();
  file[group_at + 30] ^= 1;
  write(first_active, file);
  open();
  EXPECT_EQ(texts(), (std::vector<std::string>{"kept"}));
  verify();
}

TEST_F(RecoveryTest, ANewSegmentWithoutItsHeaderIsEmpty) {
  open();
  append(text_batch("b1", {"one"}));
  close();
  const std::string second = segment_name(3, SegmentState::active);
  write(second, "");
  open();
  EXPECT_EQ(log->durable_position(), 2u);
  append(text_batch("b2", {"two"}));
  log->wait_for_housekeeping();
  EXPECT_EQ(file_names().front(), segment_name(1, SegmentState::sealed));
  open();
  EXPECT_EQ(texts(), (std::vector<std::string>{"one", "two"}));
  verify();
}

TEST_F(RecoveryTest, SealedSegmentsAreReadAfterReopening) {
  open();
  std::vector<std::string> expected;
  for (int i = 0; i < 300; ++i) {
    expected.push_back(std::string(static_cast<std::size_t>(i) * 7, 's') + std::to_string(i));
    append(text_batch("b", {expected.back()}));
  }
  log->wait_for_housekeeping();
  const auto names = file_names();
  EXPECT_GE(std::ranges::count_if(names, [](const auto& n) { return n.ends_with(".sealed"); }), 3);
  EXPECT_EQ(std::ranges::count_if(names, [](const auto& n) { return n.ends_with(".active"); }), 1);
  EXPECT_EQ(texts(), expected);
  open();
  EXPECT_EQ(texts(), expected);
  for (const Position from : {Position{2}, Position{77}, Position{300}, Position{599}, Position{600}}) {
    const auto rest = texts(from);
    ASSERT_FALSE(rest.empty());
    EXPECT_EQ(rest.front(), expected[(from - 1) / 2]);
    EXPECT_EQ(rest.size(), expected.size() - (from - 1) / 2);
  }
  EXPECT_EQ(verify().batches, 300u);
}

TEST_F(RecoveryTest, ACrashAtEachStepOfSealingIsMended) {
  open();
  for (int i = 0; i < 40; ++i) append(text_batch("b", {std::string(1000, 'a') + std::to_string(i)}));
  const auto expected = texts();
  close();
  const auto before = picture();
  ASSERT_EQ(before.count(first_active), 1u);
  // What seal_segment would make of it.
  FileHeader header;
  ASSERT_EQ(parse_file_header(before.at(first_active), header), Parse::ok);
  open();
  while (file_names().front() == first_active) {
    append(text_batch("fill", {std::string(1000, 'b')}));
    log->wait_for_housekeeping();
  }
  const auto all = texts();
  close();
  const auto sealed_picture = picture();
  const std::string first_sealed = segment_name(1, SegmentState::sealed);
  const std::string sealed = sealed_picture.at(first_sealed);
  // Its plain form, from a run in which the sealed file cannot be put in place.
  restore(before);
  ASSERT_TRUE(system_files().make_folders(path(segment_name(1, SegmentState::sealing))));
  open();
  for (std::size_t i = expected.size(); i < all.size(); ++i) append(text_batch("fill", {std::string(1000, 'b')}));
  log->wait_for_housekeeping();
  close();
  std::filesystem::remove_all(path(segment_name(1, SegmentState::sealing)));
  const auto plain_picture = picture();
  ASSERT_EQ(plain_picture.count(first_active), 1u);

  auto halfway = plain_picture;
  halfway[segment_name(1, SegmentState::sealing)] = sealed.substr(0, sealed.size() / 2);
  auto renamed = plain_picture;
  renamed[first_sealed] = sealed;
  auto renamed_badly = plain_picture;
  renamed_badly[first_sealed] = sealed.substr(0, sealed.size() - 1);
  for (const auto& state : {plain_picture, halfway, renamed, renamed_badly, sealed_picture}) {
    restore(state);
    open();
    EXPECT_EQ(texts(), all);
    verify();
    log->wait_for_housekeeping();
    EXPECT_EQ(texts(), all);
    EXPECT_EQ(file_names().front(), first_sealed);
    EXPECT_FALSE(system_files().exists(path(first_active)));
    EXPECT_FALSE(system_files().exists(path(segment_name(1, SegmentState::sealing))));
    close();
  }
}

TEST_F(RecoveryTest, DamageInASealedSegmentIsFoundByReadingAndByVerify) {
  open();
  for (int i = 0; i < 100; ++i) append(text_batch("b", {std::string(1000, 'a') + std::to_string(i)}));
  log->wait_for_housekeeping();
  close();
  const std::string name = segment_name(1, SegmentState::sealed);
  const std::string whole = read(name);
  std::string flipped = whole;
  flipped[file_header_bytes + 40] ^= 1;
  write(name, flipped);
  open();
  const auto report = log->verify_chain();
  ASSERT_FALSE(report);
  EXPECT_NE(report.error().text.find(name), std::string::npos);
  StoredRecord record;
  EXPECT_FALSE(log->read_from(1)->next(record));
  // Header and trailer are checked at open.
  for (const std::size_t at : {std::size_t{3}, std::size_t{60}, whole.size() - 4, whole.size() - 100}) {
    flipped = whole;
    flipped[at] ^= 1;
    write(name, flipped);
    EXPECT_EQ(refused().kind, ErrorKind::internal) << at;
  }
}

TEST_F(RecoveryTest, AMissingSegmentIsRefusedByName) {
  open();
  for (int i = 0; i < 200; ++i) append(text_batch("b", {std::string(1000, 'a') + std::to_string(i)}));
  log->wait_for_housekeeping();
  close();
  const auto names = file_names();
  const auto whole = picture();
  for (const std::size_t n : {std::size_t{0}, std::size_t{1}}) {
    restore(whole);
    ASSERT_TRUE(system_files().remove(path(names[n])));
    const Error error = refused();
    EXPECT_NE(error.text.find(names[n].substr(0, 16)), std::string::npos) << error.text;
  }
}

TEST_F(RecoveryTest, ASegmentOfAnotherLedgerIsRefused) {
  open();
  append(text_batch("b", {"mine"}));
  close();
  TestLog other;
  other.open();
  other.append(text_batch("b", {"mine"}));
  other.append(text_batch("b", {std::string(63'000, 'a')}));
  other.append(text_batch("b", {std::string(63'000, 'a')}));
  other.log->wait_for_housekeeping();
  other.close();
  for (const std::string& name : other.file_names()) {
    if (name == segment_name(1, SegmentState::sealed)) continue;
    write(name, read_file(system_files(), other.options.folder + "/" + name).value());
  }
  EXPECT_EQ(refused().kind, ErrorKind::internal);
}

TEST_F(RecoveryTest, NewerFormatsAreRefusedAndNewerKindsSkipped) {
  open();
  NewBatch batch = text_batch("b", {"one", "two", "three"});
  batch.records[1].kind = RecordKind{11};
  append(std::move(batch));
  EXPECT_EQ(texts(), (std::vector<std::string>{"one", "three"}));
  EXPECT_EQ(verify().unknown_kinds, 1u);
  std::string storage;
  EXPECT_FALSE(read_at(*log, 3, storage));
  EXPECT_EQ(read_at(*log, 4, storage).value().payload, "three");
  close();

  const std::string whole = read(first_active);
  std::string newer = whole;
  newer[8] = 2;
  put_fixed(newer.data() + 92, crc32c(0, std::string_view(newer).substr(0, 92)));
  write(first_active, newer);
  EXPECT_EQ(refused().kind, ErrorKind::not_supported);

  // A payload of version 2: the ledger opens, the reader stops there.
  newer = whole;
  std::size_t frame_at = file_header_bytes + head_bytes;
  frame_at += frame_head_bytes + get_fixed<std::uint32_t>(newer.data() + frame_at);
  newer[frame_at + 10] = 2;
  const std::string_view frame = std::string_view(newer).substr(frame_at, frame_head_bytes + 3);
  put_fixed(newer.data() + frame_at + 4, crc32c(crc32c(0, frame.substr(0, 4)), frame.substr(8)));
  write(first_active, newer);
  open();
  const auto reader = log->read_from(2);
  StoredRecord record;
  const auto stopped = reader->next(record);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().kind, ErrorKind::not_supported);
}

TEST_F(RecoveryTest, AnErasedRecordKeepsChainAndPositions) {
  open();
  const Appended before = append(text_batch("b1", {"stays", "personal data", "stays too"}));
  const Appended last = append(text_batch("b2", {"later"}));
  close();
  write(first_active, with_erased(read(first_active), 3, {1, 2}, 3));

  open();
  EXPECT_EQ(texts(), (std::vector<std::string>{"stays", "", "stays too", "later"}));
  const ChainReport report = verify();
  EXPECT_EQ(report.erased, 1u);
  EXPECT_EQ(report.chain_head, last.chain_head);
  std::string storage;
  const auto record = read_at(*log, 3, storage);
  ASSERT_TRUE(record);
  EXPECT_TRUE(record->erased);
  const auto stub = decode_stub(record->stub);
  ASSERT_TRUE(stub);
  EXPECT_EQ(stub->fingerprint, 3u);
  EXPECT_EQ(before.records, 3u);
}

}  // namespace
}  // namespace meterport::ledger
