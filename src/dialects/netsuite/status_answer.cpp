#include "dialects/netsuite/status_answer.h"

#include <fmt/format.h>

#include <iterator>

#include "base/json_writer.h"
#include "dialects/netsuite/item_error.h"
#include "dialects/netsuite/messages.h"
#include "formats/json_outline.h"

namespace meterport::netsuite {
namespace {

using intake::ItemOutcome;
using intake::ItemState;
using intake::OperationState;

constexpr std::size_t piece_bytes = 128 * 1024;
/// Looking for what is not in the list must not keep the socket's thread from others either.
constexpr std::size_t looked_at_max = 20'000;

/// crosswalk 3.1.
std::string_view wire_status(OperationState state) {
  switch (state) {
    case OperationState::created:
      return "Not Started";
    case OperationState::processing:
      return "In Progress";
    case OperationState::success:
    case OperationState::partial_success:
      return "Completed";
    case OperationState::failed:
      return "Error";
  }
  return "Error";
}

/// Lost through no fault of the sender: an internal failure, or its key taken by something foreign.
bool is_lost(const ItemOutcome& outcome) {
  return outcome.state == ItemState::conflict ||
         (outcome.state == ItemState::rejected && outcome.code == RecordErrorCode::internal);
}

template <class... Arguments>
void append(std::string& out, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fmt::format_to(std::back_inserter(out), format, std::forward<Arguments>(arguments)...);
}

/// The vendor numbers the usages of all operations in one series (C29): digits, and different for every usage.
std::string detail_id(intake::OperationId operation, std::uint64_t index) {
  return fmt::format("{}{:09}", operation, index);
}

void append_worker_error(std::string& out, std::string_view stage, std::string_view key) {
  append(out, R"({{"stage":"{}","key":"{}","name":"UNEXPECTED_ERROR","message":"{}")", stage, key, unexpected_text);
}

}  // namespace

Result<bool> StatusAnswer::next(std::string& out) {
  while (out.size() < piece_bytes && part_ != Part::done) {
    if (part_ == Part::head) {
      append_head(out);
    } else if (part_ != Part::tail) {
      const auto is_at_end = append_items(out);
      if (!is_at_end) return fail(is_at_end);
      if (!*is_at_end) return true;
    }
    if (auto begun = go_on(out); !begun) return fail(std::move(begun));
  }
  return part_ != Part::done;
}

void StatusAnswer::append_head(std::string& out) const {
  out += "{\"requestId\":";
  if (call_.is_text) {
    append_json_string(out, call_.shown);
  } else {
    out += call_.shown;
  }
  append(out, R"(,"status":"{}","result":{{"successes":[)", wire_status(items_->operation().state));
}

Status StatusAnswer::go_on(std::string& out) {
  switch (part_) {
    case Part::head:
      part_ = Part::successes;
      break;
    case Part::successes:
      part_ = Part::failures;
      out += "],\"failures\":[";
      break;
    case Part::failures:
      part_ = Part::errors;
      out += "],\"errors\":[";
      break;
    case Part::errors:
      part_ = Part::tail;
      if (items_->operation().state == OperationState::failed) {
        if (has_items_) out += ',';
        append_worker_error(out, "getInputData", std::to_string(items_->operation().id));
        out += '}';
      }
      return {};
    case Part::tail:
    case Part::done:
      part_ = Part::done;
      out += "]}}";
      return {};
  }
  has_items_ = false;
  return items_->go_to(0);
}

bool StatusAnswer::may_hold_items() const {
  const intake::ItemCounts& counts = items_->operation().counts;
  if (part_ == Part::successes) return counts.stored + counts.duplicates > 0;
  if (part_ == Part::failures) return counts.rejected > 0;
  return counts.rejected + counts.conflicts > 0;
}

bool StatusAnswer::belongs(const ItemOutcome& outcome) const {
  if (part_ == Part::errors) return is_lost(outcome);
  const bool is_success = outcome.state == ItemState::stored || outcome.state == ItemState::duplicate;
  return part_ == Part::successes ? is_success : !is_success && !is_lost(outcome);
}

Result<bool> StatusAnswer::append_items(std::string& out) {
  if (!may_hold_items()) return true;
  ItemOutcome outcome;
  for (std::size_t looked_at = 0; out.size() < piece_bytes && looked_at < looked_at_max; ++looked_at) {
    const auto more = items_->next(outcome);
    if (!more) return fail(more);
    if (!*more) return true;
    if (!belongs(outcome)) continue;
    if (has_items_) out += ',';
    has_items_ = true;
    if (auto appended = append_item(out, outcome); !appended) return fail(std::move(appended));
  }
  return false;
}

Status StatusAnswer::append_item(std::string& out, const ItemOutcome& outcome) {
  if (part_ == Part::errors) {
    append_worker_error(out, "reduce", detail_id(items_->operation().id, outcome.index));
    append(out, R"(,"index":{}}})", outcome.index);
    return {};
  }
  const auto data = items_->text(outcome.index);
  if (!data) return fail(data);
  append(out, R"({{"index":{},"data":)", outcome.index);
  formats::append_compact_json(out, *data);
  if (part_ == Part::successes) {
    append(out, R"(,"result":{{"usageId":{}}}}})", outcome.position);
    return {};
  }
  append(out, R"(,"result":{{"name":"{}","message":)", wire_name(outcome.code, outcome.pointer, *data));
  append_json_string(out, outcome.text);
  out += "}}";
  return {};
}

}  // namespace meterport::netsuite
