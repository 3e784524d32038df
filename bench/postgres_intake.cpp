// postgres_intake CONNINFO FIRST COUNT BATCH MODE: the peer of intake. The same records into a table with the primary
// key (org, source, id), synchronous_commit on. MODE insert: INSERT ... ON CONFLICT DO NOTHING, BATCH rows a statement;
// copy: COPY, BATCH rows a statement. Two connections. Prints "acked RECORDS seconds S".
#include <libpq-fe.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "record_maker.h"

namespace {

bool insert_batch(PGconn* connection, std::uint64_t from, std::uint64_t end) {
  std::string sql = "INSERT INTO usage VALUES ";
  for (std::uint64_t n = from; n < end; ++n) {
    const auto r = bench::make_record(n);
    if (n > from) sql += ',';
    sql += std::string("('") + r.org + "','bench','" + r.id + "','" + r.meter + "','" + r.time + "'," + r.quantity +
           ",'" + r.project + "','" + r.folder + "','" + r.asset + "')";
  }
  sql += " ON CONFLICT DO NOTHING";
  PGresult* result = PQexec(connection, sql.c_str());
  const bool ok = PQresultStatus(result) == PGRES_COMMAND_OK;
  PQclear(result);
  return ok;
}

bool copy_batch(PGconn* connection, std::uint64_t from, std::uint64_t end) {
  PGresult* result = PQexec(connection, "COPY usage FROM STDIN");
  const bool started = PQresultStatus(result) == PGRES_COPY_IN;
  PQclear(result);
  if (!started) return false;
  std::string text;
  for (std::uint64_t n = from; n < end; ++n) {
    const auto r = bench::make_record(n);
    for (const char* cell :
         {static_cast<const char*>(r.org), "bench", static_cast<const char*>(r.id), static_cast<const char*>(r.meter),
          static_cast<const char*>(r.time), static_cast<const char*>(r.quantity), static_cast<const char*>(r.project),
          static_cast<const char*>(r.folder)}) {
      text += cell;
      text += '\t';
    }
    text += r.asset;
    text += '\n';
  }
  if (PQputCopyData(connection, text.data(), static_cast<int>(text.size())) != 1 ||
      PQputCopyEnd(connection, nullptr) != 1)
    return false;
  bool ok = true;
  while (PGresult* r = PQgetResult(connection)) {
    ok = ok && PQresultStatus(r) == PGRES_COMMAND_OK;
    PQclear(r);
  }
  return ok;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  const auto number = [&](int i) { return std::strtoull(argv[i], nullptr, 10); };
  const std::uint64_t first = number(2), count = number(3), batch = number(4);
  const bool is_copy = std::string(argv[5]) == "copy";
  std::atomic<std::uint64_t> next{first}, acked{0};
  std::atomic<bool> is_broken{false};
  const auto started = std::chrono::steady_clock::now();
  const auto work = [&] {
    PGconn* connection = PQconnectdb(argv[1]);
    for (;;) {
      const std::uint64_t from = next.fetch_add(batch);
      if (from >= first + count) break;
      const std::uint64_t end = std::min(from + batch, first + count);
      if (!(is_copy ? copy_batch(connection, from, end) : insert_batch(connection, from, end))) {
        std::fprintf(stderr, "%s", PQerrorMessage(connection));
        is_broken = true;
        break;
      }
      acked += end - from;
    }
    PQfinish(connection);
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) threads.emplace_back(work);
  for (auto& thread : threads) thread.join();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  std::printf("acked %llu seconds %.3f\n", static_cast<unsigned long long>(acked.load()), seconds);
  return is_broken ? 1 : 0;
}
