#include "ledger/ledger.h"

#include <gtest/gtest.h>

#include "ledger/test_log.h"

namespace meterport::ledger {
namespace {

struct LedgerTest : testing::Test {
  LedgerTest() {
    options.log.folder = folder / "ledger";
    options.log.segment_bytes = 64 * 1024;
    options.log.reserve_bytes = 0;
    options.index_folder = folder / "index";
    options.keys_folder = folder / "keys";
  }
  auto open() { return Ledger::open(options, system_files(), clock, registry); }

  TestFolder folder;
  ManualClock clock;
  metrics::Registry registry;
  LedgerOptions options;
};

TEST_F(LedgerTest, OpensUnderTheSecretMadeByInitAndFindsItsKeysAgain) {
  ASSERT_TRUE(create_keys(system_files(), options.keys_folder, system_random()));
  UsageRecord record;
  record.org = "acme";
  record.source = "s";
  record.id = "1";
  record.meter = "m";
  {
    const auto ledger = open();
    ASSERT_TRUE(ledger) << error_of(ledger);
    NewBatch batch;
    batch.info = test_info("b1");
    encode_usage(batch.payloads, record);
    batch.records.push_back({RecordKind::usage, batch.payloads});
    ASSERT_TRUE((*ledger)->log().append_and_wait(std::move(batch)));
  }
  // The key was never told to the index: it is rebuilt from the log.
  const auto ledger = open();
  ASSERT_TRUE(ledger) << error_of(ledger);
  const auto found = (*ledger)->index().find(record_key((*ledger)->secret(), "acme", "s", "1"));
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->position, 2u);
  EXPECT_EQ((*found)->fingerprint, fingerprint((*ledger)->secret(), record));
}

TEST_F(LedgerTest, ASecretIsMadeOnceAndNeverReplaced) {
  ASSERT_TRUE(create_keys(system_files(), options.keys_folder, system_random()));
  const std::string path = options.keys_folder + "/ledger-secret";
  const std::string secret = read_file(system_files(), path).value();
  EXPECT_EQ(secret.size(), 33u);
  const auto again = create_keys(system_files(), options.keys_folder, system_random());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::conflict);
  EXPECT_EQ(read_file(system_files(), path).value(), secret);
}

TEST_F(LedgerTest, WithoutItsSecretItDoesNotOpen) {
  const auto missing = open();
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
  EXPECT_FALSE(system_files().exists(options.log.folder)) << "nothing was made";
  ASSERT_TRUE(system_files().make_folders(options.keys_folder));
  for (const char* text : {"", "1234", "zz000000000000000000000000000000", "00000000000000000000000000000000 x"}) {
    ASSERT_TRUE(replace_file(system_files(), options.keys_folder + "/ledger-secret", text));
    const auto damaged = open();
    ASSERT_FALSE(damaged) << text;
    EXPECT_EQ(damaged.error().kind, ErrorKind::internal);
  }
}

}  // namespace
}  // namespace meterport::ledger
