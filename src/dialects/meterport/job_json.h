// Private to the /v1 dialect: export requests and jobs as JSON. Pure functions, any thread.
#pragma once

#include <string>

#include "base/json_writer.h"
#include "catalog/json_tree.h"
#include "exports/exports.h"

namespace meterport::api {

/// The job as every answer shows it. Links are paths of this server.
void append_job(JsonWriter& out, const exports::Job& job, Instant now);
std::string job_json(const exports::Job& job, Instant now);
/// The callback's body: the job, with `type` and `timestamp` of an event (Standard Webhooks allows the data beside
/// them). It follows from the job alone: the job's end is the "now" of what it shows.
std::string job_event_json(const exports::Job& job);
/// "as_of":{"time","position","catalogue_position"}
void append_snapshot(JsonWriter& out, const Snapshot& snapshot);

struct ExportRequest {
  ExportSpec spec;
  std::string callback_url;
};
/// Body of POST /v1/exports; `spec.org` stays empty when it names none. invalid with the member's pointer.
Result<ExportRequest> read_export_request(const catalog::JsonValue& body);

}  // namespace meterport::api
