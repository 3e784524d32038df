#include "warehouse/duckdb/handles.h"

namespace meterport::warehouse::duck {

std::unexpected<Error> engine_failure(std::string_view message) {
  if (message.find("No space left") != std::string_view::npos || message.find("disk full") != std::string_view::npos) {
    return fail(ErrorKind::storage_full, "the disk of the warehouse is full", std::string(message));
  }
  return fail(ErrorKind::store_unavailable, "the warehouse could not do this", std::string(message));
}

std::string_view Chunk::text(std::size_t index, std::size_t row) const {
  auto* cells = static_cast<duckdb_string_t*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk_, index)));
  return {duckdb_string_t_data(&cells[row]), duckdb_string_t_length(cells[row])};
}

void QueryResult::read(const std::function<void(const Chunk&)>& each) {
  while (duckdb_data_chunk chunk = duckdb_fetch_chunk(result_)) {
    if (duckdb_data_chunk_get_size(chunk) > 0) each(Chunk(chunk));
    duckdb_destroy_data_chunk(&chunk);
  }
}

Result<std::unique_ptr<Connection>> Connection::open(duckdb_database database) {
  duckdb_connection connection = nullptr;
  if (duckdb_connect(database, &connection) != DuckDBSuccess) return engine_failure("connect failed");
  return std::unique_ptr<Connection>(new Connection(connection));
}

Result<QueryResult> Connection::query(const std::string& sql) {
  duckdb_result result{};
  if (duckdb_query(connection_, sql.c_str(), &result) == DuckDBSuccess) return QueryResult(result);
  const char* message = duckdb_result_error(&result);
  auto failure = engine_failure(message == nullptr ? "query failed" : message);
  duckdb_destroy_result(&result);
  return failure;
}

Status Connection::run(const std::string& sql) {
  auto result = query(sql);
  if (!result) return fail(std::move(result));
  return {};
}

Status Connection::in_transaction(const std::function<Status()>& work) {
  if (auto begun = run("BEGIN TRANSACTION"); !begun) return begun;
  Status status = work();
  if (status) status = run("COMMIT");
  // A rollback that fails means that none is open any more: the first error is the one to tell.
  if (!status) (void)run("ROLLBACK");
  return status;
}

Result<TableAppender> TableAppender::open(Connection& connection, const char* table, std::vector<duckdb_type> types) {
  duckdb_appender appender = nullptr;
  if (duckdb_appender_create(connection.handle(), nullptr, table, &appender) != DuckDBSuccess) {
    TableAppender broken(appender, nullptr);
    return broken.failure();
  }
  std::vector<duckdb_logical_type> logical;
  logical.reserve(types.size());
  for (const duckdb_type type : types) logical.push_back(duckdb_create_logical_type(type));
  duckdb_data_chunk chunk = duckdb_create_data_chunk(logical.data(), logical.size());
  for (duckdb_logical_type& type : logical) duckdb_destroy_logical_type(&type);
  return TableAppender(appender, chunk);
}

TableAppender::~TableAppender() {
  if (chunk_ != nullptr) duckdb_destroy_data_chunk(&chunk_);
  // close() has told of errors; one that was not closed is part of a transaction being rolled back.
  if (appender_ != nullptr) duckdb_appender_destroy(&appender_);
}

std::unexpected<Error> TableAppender::failure() {
  if (appender_ == nullptr) return engine_failure("no appender");
  duckdb_error_data error = duckdb_appender_error_data(appender_);
  const char* message = duckdb_error_data_message(error);
  auto result = engine_failure(message == nullptr ? "append failed" : message);
  duckdb_destroy_error_data(&error);
  return result;
}

void TableAppender::set_text(std::size_t index, std::size_t row, std::string_view text) {
  duckdb_vector_assign_string_element_len(duckdb_data_chunk_get_vector(chunk_, index), row, text.data(), text.size());
}

Status TableAppender::add_chunk(std::size_t rows) {
  duckdb_data_chunk_set_size(chunk_, rows);
  if (duckdb_append_data_chunk(appender_, chunk_) != DuckDBSuccess) return failure();
  duckdb_data_chunk_reset(chunk_);
  return {};
}

Status TableAppender::close() {
  if (duckdb_appender_close(appender_) != DuckDBSuccess) return failure();
  return {};
}

}  // namespace meterport::warehouse::duck
