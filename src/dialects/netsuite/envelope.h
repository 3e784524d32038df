// The envelope of a call (netsuite.md 3, 4; C2, C6): which method, and its parameters. What is inside a usage is not
// looked at here; it has no say in whether the call is taken. Pure.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "dialects/netsuite/call_error.h"
#include "formats/json_outline.h"
#include "intake/operations/operation.h"

namespace meterport::netsuite {

/// sbCreateUsage
struct CreateCall {
  std::string body;
  std::vector<formats::TextRange> usages;
};

/// sbGetUsageCreationStatus
struct StatusCall {
  intake::OperationId id = 0;  ///< 0: a number that no operation can have
  std::string shown;           ///< its digits as sent
  bool is_text = false;        ///< sent as a JSON string, to be answered as one
};

/// `usages_max`: a body with more is refused.
CallResult<std::variant<CreateCall, StatusCall>> read_envelope(std::string body, std::size_t usages_max);

}  // namespace meterport::netsuite
