#include "ledger/index_runs.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/table.h>

#include <array>
#include <bit>
#include <cstring>
#include <filesystem>

namespace meterport::ledger {
namespace {

/// Small: keys are random, so hardly any block is asked for twice.
constexpr std::size_t block_cache_bytes = 8u << 20;
constexpr std::size_t block_bytes = 8u << 10;
/// Runs that may lie side by side before they are merged. A look-up that the filter lets pass visits each of them; a
/// merge costs more than a million keys' whole way in, so it waits until it pays.
constexpr int runs_side_by_side = 16;
/// Sorts before every 16-byte key: the first entry of each run.
constexpr std::string_view facts_key{"\0\0\0\0\0\0\0\0", 8};

using KeyBytes = std::array<char, 16>;
using ValueBytes = std::array<char, 16>;

std::uint64_t big_endian(std::uint64_t value) {
  return __builtin_bswap64(value);
}
static_assert(std::endian::native == std::endian::little);

KeyBytes encode_key(const Hash128& key) {
  const std::array<std::uint64_t, 2> words{big_endian(key.high), big_endian(key.low)};
  return std::bit_cast<KeyBytes>(words);
}
Hash128 decode_key(const rocksdb::Slice& slice) {
  std::array<std::uint64_t, 2> words{};
  std::memcpy(words.data(), slice.data(), sizeof words);
  return {big_endian(words[0]), big_endian(words[1])};
}
rocksdb::Slice slice_of(const KeyBytes& bytes) {
  return {bytes.data(), bytes.size()};
}

Error to_error(const rocksdb::Status& status) {
  Error error{ErrorKind::store_unavailable, "the de-duplication index is not available", status.ToString(), {}};
  if (status.IsNoSpace()) {
    error.kind = ErrorKind::storage_full;
    error.text = "the server's disk is full";
  } else if (status.IsCorruption() || status.IsNotSupported() || status.IsInvalidArgument()) {
    error.kind = ErrorKind::internal;
  }
  return error;
}

rocksdb::Options make_options() {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(block_cache_bytes, 2);
  table.block_size = block_bytes;
  table.format_version = 5;
  table.filter_policy = nullptr;  // the resident filter stands before it
  rocksdb::Options options;
  options.create_if_missing = true;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.compression = rocksdb::kNoCompression;  // keys and fingerprints are random bits
  options.compaction_style = rocksdb::kCompactionStyleUniversal;
  options.level0_file_num_compaction_trigger = runs_side_by_side;
  options.level0_slowdown_writes_trigger = 1 << 20;
  options.level0_stop_writes_trigger = 1 << 20;
  options.max_background_jobs = 2;
  options.write_buffer_size = 1u << 20;  // never used: nothing is put one by one
  options.info_log_level = rocksdb::ERROR_LEVEL;
  options.keep_log_file_num = 1;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.skip_stats_update_on_db_open = true;
  options.allow_mmap_reads = false;
  return options;
}

class RocksRuns final : public RunStore {
 public:
  RocksRuns(std::string folder, rocksdb::Options options) : folder_(std::move(folder)), options_(std::move(options)) {}

  Status open() {
    std::error_code ignored;
    std::filesystem::remove(sst_path(), ignored);  // of a run that was not finished
    rocksdb::DB* db = nullptr;
    const rocksdb::Status status = rocksdb::DB::Open(options_, folder_, &db);
    if (!status.ok()) return std::unexpected(to_error(status));
    db_.reset(db);
    options_.env->LowerThreadPoolCPUPriority(rocksdb::Env::LOW);
    std::string value;
    const rocksdb::Status read = db_->Get({}, rocksdb::Slice(facts_key.data(), facts_key.size()), &value);
    if (read.IsNotFound()) return {};
    if (!read.ok()) return std::unexpected(to_error(read));
    if (value.size() != sizeof facts_) return fail(ErrorKind::internal, "the de-duplication index is damaged");
    std::memcpy(&facts_, value.data(), sizeof facts_);
    return {};
  }

  [[nodiscard]] const RunFacts& facts() const override { return facts_; }

  Status ingest(std::span<const KeyValue> entries, const RunFacts& facts) override {
    rocksdb::Status status = write_sst(entries, facts);
    if (status.ok()) {
      rocksdb::IngestExternalFileOptions ingest;
      ingest.move_files = true;
      ingest.write_global_seqno = false;
      status = db_->IngestExternalFile({sst_path()}, ingest);
    }
    std::error_code ignored;
    std::filesystem::remove(sst_path(), ignored);
    if (!status.ok()) return std::unexpected(to_error(status));
    facts_ = facts;
    return {};
  }

  Result<std::optional<IndexValue>> get(const Hash128& key) override {
    const KeyBytes bytes = encode_key(key);
    rocksdb::PinnableSlice value;
    const rocksdb::Status status = db_->Get({}, db_->DefaultColumnFamily(), slice_of(bytes), &value);
    if (status.IsNotFound()) return std::optional<IndexValue>();
    if (!status.ok()) return std::unexpected(to_error(status));
    IndexValue found;
    if (value.size() != sizeof found) return fail(ErrorKind::internal, "the de-duplication index is damaged");
    std::memcpy(&found, value.data(), sizeof found);
    return std::optional(found);
  }

  Status for_each(const std::function<void(const Hash128&)>& visit) override {
    rocksdb::ReadOptions options;
    options.fill_cache = false;
    options.readahead_size = 1u << 20;
    const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(options));
    for (at->SeekToFirst(); at->Valid(); at->Next()) {
      if (at->key().size() == sizeof(KeyBytes)) visit(decode_key(at->key()));
    }
    if (!at->status().ok()) return std::unexpected(to_error(at->status()));
    return {};
  }

  [[nodiscard]] std::uint64_t resident_bytes() const override {
    std::uint64_t sum = 0;
    for (const char* name :
         {"rocksdb.block-cache-usage", "rocksdb.estimate-table-readers-mem", "rocksdb.cur-size-all-mem-tables"}) {
      std::uint64_t bytes = 0;
      if (db_->GetIntProperty(name, &bytes)) sum += bytes;
    }
    return sum;
  }

 private:
  [[nodiscard]] std::string sst_path() const { return folder_ + "/next-run.sst"; }

  rocksdb::Status write_sst(std::span<const KeyValue> entries, const RunFacts& facts) {
    rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), options_);
    rocksdb::Status status = writer.Open(sst_path());
    if (!status.ok()) return status;
    std::array<char, sizeof facts> facts_bytes{};
    std::memcpy(facts_bytes.data(), &facts, sizeof facts);
    status = writer.Put(rocksdb::Slice(facts_key.data(), facts_key.size()),
                        rocksdb::Slice(facts_bytes.data(), facts_bytes.size()));
    for (const KeyValue& entry : entries) {
      if (!status.ok()) return status;
      const KeyBytes key = encode_key(entry.key);
      const auto value = std::bit_cast<ValueBytes>(entry.value);
      status = writer.Put(slice_of(key), rocksdb::Slice(value.data(), value.size()));
    }
    return status.ok() ? writer.Finish() : status;
  }

  std::string folder_;
  rocksdb::Options options_;
  std::unique_ptr<rocksdb::DB> db_;
  RunFacts facts_;
};

}  // namespace

Result<std::unique_ptr<RunStore>> RunStore::open(const std::string& folder) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) return fail(ErrorKind::store_unavailable, "the index folder cannot be made", failed.message());
  auto store = std::make_unique<RocksRuns>(folder, make_options());
  if (Status opened = store->open(); !opened) return fail(std::move(opened));
  return store;
}

}  // namespace meterport::ledger
