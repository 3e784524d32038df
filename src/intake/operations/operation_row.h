// Private to intake: StoredOperation <-> a row of `operations`, for SOCI. Only operation_store.cpp includes it.
#pragma once

#include <soci/soci.h>

#include <string>

#include "intake/operations/operation_store.h"

namespace soci {

template <>
struct type_conversion<meterport::intake::StoredOperation> {
  using base_type = values;
  static void from_base(const values& row, indicator, meterport::intake::StoredOperation& stored);
  static void to_base(const meterport::intake::StoredOperation& stored, values& row, indicator& ind);
};

}  // namespace soci

namespace meterport::intake {

/// INSERT of every column, by the names that the conversion binds.
const std::string& insert_operation_statement();

}  // namespace meterport::intake
