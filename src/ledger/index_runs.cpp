#include "ledger/index_runs.h"

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

constexpr std::size_t block_bytes = 8u << 10;

/// Number of the run, then the key; big-endian, so that RocksDB's order is that of the numbers. The facts of a run
/// stand first in it, under the number alone.
constexpr std::size_t run_bytes = 4;
using RunKey = std::array<char, run_bytes>;
using KeyBytes = std::array<char, run_bytes + sizeof(Hash128)>;
using ValueBytes = std::array<char, 16>;
static_assert(std::endian::native == std::endian::little);

RunKey encode_run(std::uint64_t run) {
  return std::bit_cast<RunKey>(__builtin_bswap32(static_cast<std::uint32_t>(run)));
}
std::uint64_t decode_run(const rocksdb::Slice& slice) {
  std::uint32_t number = 0;
  std::memcpy(&number, slice.data(), run_bytes);
  return __builtin_bswap32(number);
}
KeyBytes encode_key(std::uint64_t run, const Hash128& key) {
  KeyBytes bytes{};
  const RunKey number = encode_run(run);
  const std::array<std::uint64_t, 2> words{__builtin_bswap64(key.high), __builtin_bswap64(key.low)};
  std::memcpy(bytes.data(), number.data(), run_bytes);
  std::memcpy(bytes.data() + run_bytes, words.data(), sizeof words);
  return bytes;
}
Hash128 decode_key(const rocksdb::Slice& slice) {
  std::array<std::uint64_t, 2> words{};
  std::memcpy(words.data(), slice.data() + run_bytes, sizeof words);
  return {__builtin_bswap64(words[0]), __builtin_bswap64(words[1])};
}
template <std::size_t N>
rocksdb::Slice slice_of(const std::array<char, N>& bytes) {
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
  table.no_block_cache = true;  // keys are random: hardly a block is asked for twice, and the system caches files
  table.block_size = block_bytes;
  table.format_version = 5;
  table.filter_policy = nullptr;  // the resident filter stands before it
  rocksdb::Options options;
  options.create_if_missing = true;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.compression = rocksdb::kNoCompression;  // keys and fingerprints are random bits
  options.disable_auto_compactions = true;        // nothing overlaps
  options.max_background_jobs = 2;
  options.write_buffer_size = 1u << 20;  // never used: nothing is put one by one
  options.info_log_level = rocksdb::ERROR_LEVEL;
  options.keep_log_file_num = 1;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.skip_stats_update_on_db_open = true;
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
    return read_facts();
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

  Result<std::optional<IndexValue>> get(std::uint64_t run, const Hash128& key) override {
    const KeyBytes bytes = encode_key(run, key);
    rocksdb::PinnableSlice value;
    const rocksdb::Status status = db_->Get({}, db_->DefaultColumnFamily(), slice_of(bytes), &value);
    if (status.IsNotFound()) return std::optional<IndexValue>();
    if (!status.ok()) return std::unexpected(to_error(status));
    IndexValue found;
    if (value.size() != sizeof found) return fail(ErrorKind::internal, "the de-duplication index is damaged");
    std::memcpy(&found, value.data(), sizeof found);
    return std::optional(found);
  }

  Status for_each(std::uint64_t run, const std::function<void(const Hash128&)>& visit) override {
    rocksdb::ReadOptions options;
    options.readahead_size = 1u << 20;
    const RunKey number = encode_run(run);
    const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(options));
    for (at->Seek(slice_of(number)); at->Valid() && at->key().starts_with(slice_of(number)); at->Next()) {
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

  /// The last key is of the newest run.
  Status read_facts() {
    const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator({}));
    at->SeekToLast();
    if (!at->status().ok()) return std::unexpected(to_error(at->status()));
    if (!at->Valid()) return {};
    if (at->key().size() < run_bytes) return fail(ErrorKind::internal, "the de-duplication index is damaged");
    std::string value;
    const rocksdb::Status read = db_->Get({}, slice_of(encode_run(decode_run(at->key()))), &value);
    if (!read.ok() || value.size() != sizeof facts_) {
      return fail(ErrorKind::internal, "the de-duplication index is damaged", read.ToString());
    }
    std::memcpy(&facts_, value.data(), sizeof facts_);
    return {};
  }

  rocksdb::Status write_sst(std::span<const KeyValue> entries, const RunFacts& facts) {
    rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), options_);
    rocksdb::Status status = writer.Open(sst_path());
    if (!status.ok()) return status;
    std::array<char, sizeof facts> facts_bytes{};
    std::memcpy(facts_bytes.data(), &facts, sizeof facts);
    status = writer.Put(slice_of(encode_run(facts.runs)), slice_of(facts_bytes));
    for (const KeyValue& entry : entries) {
      if (!status.ok()) return status;
      const KeyBytes key = encode_key(facts.runs, entry.key);
      const auto value = std::bit_cast<ValueBytes>(entry.value);
      status = writer.Put(slice_of(key), slice_of(value));
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
