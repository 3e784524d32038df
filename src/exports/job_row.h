// Private to exports: StoredJob <-> a row of export_jobs, for SOCI. Only job_store.cpp includes it.
#pragma once

#include <soci/soci.h>

#include <string>
#include <vector>

#include "exports/job_store.h"

namespace soci {

template <>
struct type_conversion<meterport::exports::StoredJob> {
  using base_type = values;
  static void from_base(const values& row, indicator, meterport::exports::StoredJob& stored);
  static void to_base(const meterport::exports::StoredJob& stored, values& row, indicator& ind);
};

}  // namespace soci

namespace meterport::exports {

/// A list of ids as a row holds it, a blank between two.
std::vector<std::string> split_words(const std::string& text);

/// INSERT of every column, by the names that the conversion binds.
const std::string& insert_statement();

}  // namespace meterport::exports
