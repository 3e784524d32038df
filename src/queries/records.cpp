// Usage records of a slice, read from the ledger by position.
#include "queries/queries.h"
#include "queries/slice_reader.h"

namespace meterport::queries {

Status Queries::records(const Snapshot&, const ReportOrgs&, const Slice&,
                        const std::function<Status(const RecordRow&)>&) {
  return fail(ErrorKind::not_supported, "records are not there yet");
}

}  // namespace meterport::queries
