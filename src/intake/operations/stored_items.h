// Private to intake: OperationItems over the two files of an operation.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "intake/operations/body_file.h"
#include "intake/operations/operations.h"

namespace meterport::intake {

class StoredItems final : public OperationItems {
 public:
  /// `path` without extension. `result_bytes`: how much of the results counts; 0: none is settled.
  static Result<std::unique_ptr<OperationItems>> open(FileSystem& files, const std::string& path, Operation operation,
                                                      std::uint64_t result_bytes);
  StoredItems(Operation operation, std::optional<BodyFile> body, std::optional<ResultReader> results)
      : operation_(std::move(operation)), body_(std::move(body)), results_(std::move(results)) {}

  [[nodiscard]] const Operation& operation() const override { return operation_; }
  Result<bool> next(ItemOutcome& outcome) override;
  Status go_to(std::uint64_t index) override;
  Result<std::string_view> text(std::uint64_t index) override;

 private:
  Operation operation_;
  std::optional<BodyFile> body_;  ///< none: it is gone, which made the operation fail
  std::optional<ResultReader> results_;
  ItemChunk window_;
};

}  // namespace meterport::intake
