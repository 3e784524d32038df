// For tests: the export service over real stores, and a reader of its ZIPs by zlib.
#pragma once

#include <gtest/gtest.h>
#include <zlib.h>

#include <condition_variable>
#include <cstring>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/fault_files.h"
#include "exports/exports.h"
#include "queries/test_server.h"

namespace meterport::exports {

using ZipText = std::vector<std::pair<std::string, std::string>>;  ///< names and texts, in the order of the directory

template <class T>
T number_at(const std::string& bytes, std::size_t at) {
  T value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

inline std::string inflate_raw(const std::string& packed, std::size_t size) {
  std::string out(size + 1, '\0');
  std::string in = packed;
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, -MAX_WBITS), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  EXPECT_EQ(stream.total_out, size);
  inflateEnd(&stream);
  out.resize(size);
  return out;
}

/// By the central directory (APPNOTE 4.3.12).
inline ZipText unzip(const std::string& zip) {
  ZipText files;
  const std::size_t end = zip.rfind("PK\x05\x06");
  EXPECT_NE(end, std::string::npos);
  std::size_t at = number_at<std::uint32_t>(zip, end + 16);
  for (int n = number_at<std::uint16_t>(zip, end + 10); n > 0; --n) {
    const auto packed = number_at<std::uint32_t>(zip, at + 20), size = number_at<std::uint32_t>(zip, at + 24);
    const auto name_size = number_at<std::uint16_t>(zip, at + 28);
    const std::size_t local = number_at<std::uint32_t>(zip, at + 42);
    const std::size_t data =
        local + 30 + number_at<std::uint16_t>(zip, local + 26) + number_at<std::uint16_t>(zip, local + 28);
    files.emplace_back(zip.substr(at + 46, name_size), inflate_raw(zip.substr(data, packed), size));
    at += 46U + name_size + number_at<std::uint16_t>(zip, at + 30) + number_at<std::uint16_t>(zip, at + 32);
  }
  return files;
}

/// Holds whoever opens an artifact until the gate is open, so that a test sees a job at work.
class GateFiles final : public FileSystem {
 public:
  explicit GateFiles(FileSystem& below) : below_(below) {}
  void close_gate() { set(false); }
  void open_gate() { set(true); }
  /// Until somebody stands before the closed gate.
  void wait_for_caller() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return held_ > 0; });
  }

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    if (path.find(".zip.") != std::string::npos || path.find(".gz.") != std::string::npos) {
      std::unique_lock lock(mutex_);
      ++held_;
      changed_.notify_all();
      changed_.wait(lock, [this] { return is_open_; });
      --held_;
    }
    return below_.open(path, mode);
  }
  Status rename(const std::string& from, const std::string& to) override { return below_.rename(from, to); }
  Status remove(const std::string& path) override { return below_.remove(path); }
  Status sync_folder(const std::string& path) override { return below_.sync_folder(path); }
  Status make_folders(const std::string& path) override { return below_.make_folders(path); }
  Result<std::vector<std::string>> list(const std::string& folder) override { return below_.list(folder); }
  bool exists(const std::string& path) override { return below_.exists(path); }
  /// What is said to be free on every volume.
  void set_free_bytes(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    free_bytes_ = bytes;
    questions_ = 0;
  }
  void wait_for_questions(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return questions_ >= count; });
  }
  Result<std::uint64_t> free_bytes(const std::string&) override {
    const std::lock_guard lock(mutex_);
    ++questions_;
    changed_.notify_all();
    return free_bytes_;
  }
  Result<std::uint64_t> total_bytes(const std::string&) override { return std::uint64_t{1} << 40; }

 private:
  void set(bool is_open) {
    const std::lock_guard lock(mutex_);
    is_open_ = is_open;
    changed_.notify_all();
  }
  FileSystem& below_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_ = true;
  int held_ = 0, questions_ = 0;
  std::uint64_t free_bytes_ = std::uint64_t{1} << 39;
};

