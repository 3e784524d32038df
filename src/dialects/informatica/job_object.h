// The job object of the wire (informatica.md 5.1) and the callback's text (5.3), made from a core job.
#pragma once

#include <optional>
#include <string>

#include "dialects/informatica/requests.h"
#include "exports/exports.h"

namespace meterport::informatica {

/// What the job object echoes, kept with the job as DialectNote::json.
struct Echo {
  std::string org_id, start_date, end_date;
  std::optional<std::string> callback_url;
  bool is_older_resource = false, combined = false;
  std::string meter;               ///< as sent; empty: none
  std::optional<bool> all_meters;  ///< as sent
  CallbackFormat callback_format = CallbackFormat::text;
};

std::string to_json(const Echo& echo);

/// Which answer shows the object: the POST's echo more, each resource its own.
enum class Answer { status, post };

/// Key order of section 5.1. In its POST answer the older resource leaves meterId out and adds combinedMeterUsage as
/// the last key; the job-level one adds allMeters if the request carried it.
std::string job_json(const exports::Job& job, Answer answer);

/// What a finished job's callback carries: the vendor's sentence, or where the job asked for it
/// `{"type":"export.finished","timestamp":...,"data":{the job object of GET status}}`.
std::string callback_text(const exports::Job& job);

}  // namespace meterport::informatica
