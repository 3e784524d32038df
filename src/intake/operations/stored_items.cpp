#include "intake/operations/stored_items.h"

#include <utility>

namespace meterport::intake {
namespace {

constexpr std::uint64_t window_items_max = 1'024;
constexpr std::uint64_t window_bytes_max = 128 * 1024;

}  // namespace

Result<std::unique_ptr<OperationItems>> StoredItems::open(FileSystem& files, const std::string& path,
                                                          Operation operation, std::uint64_t result_bytes) {
  std::optional<BodyFile> body;
  std::optional<ResultReader> results;
  if (result_bytes > 0) {
    auto opened = ResultReader::open(files, path + ".results", result_bytes);
    if (!opened) return fail(std::move(opened));
    results = std::move(*opened);
    auto opened_body = BodyFile::open(files, path + ".body", operation.body_bytes, operation.items);
    const bool is_why_it_failed = operation.state == OperationState::failed;
    if (!opened_body && !is_why_it_failed) return fail(std::move(opened_body));
    if (opened_body) body = std::move(*opened_body);
  }
  return std::make_unique<StoredItems>(std::move(operation), std::move(body), std::move(results));
}

Result<bool> StoredItems::next(ItemOutcome& outcome) {
  if (!results_) return false;
  return results_->next(outcome);
}

Status StoredItems::go_to(std::uint64_t index) {
  if (!results_) return {};
  results_->rewind();
  return results_->skip_to(index);
}

Result<std::string_view> StoredItems::text(std::uint64_t index) {
  if (index >= operation_.items) return fail(ErrorKind::not_found, "There is no such item.");
  if (!body_) return std::string_view("null");
  const std::vector<ItemText>& known = window_.items;
  if (known.empty() || index < known.front().index || index > known.back().index) {
    auto read = body_->read_items(index, window_items_max, window_bytes_max);
    if (!read) return fail(std::move(read));
    window_ = std::move(*read);
  }
  return window_.items[index - window_.items.front().index].text;
}

}  // namespace meterport::intake