/// Two tenants: `top` with three linked orgs, and `alone`.
inline constexpr std::string_view catalogue_json = R"({
  "orgs": [
    {"id": "top", "kind": "production", "name": "Top", "billing_anchor_day": 20},
    {"id": "b-sub", "kind": "sub-org", "name": "B, Inc.", "parent": "top"},
    {"id": "a-box", "kind": "sandbox", "name": "A", "parent": "top", "ids": {"informatica": "zzz"}},
    {"id": "c-sub", "kind": "sub-org", "name": "C", "parent": "a-box"},
    {"id": "alone", "kind": "production", "name": "Another tenant"}
  ],
  "meters": [
    {"id": "hours", "name": "Hours", "scalar": "HOURS", "category": "COMPUTE_UNITS", "rates": [{"ipu_per_unit": "0.16"}]},
    {"id": "rows", "name": "Rows", "scalar": "MILLION_ROWS", "rates": [{"ipu_per_unit": "9.5"}]}
  ]
})";

class ExportsTest : public queries::TestServer {
 protected:
  ExportsTest() {
    apply(catalogue_json);
    open();
  }
  ~ExportsTest() override { close(); }

  void open() {
    // Nobody listens: what counts here is what the outbox holds.
    outbox_ = take(delivery::Outbox::start(*control_, clock_, *random_, settings_, metrics_));
    exports_ = take(Exports::open(*control_, *queries_, *catalog_, *outbox_, gate_, clock_, *random_, settings_,
                                  metrics_, folder_ / "artifacts"));
    exports_->set_callback_text("informatica", [](const Job& job) {
      return "Job with jobID: " + job.id + " is " + std::string(to_string(job.state)) + ".";
    });
  }
  void close() {
    exports_.reset();
    outbox_.reset();
  }
  void reopen() {
    close();
    open();
  }

  static Principal user(std::string id, std::vector<Grant> grants) {
    Principal principal;
    principal.id = principal.name = std::move(id);
    principal.org = "top";
    principal.grants = std::move(grants);
    return principal;
  }
  static ExportSpec september(std::string org = "top") {
    ExportSpec spec;
    spec.org = std::move(org);
    spec.period = {start_of(day_from({2024, 9, 1})), start_of(day_from({2024, 10, 1}))};
    return spec;
  }
  static ExportSpec linked_september(FileSplit split, ExportKind kind = ExportKind::summary) {
    ExportSpec spec = september();
    spec.all_linked = true;
    spec.split = split;
    spec.kind = kind;
    return spec;
  }
  DialectNote note() const { return {"informatica", "{}", callback_url_}; }

  Result<Job> create(const ExportSpec& spec) { return exports_->create(admin_, spec, note(), {.active_jobs_max = 5}); }
  /// The job when it is final.
  Job wait(const Principal& principal, const std::string& id) {
    std::promise<Job> promise;
    exports_->when_final(principal, id, 120'000, [&](Result<Job> job) { promise.set_value(job ? *job : Job()); });
    return promise.get_future().get();
  }
  Job wait(const std::string& id) { return wait(admin_, id); }
  /// From request to end.
  Job run(const ExportSpec& spec) {
    exports_->start();
    const auto job = create(spec);
    if (!job) throw std::runtime_error(job.error().text + job.error().detail);
    return wait(job->id);
  }
  std::string zip_of(const Job& job) {
    const auto readable = exports_->artifact(admin_, job.id);
    if (!readable) throw std::runtime_error(readable.error().text);
    return take(read_file(system_files(), readable->artifact_path));
  }
  std::vector<std::string> artifacts() { return take(system_files().list(folder_ / "artifacts")); }
  std::vector<delivery::Delivery> deliveries(const std::string& id) { return take(outbox_->of_job(id)); }

  Settings settings_;
  FaultFiles files_{system_files()};
  GateFiles gate_{files_};
  Principal admin_ = user("admin", {{Role::admin, "top"}});
  std::string callback_url_;
  std::unique_ptr<delivery::Outbox> outbox_;
  std::unique_ptr<Exports> exports_;
};

}  // namespace meterport::exports
