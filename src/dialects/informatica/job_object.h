// The job object of the wire (informatica.md 5.1) and the callback's text (5.3), made from a core job.
#pragma once

#include <optional>
#include <string>

#include "exports/exports.h"

namespace meterport::informatica {

/// What the job object echoes, kept with the job as DialectNote::json.
struct Echo {
  std::string org_id, start_date, end_date;
  std::optional<std::string> callback_url;
  bool is_older_resource = false, combined = false;
};

std::string to_json(const Echo& echo);

/// Key order of section 5.1. `is_post_of_older`: the older resource's POST leaves meterId out and adds
/// combinedMeterUsage as its last key.
std::string job_json(const exports::Job& job, bool is_post_of_older);

/// The plain text a finished job's callback carries.
std::string callback_text(const exports::Job& job);

}  // namespace meterport::informatica
