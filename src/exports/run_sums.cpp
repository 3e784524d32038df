#include "exports/run_sums.h"

#include <cstring>

#include "base/instant.h"
#include "exports/csv_cells.h"
#include "exports/line_sorter.h"

namespace meterport::exports {
namespace {

constexpr int hours_decimals = 10;
constexpr int seconds_decimals = 5;
constexpr Int128 seconds_per_hour = 3'600;
constexpr Int128 us_per_second = Instant::us_per_second;

std::string_view type_of(const UsageRecord& record) {
  return record.run.execution_type.empty() ? "Process" : record.run.execution_type;
}
std::string_view asset_of(const UsageRecord& record) {
  return record.asset.name.empty() ? record.task.name : record.asset.name;
}
std::string_view caller_of(const UsageRecord& record) {
  return record.run.invoked_by.empty() ? record.user : record.run.invoked_by;
}

template <class T>
void append_value(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
template <class T>
T value_at(std::string_view bytes, std::size_t at) {
  T value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

}  // namespace

RunSums RunSums::from_bytes(std::string_view text) {
  RunSums sums;
  sums.time_us_ = Total::from_scaled(value_at<Int256>(text, 0));
  sums.hours_ = Total::from_scaled(value_at<Int256>(text, sizeof(Int256)));
  sums.count_ = value_at<Int128>(text, 2 * sizeof(Int256));
  return sums;
}

void RunSums::append_bytes(std::string& out) const {
  append_value(out, time_us_.scaled());
  append_value(out, hours_.scaled());
  append_value(out, count_);
}

void RunSums::add(const UsageRecord& record, bool counts_quantity) {
  const Run& run = record.run;
  count_ += run.count.value_or(1);
  if (run.start && run.end) {
    time_us_ += Total(Decimal::from_integer(run.end->us - run.start->us));
  } else if (counts_quantity) {
    hours_ += Total(record.quantity);
  }
}

RunSums& RunSums::operator+=(const RunSums& other) {
  time_us_ += other.time_us_;
  hours_ += other.hours_;
  count_ += other.count_;
  return *this;
}

void RunSums::append_cells(std::string& out) const {
  const Decimal one = Decimal::from_integer(1);
  out += Int256::from(count_).to_text();
  out += ',';
  Consumption hours;
  hours.add(time_us_, one, Decimal::from_integer(Instant::us_per_hour));
  hours.add(hours_, one, one);
  hours.append_text(out, hours_decimals);
  out += ',';
  Consumption seconds;
  if (count_ > 0) {  // a sender may say that a record holds no run
    // Rates and divisor are 1e-12 of what they stand for, so that no sum of counts is too large for one.
    const Decimal count = Decimal::from_scaled(count_ * us_per_second);
    seconds.add(time_us_, Decimal::from_scaled(1), count);
    seconds.add(hours_, Decimal::from_scaled(seconds_per_hour * us_per_second), count);
  }
  seconds.append_text(out, seconds_decimals);
  out += '\n';
}

void append_run_key(std::string& key, const UsageRecord& record) {
  append_key(key, day_of(record.time));
  append_key(key, type_of(record));
  append_key(key, asset_of(record));
  append_key(key, caller_of(record));
  append_key(key, record.environment.name);
  append_key(key, record.run.status);
}

void append_run_cells(std::string& out, const UsageRecord& record, std::string_view org_id) {
  formats::append_csv_cell(out, org_id);
  out += ',';
  formats::append_csv_cell(out, type_of(record));
  out += ',';
  append_cell_or_null(out, asset_of(record));
  out += ',';
  append_day(out, day_of(record.time));
  out += ',';
  append_cell_or_null(out, caller_of(record));
  out += ',';
  append_cell_or_null(out, record.environment.name);
  out += ',';
  append_cell_or_null(out, record.run.status);
  out += ',';
}

}  // namespace meterport::exports
