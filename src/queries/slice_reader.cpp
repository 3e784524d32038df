#include "queries/slice_reader.h"

#include <fmt/format.h>

#include <algorithm>

namespace meterport::queries {

using warehouse::Code;
using warehouse::Dimension;

OrgCodes::OrgCodes(const loading::Dictionaries& dictionaries, const ReportOrgs& orgs, std::size_t first,
                   std::size_t end) {
  for (std::size_t rank = first; rank < std::min(end, orgs.size()); ++rank) add(dictionaries, *orgs[rank].org, rank);
}

OrgCodes::OrgCodes(const loading::Dictionaries& dictionaries, const std::vector<const Org*>& orgs) {
  for (std::size_t rank = 0; rank < orgs.size(); ++rank) add(dictionaries, *orgs[rank], rank);
}

void OrgCodes::add(const loading::Dictionaries& dictionaries, const Org& org, std::size_t rank) {
  const Code code = dictionaries.find(Dimension::org, org.id);
  if (code == 0) return;
  codes_.push_back(code);
  if (code >= rank_by_code_.size()) rank_by_code_.resize(std::size_t{code} + 1);
  rank_by_code_[code] = static_cast<std::uint32_t>(rank);
}

Status require_loaded(const loading::Loader& loader, const Snapshot& snapshot) {
  if (loader.loaded_position() >= snapshot.ledger_position) return {};
  return fail(ErrorKind::busy, "usage of this snapshot is still being loaded; try again in a moment",
              fmt::format("loaded {}, snapshot {}", loader.loaded_position(), snapshot.ledger_position));
}

std::optional<warehouse::SumQuery> query_of(const Snapshot& snapshot, const loading::Dictionaries& dictionaries,
                                            const OrgCodes& orgs, const Slice& slice) {
  warehouse::SumQuery query;
  query.as_of_position = snapshot.ledger_position;
  query.orgs = orgs.codes();
  query.from = start_of(slice.first);
  query.to = start_of(slice.last.plus(1));
  if (!slice.meter.empty()) {
    const Code meter = dictionaries.find(Dimension::meter, slice.meter);
    if (meter == 0) return std::nullopt;
    query.meters.push_back(meter);
  }
  if (query.orgs.empty()) return std::nullopt;
  return query;
}

}  // namespace meterport::queries
