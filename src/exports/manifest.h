// Private to exports: the manifest beside an artifact (docs/formats/manifest.md).
#pragma once

#include <string>
#include <vector>

#include "exports/artifact.h"
#include "exports/csv_rows.h"
#include "exports/job_store.h"

namespace meterport::exports {

/// JSON text. Its `content` part follows from spec and snapshot alone: same spec and snapshot, same bytes.
std::string manifest_json(const StoredJob& stored, const Artifact& artifact, const std::vector<ControlTotal>& totals);

}  // namespace meterport::exports
