// For tests: the export service over real stores.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/fault_files.h"
#include "exports/exports.h"
#include "exports/test_files.h"
#include "queries/test_server.h"

namespace meterport::exports {

/// The real outbox, but for mails: they are kept here, or refused.
class MailSpy final : public delivery::Outbox {
 public:
  explicit MailSpy(delivery::Outbox& below) : below_(below) {}
  Status enqueue(const delivery::NewDelivery& delivery) override { return below_.enqueue(delivery); }
  Status enqueue_within(soci::session& session, const delivery::NewDelivery& delivery) override {
    return below_.enqueue_within(session, delivery);
  }
  Status enqueue_mail_within(soci::session&, const delivery::NewMail& mail) override {
    const std::lock_guard lock(mutex_);
    ++asked_;
    if (refusal_) return fail(*refusal_, "refused by the test");
    mails_.push_back(mail);
    return {};
  }
  void start() override { below_.start(); }
  void wake() override { below_.wake(); }
  Status forget_job_within(soci::session& session, const std::string& id) override {
    return below_.forget_job_within(session, id);
  }
  Result<std::vector<delivery::Delivery>> of_job(const std::string& id) override { return below_.of_job(id); }
  Result<std::vector<delivery::Delivery>> page(const delivery::PageRequest& request) override {
    return below_.page(request);
  }
  Result<delivery::Delivery> get(const std::string& id) override { return below_.get(id); }
  Result<std::vector<delivery::Attempt>> attempts_of(const std::string& id) override { return below_.attempts_of(id); }
  Status retry(const std::string& id) override { return below_.retry(id); }
  [[nodiscard]] const delivery::SigningKeys& keys() const override { return below_.keys(); }

  void refuse(std::optional<ErrorKind> refusal) {
    const std::lock_guard lock(mutex_);
    refusal_ = refusal;
  }
  int asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  std::vector<delivery::NewMail> mails() {
    const std::lock_guard lock(mutex_);
    return mails_;
  }

 private:
  delivery::Outbox& below_;
  std::mutex mutex_;
  std::optional<ErrorKind> refusal_;
  int asked_ = 0;
  std::vector<delivery::NewMail> mails_;
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
    auto keys = take(delivery::SigningKeys::open(system_files(), folder_ / "keys", *random_));
    outbox_ = take(delivery::Outbox::open(*control_, clock_, *random_, settings_, metrics_, keys));
    outbox_->start();
    spy_ = std::make_unique<MailSpy>(*outbox_);
    exports_ = take(Exports::open(*control_, *queries_, *catalog_, *spy_, gate_, clock_, *random_, settings_, metrics_,
                                  folder_ / "artifacts"));
    exports_->set_callback_text("informatica", [](const Job& job) {
      return "Job with jobID: " + job.id + " is " + std::string(to_string(job.state)) + ".";
    });
  }
  void close() {
    exports_.reset();
    spy_.reset();
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
  /// For what the upkeep thread does by itself.
  static bool comes_true(const std::function<bool()>& condition) {
    for (int i = 0; i < 6000; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  std::string zip_of(const Job& job) { return zip_of(admin_, job); }
  std::string zip_of(const Principal& principal, const Job& job) {
    const auto readable = exports_->artifact(principal, job.id);
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
  std::unique_ptr<MailSpy> spy_;
  std::unique_ptr<Exports> exports_;
};

}  // namespace meterport::exports
