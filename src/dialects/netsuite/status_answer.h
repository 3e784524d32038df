// The answer of sbGetUsageCreationStatus (netsuite.md 4), made piece by piece from what is stored: its length does not
// matter to memory. Three passes over the settled items, one a list, each in ascending index.
#pragma once

#include <memory>
#include <string>

#include "dialects/netsuite/envelope.h"
#include "http/message.h"
#include "intake/operations/operations.h"

namespace meterport::netsuite {

class StatusAnswer final : public http::BodySource {
 public:
  StatusAnswer(StatusCall call, std::unique_ptr<intake::OperationItems> items)
      : call_(std::move(call)), items_(std::move(items)) {}

  Result<bool> next(std::string& out) override;

 private:
  enum class Part { head, successes, failures, errors, tail, done };

  void append_head(std::string& out) const;
  /// Items of the current list until the piece is full or enough were looked at; true: the list is at its end.
  Result<bool> append_items(std::string& out);
  Status append_item(std::string& out, const intake::ItemOutcome& outcome);
  /// Ends the current list and begins the next part.
  Status go_on(std::string& out);
  [[nodiscard]] bool belongs(const intake::ItemOutcome& outcome) const;
  /// Whether a pass for the current list can find anything.
  [[nodiscard]] bool may_hold_items() const;

  StatusCall call_;
  std::unique_ptr<intake::OperationItems> items_;
  Part part_ = Part::head;
  bool has_items_ = false;  ///< of the current list
};

}  // namespace meterport::netsuite
