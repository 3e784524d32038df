#include "queries/part_store.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <system_error>

#include "base/log.h"
#include "queries/record_spill.h"

namespace meterport::queries {

using warehouse::Code;
using warehouse::Dimension;
using warehouse::dimension_count;

namespace {

/// DuckDB's row group: a batch of just that is written once.
constexpr std::size_t batch_facts = 122'880;

/// Everything that will ever be in the store is there.
class StoreLoader final : public loading::Loader {
 public:
  [[nodiscard]] std::uint64_t loaded_position() const override { return loaded_; }
  Status wait_for(std::uint64_t position, std::int64_t) override {
    if (position <= loaded_) return {};
    return fail(ErrorKind::internal, "this was not loaded", "beyond the end of a part store");
  }
  [[nodiscard]] std::string stopped_reason() const override { return {}; }
  [[nodiscard]] const loading::Dictionaries& dictionaries() const override { return words_; }

  loading::Dictionaries& words() { return words_; }
  void set_loaded(std::uint64_t position) { loaded_ = position; }

 private:
  loading::Dictionaries words_;
  std::atomic<std::uint64_t> loaded_{0};
};

class Store final : public PartStore {
 public:
  explicit Store(std::string path) : path_(std::move(path)) {}
  ~Store() override;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  Status open(FileSystem& files, catalog::Catalog& catalog, Clock& clock);
  [[nodiscard]] std::unique_ptr<PartSink> sink() override;
  Status finish() override;
  [[nodiscard]] Queries& queries() override { return *queries_; }
  [[nodiscard]] Snapshot snapshot(const Snapshot& of_job) const override {
    Snapshot snapshot = of_job;
    snapshot.ledger_position = position_;
    return snapshot;
  }

  Code add_word(Dimension dimension, std::string_view text);
  Status add(warehouse::Fact fact, std::string_view payload, Instant arrival_time);

 private:
  [[nodiscard]] std::string records_path() const { return path_.empty() ? path_ : path_ + ".records"; }
  Status flush();

  const std::string path_;
  std::unique_ptr<warehouse::Warehouse> warehouse_;
  StoreLoader loader_;
  RecordSpill* records_ = nullptr;  ///< queries_ owns it
  std::unique_ptr<Queries> queries_;
  warehouse::LoadBatch batch_;
  std::uint64_t position_ = 0;
};

/// Codes of one part into those of the store.
class Sink final : public PartSink {
 public:
  explicit Sink(Store& store) : store_(store) {}

  Status word(Dimension dimension, Code code, std::string_view text) override {
    auto& codes = codes_.at(static_cast<std::size_t>(dimension));
    if (code == 0 || text.empty())
      return fail(ErrorKind::malformed, "the part is damaged", "a word without code or text");
    if (code >= codes.size()) codes.resize(std::max<std::size_t>(code + std::size_t{1}, codes.size() * 2));
    codes[code] = store_.add_word(dimension, text);
    return {};
  }

  Status fact(const warehouse::Fact& fact, std::string_view payload, Instant arrival_time) override {
    warehouse::Fact own = fact;
    for (std::size_t i = 0; i < dimension_count; ++i) {
      const Code code = fact.codes[i];
      if (code == 0) continue;
      own.codes[i] = code < codes_[i].size() ? codes_[i][code] : 0;
      if (own.codes[i] == 0) return fail(ErrorKind::malformed, "the part is damaged", "a code without its word");
    }
    return store_.add(own, payload, arrival_time);
  }

 private:
  Store& store_;
  std::array<std::vector<Code>, dimension_count> codes_;
};

Store::~Store() {
  queries_.reset();
  warehouse_.reset();
  if (path_.empty()) return;
  for (const std::string& path : {path_, path_ + ".wal", path_ + ".tmp", records_path()}) {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (error)
      log::warning("a temporary file of linked regions stays behind", {{"path", path}, {"detail", error.message()}});
  }
}

Status Store::open(FileSystem& files, catalog::Catalog& catalog, Clock& clock) {
  // The database would be opened with all that is in it, and that be counted twice.
  if (!path_.empty() && files.exists(path_)) {
    return fail(ErrorKind::store_unavailable, "a temporary file is left over from before", path_);
  }
  auto records = RecordSpill::create(files, records_path());
  if (!records) return fail(std::move(records));
  records_ = records->get();
  auto warehouse =
      warehouse::open_duckdb({.path = path_, .memory_limit = "512MB", .threads = 2, .temporary_folder = {}});
  if (!warehouse) return fail(std::move(warehouse));
  warehouse_ = std::move(*warehouse);
  queries_ = std::make_unique<Queries>(*warehouse_, loader_, catalog, std::move(*records), clock);
  return {};
}

std::unique_ptr<PartSink> Store::sink() {
  return std::make_unique<Sink>(*this);
}

Code Store::add_word(Dimension dimension, std::string_view text) {
  bool is_new = false;
  const Code code = loader_.words().add(dimension, text, is_new);
  if (is_new) batch_.words.push_back({dimension, code, std::string(text)});
  return code;
}

Status Store::add(warehouse::Fact fact, std::string_view payload, Instant arrival_time) {
  fact.position = ++position_;
  batch_.facts.push_back(fact);
  if (!payload.empty()) {
    if (auto added = records_->add(fact.position, payload, arrival_time); !added) return added;
  }
  return batch_.facts.size() < batch_facts ? Status() : flush();
}

Status Store::flush() {
  batch_.loaded_position = position_;
  if (auto appended = warehouse_->append(batch_); !appended) return appended;
  batch_.words.clear();
  batch_.facts.clear();
  return {};
}

Status Store::finish() {
  if (auto flushed = flush(); !flushed) return flushed;
  if (auto finished = records_->finish(); !finished) return finished;
  loader_.set_loaded(position_);
  return {};
}

}  // namespace

Result<std::unique_ptr<PartStore>> PartStore::create(FileSystem& files, catalog::Catalog& catalog, Clock& clock,
                                                     const std::string& path) {
  auto store = std::make_unique<Store>(path);
  if (auto opened = store->open(files, catalog, clock); !opened) return fail(std::move(opened));
  return std::unique_ptr<PartStore>(std::move(store));
}

}  // namespace meterport::queries
