#include "exports/probe.h"

#include <string>

namespace meterport::exports {

Probe::Probe(metrics::Registry& registry)
    : registry_(registry),
      rows_(registry.counter("meterport_export_rows_total", "Rows of finished exports.")),
      bytes_(registry.counter("meterport_export_artifact_bytes_total", "Bytes of finished artifacts.")),
      seconds_(registry.histogram_seconds("meterport_export_seconds", "From a job's creation to its end.")),
      running_(std::make_shared<std::atomic<std::uint64_t>>(0)),
      waiting_(std::make_shared<std::atomic<std::uint64_t>>(0)) {
  registry.gauge("meterport_export_jobs_running", "Export jobs a runner works on.",
                 [count = running_] { return static_cast<double>(count->load()); });
  registry.gauge("meterport_export_jobs_waiting", "Export jobs that wait for a runner.",
                 [count = waiting_] { return static_cast<double>(count->load()); });
}

void Probe::job_created(const Job& job) {
  registry_
      .counter("meterport_export_jobs_created_total", "Export jobs asked for, by dialect.",
               {{"dialect", job.note.dialect}})
      .add();
}

void Probe::job_ended(const Job& job) {
  registry_
      .counter("meterport_export_jobs_ended_total", "Export jobs that ended, by state.",
               {{"state", std::string(to_string(job.state))}})
      .add();
  rows_.add(job.rows);
  bytes_.add(job.artifact_bytes);
  if (job.finished) seconds_.observe_us(job.finished->us - job.created.us);
}

void Probe::job_filled(const Job& job) {
  registry_
      .counter("meterport_export_fillings_total", "Further revisions of artifacts, by the job's state then.",
               {{"state", std::string(to_string(job.state))}})
      .add();
}

}  // namespace meterport::exports
