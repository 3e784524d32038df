// Private to intake: the operations of the control store (migration 0050_operations.sql). Each call is one transaction;
// a change is durable when it returns. Thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "control/store.h"
#include "intake/operations/operation.h"

namespace meterport::intake {

struct StoredOperation {
  Operation operation;
  std::string file;  ///< of DATA/operations/<file>.body
  std::string idempotency_key;
  std::string body_sha256;  ///< hex
};

class OperationStore {
 public:
  explicit OperationStore(control::Store& control) : control_(control) {}

  /// Gives it its number. With an idempotency key that its channel and org have used already, it becomes that
  /// operation and nothing is stored: false. conflict: that one had another body.
  Result<bool> insert(StoredOperation& row);
  /// not_found: no such operation.
  Result<StoredOperation> get(OperationId id);
  /// Newest first, those before `before` (0: from the newest). `orgs`: whose; none = any.
  Result<std::vector<StoredOperation>> page(const std::optional<std::vector<std::string>>& orgs, OperationId before,
                                            std::size_t count_max);
  /// Oldest first.
  Result<std::vector<StoredOperation>> unfinished();
  /// Stores state, error, counts and finishing time.
  Status finish(const Operation& operation);
  Result<std::vector<StoredOperation>> ended_before(Instant instant, std::size_t count_max);
  Status remove(OperationId id);
  /// The `file` of every operation.
  Result<std::set<std::string, std::less<>>> files();

 private:
  control::Store& control_;
};

}  // namespace meterport::intake
