#include "ledger/record_fetcher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "ledger/test_erasure.h"
#include "ledger/test_log.h"

namespace meterport::ledger {
namespace {

/// Text of a record's own: long enough that some hundred of them make a block.
std::string text_of(Position position, std::size_t size) {
  return std::to_string(position) + std::string(size, static_cast<char>('a' + position % 26));
}

class RecordFetcherTest : public ::testing::Test {
 protected:
  RecordFetcherTest() { t_.open(); }

  /// A batch of usage records that say their positions.
  void append(unsigned count, std::size_t size) {
    const Position first = t_.log->durable_position() + 2;
    std::vector<std::string> texts;
    for (unsigned i = 0; i < count; ++i) texts.push_back(text_of(first + i, size));
    t_.append(text_batch("b", texts));
    for (unsigned i = 0; i < count; ++i) usage_[first + i] = texts[i];
  }
  /// What at() gives for these, against what was written.
  void expect_right(const std::vector<Position>& positions) {
    RecordFetcher fetcher(*t_.log);
    for (const Position position : positions) {
      const auto record = fetcher.at(position);
      if (position == 0 || position > t_.log->durable_position()) {
        ASSERT_FALSE(record) << position;
        EXPECT_EQ(record.error().kind, ErrorKind::not_found);
        continue;
      }
      ASSERT_TRUE(record) << position << ": " << error_of(record);
      EXPECT_EQ(record->position, position);
      EXPECT_EQ(record->kind, usage_.contains(position) ? RecordKind::usage : RecordKind::batch);
      if (usage_.contains(position)) EXPECT_EQ(record->payload, usage_[position]);
      EXPECT_EQ(record->arrival_time, test_info("").arrival_time);
    }
  }

  TestLog t_;
  std::map<Position, std::string> usage_;
};

TEST_F(RecordFetcherTest, GivesEachRecordOverSealedAndActiveSegments) {
  std::mt19937 random(3);
  t_.options.segment_bytes = 1 << 20;
  t_.open();
  // Batches of one record, of some, and of several blocks; the last ones stay active.
  while (t_.log->durable_position() < 12'000) append(1 + random() % (random() % 8 == 0 ? 2'500 : 20), random() % 900);
  t_.log->wait_for_housekeeping();
  const auto names = t_.file_names();
  ASSERT_GT(std::ranges::count_if(names, [](const auto& name) { return name.ends_with(".sealed"); }), 2);
  const Position last = t_.log->durable_position();
  for (const unsigned gap : {1u, 2u, 7u, 300u, 3'000u}) {
    for (int round = 0; round < 3; ++round) {
      std::vector<Position> positions;
      for (Position p = 1 + random() % gap; p <= last; p += 1 + random() % gap) positions.push_back(p);
      expect_right(positions);
    }
  }
  t_.open();
  expect_right({1, 1, 2, last / 2, last / 2 + 1, last - 1, last, last, last + 1, 5, 4, 0, last});
}

TEST_F(RecordFetcherTest, SeesWhatIsAppendedAndSealedMeanwhile) {
  append(3, 10);
  RecordFetcher fetcher(*t_.log);
  EXPECT_EQ(fetcher.at(3).value().payload, usage_[3]);
  EXPECT_FALSE(fetcher.at(6));
  append(3, 10);
  EXPECT_EQ(fetcher.at(6).value().payload, usage_[6]);
  for (int i = 0; i < 200; ++i) append(2, 1'000);
  t_.log->wait_for_housekeeping();
  for (Position p = 7; p <= t_.log->durable_position(); p += 11) ASSERT_EQ(fetcher.at(p).value().position, p);
}

TEST_F(RecordFetcherTest, AKindOfALaterFormatIsNotFoundAndTheNextOneIs) {
  NewBatch batch = text_batch("b", {"one", "two", "three", "four"});
  batch.records[1].kind = RecordKind{11};
  batch.records[2].kind = RecordKind{12};
  t_.append(std::move(batch));
  RecordFetcher fetcher(*t_.log);
  EXPECT_EQ(fetcher.at(2).value().payload, "one");
  EXPECT_EQ(fetcher.at(3).error().kind, ErrorKind::not_found);
  EXPECT_EQ(fetcher.at(4).error().kind, ErrorKind::not_found);
  EXPECT_EQ(fetcher.at(5).value().payload, "four");
}

TEST_F(RecordFetcherTest, AnErasedRecordComesWithItsStub) {
  append(3, 20);
  const std::string path = t_.options.folder + "/" + t_.file_names().front();
  t_.close();
  const std::string file = read_file(system_files(), path).value();
  ASSERT_TRUE(replace_file(system_files(), path, with_erased(file, 3, {1, 2}, 3)));
  t_.open();
  RecordFetcher fetcher(*t_.log);
  EXPECT_EQ(fetcher.at(2).value().payload, usage_[2]);
  const auto erased = fetcher.at(3);
  ASSERT_TRUE(erased) << error_of(erased);
  EXPECT_TRUE(erased->erased);
  EXPECT_EQ(decode_stub(erased->stub).value().fingerprint, 3u);
  EXPECT_EQ(fetcher.at(4).value().payload, usage_[4]);
}

}  // namespace
}  // namespace meterport::ledger
