// For tests: other regions without sockets. Each is a server of its own that does as it is told.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "queries/part_file.h"
#include "queries/test_server.h"

namespace meterport::exports {

/// A whole server, to hold one region's ledger.
class RegionServer final : public queries::TestServer {
 public:
  explicit RegionServer(std::string_view json) { apply(json); }
  void TestBody() override {}
  void take_in(std::vector<queries::Entry> entries) { ingest(entries); }
  void take_in_catalogue(std::string_view json) { apply(json); }
  void advance_us(std::int64_t us) { clock_.advance_us(us); }
  Snapshot now() { return pin(); }
  queries::Queries& queries() { return *queries_; }
};

enum class Mood { answers, refuses, forbids, stalls, breaks_off };

class FakeRegions final : public queries::PartSource {
 public:
  explicit FakeRegions(std::string own) : own_(std::move(own)) {}

  /// Without a server its parts are three bytes.
  void add(const std::string& name, queries::Queries* queries = nullptr) { regions_[name].queries = queries; }
  void set(const std::string& name, Mood mood) {
    const std::lock_guard lock(mutex_);
    regions_.at(name).mood = mood;
  }
  /// It answers from the attempt with that number on.
  void answer_from(const std::string& name, int attempt) {
    const std::lock_guard lock(mutex_);
    regions_.at(name).answers_from = attempt;
  }
  int attempts(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return regions_.at(name).attempts;
  }

  [[nodiscard]] const std::string& own_region() const override { return own_; }
  Status fetch(const std::string& name, const queries::PartRequest& request, const std::string& path,
               const queries::PartCall& call) override {
    if (auto met = meet(name, call, true); !met) return met;
    queries::Queries* const queries = regions_.at(name).queries;
    if (queries == nullptr) return replace_file(system_files(), path, "one");
    auto file = queries::PartFileWriter::create(system_files(), path, request.grain, request.dims);
    if (!file) return fail(std::move(file));
    if (auto read = queries->read_part(request, **file, 60'000); !read) return read;
    return (*file)->finish();
  }
  Result<std::vector<queries::TotalRow>> totals(const std::string& name, const queries::TotalsRequest& request,
                                                const std::vector<std::string>& orgs, Instant as_of,
                                                const queries::PartCall& call) override {
    if (auto met = meet(name, call, true); !met) return fail(std::move(met));
    return regions_.at(name).queries->own_totals(request, orgs, as_of, 60'000);
  }
  Status probe(const std::string& name, const queries::PartCall& call) override { return meet(name, call, false); }

 private:
  struct Region {
    queries::Queries* queries = nullptr;
    Mood mood = Mood::answers;
    int attempts = 0, answers_from = 0;
  };

  Status meet(const std::string& name, const queries::PartCall& call, bool is_attempt) {
    Mood mood{};
    {
      const std::lock_guard lock(mutex_);
      Region& region = regions_.at(name);
      if (is_attempt) ++region.attempts;
      mood = region.mood;
      if (region.answers_from > 0 && region.attempts >= region.answers_from) mood = Mood::answers;
    }
    switch (mood) {
      case Mood::answers:
        return {};
      case Mood::refuses:
        return fail(ErrorKind::region_unavailable, "refused the connection");
      case Mood::forbids:
        return fail(ErrorKind::forbidden, "does not know this server");
      case Mood::breaks_off:
        return is_attempt ? Status(fail(ErrorKind::region_unavailable, "broke off")) : Status();
      case Mood::stalls:
        return is_attempt ? stall(call) : Status();
    }
    return {};
  }
  static Status stall(const queries::PartCall& call) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(call.timeout_ms);
    while (std::chrono::steady_clock::now() < until && (call.is_over == nullptr || !*call.is_over)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return fail(ErrorKind::region_unavailable, "stalled");
  }

  const std::string own_;
  std::mutex mutex_;
  std::map<std::string, Region> regions_;  ///< the map itself is fixed once jobs run
};

}  // namespace meterport::exports
