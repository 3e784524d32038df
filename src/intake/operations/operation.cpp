#include "intake/operations/operation.h"

namespace meterport::intake {

std::string_view to_string(OperationState state) {
  switch (state) {
    case OperationState::created:
      return "CREATED";
    case OperationState::processing:
      return "PROCESSING";
    case OperationState::success:
      return "SUCCESS";
    case OperationState::partial_success:
      return "PARTIAL_SUCCESS";
    case OperationState::failed:
      return "FAILED";
  }
  return "FAILED";
}

bool is_final(OperationState state) {
  return state != OperationState::created && state != OperationState::processing;
}

void ItemCounts::add(ItemState state) {
  switch (state) {
    case ItemState::stored:
      ++stored;
      return;
    case ItemState::duplicate:
      ++duplicates;
      return;
    case ItemState::conflict:
      ++conflicts;
      return;
    case ItemState::rejected:
      ++rejected;
      return;
  }
}

}  // namespace meterport::intake
