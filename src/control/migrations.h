// Private to control: the schema's migrations, compiled in from migrations/NNNN_name.sql, and how one is run.
//
// A migration is plain SQL of CREATE, ALTER, INSERT and the like, each statement ended by `;`, portable between SQLite
// and PostgreSQL; no triggers. Once released, a file is never changed: a new one follows it. Numbers are reserved by
// tens for the modules that own the tables (0010 catalog, 0020 identity, 0030 and 0080 exports, 0040 delivery, 0050
// intake, 0060 and 0070 identity).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace soci {
class session;
}

namespace meterport::control {

struct Migration {
  int number;
  std::string_view name;
  std::string_view sql;
};

/// By number. Made at configure time (cmake/embed.cmake).
std::span<const Migration> migrations();

/// The statements of a migration without comments and without their `;`. Quoted texts are left alone.
std::vector<std::string> split_statements(std::string_view sql);

/// Applies those that schema_migrations does not list, each in a transaction of its own. `not_supported` when the store
/// lists one this program does not know: it was made by a newer version. SOCI's exceptions pass through.
Status migrate(soci::session& session, std::span<const Migration> table);

}  // namespace meterport::control
