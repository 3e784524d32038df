// Private to ledger: the field table of docs/formats/ledger-log.md 3.2, written once and walked in both directions.
//
// A visitor has text(n, view), time(n, instant), moment(n, optional instant, base), number(n, optional), decimal(n,
// optional), quantity(n, decimal), position(n, position) and properties(n, vector). Fields are visited in ascending
// order of their number, which is the order on disk.
#pragma once

#include "ledger/record.h"

namespace meterport::ledger {

enum class FieldType : unsigned { number = 0, text = 1, decimal = 2, pair = 3 };

constexpr unsigned char field_tag(unsigned number, FieldType type) {
  return static_cast<unsigned char>(number * 4 + static_cast<unsigned>(type));
}

/// Fields 1 to 7: what the record is to others, and its key.
template <class Record, class Notes, class Visitor>
void visit_head(Record& r, Notes& n, Visitor& v) {
  v.position(1, n.amends);
  v.position(2, n.reverses);
  v.position(3, n.conflicts_with);
  v.text(4, n.reason);
  v.text(5, r.org);
  v.text(6, r.source);
  v.text(7, r.id);
}

/// Fields 26 to 34.
template <class Record, class Visitor>
void visit_run(Record& r, Visitor& v) {
  v.text(26, r.run.id);
  v.moment(27, r.run.start, r.time);
  v.moment(28, r.run.end, r.time);
  v.text(29, r.run.status);
  v.decimal(30, r.run.cores);
  v.moment(31, r.run.audit_time, r.time);
  v.text(32, r.run.execution_type);
  v.text(33, r.run.invoked_by);
  v.number(34, r.run.count);
}

/// Fields 8 to 44: the content.
template <class Record, class Notes, class Visitor>
void visit_content(Record& r, Notes& n, Visitor& v) {
  v.text(8, r.meter);
  v.time(9, r.time);
  v.quantity(10, r.quantity);
  v.text(11, r.project);
  v.text(12, r.folder);
  v.text(13, r.asset.name);
  v.text(14, r.asset.type);
  v.text(15, r.environment.id);
  v.text(16, r.environment.name);
  v.text(17, r.environment.type);
  v.text(18, r.resource.id);
  v.text(19, r.resource.name);
  v.text(20, r.subscription);
  v.number(21, r.line);
  v.text(22, r.task.id);
  v.text(23, r.task.name);
  v.text(24, r.task.object);
  v.text(25, r.task.type);
  visit_run(r, v);
  v.text(35, r.user);
  v.text(36, r.app.id);
  v.text(37, r.app.name);
  v.text(38, r.app.hrn);
  v.text(39, r.billing_tag);
  v.text(40, r.channel);
  v.text(41, r.category);
  v.text(42, r.memo);
  v.properties(43, r.properties);
  v.text(44, n.document);
}

}  // namespace meterport::ledger
