// Private to the adapter: the C API's handles with owners, errors as values, chunks as typed columns.
//
// Only functions without a deprecation note are reachable (DUCKDB_API_NO_DEPRECATED), so that a newer library can take
// the place of the pinned one. A Connection and what it made belong to one thread at a time.
#pragma once

#define DUCKDB_API_NO_DEPRECATED
#include <duckdb.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/wide_int.h"

namespace meterport::warehouse::duck {

inline Int128 to_int128(duckdb_hugeint value) {
  return (Int128{value.upper} << 64) | static_cast<Int128>(value.lower);
}
inline duckdb_hugeint to_hugeint(Int128 value) {
  return {static_cast<std::uint64_t>(value), static_cast<std::int64_t>(value >> 64)};
}

/// Rows of a result, a few thousand at a time. Columns are read by position and by the type the query gave them.
class Chunk {
 public:
  explicit Chunk(duckdb_data_chunk chunk) : chunk_(chunk), size_(duckdb_data_chunk_get_size(chunk)) {}
  [[nodiscard]] std::size_t size() const { return size_; }
  template <class T>
  [[nodiscard]] const T* column(std::size_t index) const {
    return static_cast<const T*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk_, index)));
  }
  /// Of a BLOB column; valid while the chunk is.
  [[nodiscard]] std::string_view text(std::size_t index, std::size_t row) const;

 private:
  duckdb_data_chunk chunk_;
  std::size_t size_;
};

/// A finished query's rows, in memory; outlives the connection's next query.
class QueryResult {
 public:
  explicit QueryResult(duckdb_result result) : result_(result) {}
  ~QueryResult() { duckdb_destroy_result(&result_); }
  QueryResult(QueryResult&& other) noexcept : result_(std::exchange(other.result_, duckdb_result{})) {}
  QueryResult& operator=(QueryResult&&) = delete;
  /// Each chunk once.
  void read(const std::function<void(const Chunk&)>& each);

 private:
  duckdb_result result_;
};

class Connection {
 public:
  static Result<std::unique_ptr<Connection>> open(duckdb_database database);
  ~Connection() { duckdb_disconnect(&connection_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Status run(const std::string& sql);
  Result<QueryResult> query(const std::string& sql);
  /// Commits if `work` succeeds, else rolls back.
  Status in_transaction(const std::function<Status()>& work);
  [[nodiscard]] duckdb_connection handle() const { return connection_; }

 private:
  explicit Connection(duckdb_connection connection) : connection_(connection) {}
  duckdb_connection connection_;
};

/// Bulk append into one table inside the connection's transaction.
class TableAppender {
 public:
  static Result<TableAppender> open(Connection& connection, const char* table, std::vector<duckdb_type> types);
  ~TableAppender();
  TableAppender(TableAppender&& other) noexcept
      : appender_(std::exchange(other.appender_, nullptr)), chunk_(std::exchange(other.chunk_, nullptr)) {}
  TableAppender& operator=(TableAppender&&) = delete;

  /// Rows a chunk takes.
  [[nodiscard]] static std::size_t chunk_rows() { return duckdb_vector_size(); }
  /// The column's cells of the chunk being filled; asked for anew after each add_chunk().
  template <class T>
  [[nodiscard]] T* column(std::size_t index) {
    return static_cast<T*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk_, index)));
  }
  void set_text(std::size_t index, std::size_t row, std::string_view text);
  /// Hands the first `rows` rows of the chunk over and empties it.
  Status add_chunk(std::size_t rows);
  Status close();

 private:
  TableAppender(duckdb_appender appender, duckdb_data_chunk chunk) : appender_(appender), chunk_(chunk) {}
  std::unexpected<Error> failure();
  duckdb_appender appender_;
  duckdb_data_chunk chunk_;
};

/// storage_full, else store_unavailable, with DuckDB's message in the detail.
std::unexpected<Error> engine_failure(std::string_view message);

}  // namespace meterport::warehouse::duck
