// Private to ledger: canonical JSON, version 1 (docs/formats/ledger-log.md 4), so that two spellings of one value have
// one fingerprint.
#pragma once

#include <string>
#include <string_view>

namespace meterport::ledger {

/// True when the text is its own canonical form, found without parsing deeply; false = ask append_canonical_json.
bool is_plainly_canonical(std::string_view json);
/// Appends the canonical form; a text that is no JSON (or nested deeper than 64) is appended as it is.
void append_canonical_json(std::string& out, std::string_view json);

}  // namespace meterport::ledger
