#include "control/store.h"

#include <gtest/gtest.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <filesystem>
#include <thread>
#include <vector>

#include "control/migrations.h"

namespace meterport::control {
namespace {

class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "control_test_XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    open();
    run("CREATE TABLE notes (id BIGINT PRIMARY KEY, text TEXT NOT NULL)");
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  void open() {
    auto opened = open_sqlite(folder_ / "control.sqlite");
    ASSERT_TRUE(opened) << opened.error().text << opened.error().detail;
    store_ = std::move(*opened);
  }
  void run(const std::string& sql) {
    const Status done = store_->write([&](soci::session& s) -> Status {
      s << sql;
      return {};
    });
    ASSERT_TRUE(done) << done.error().detail;
  }
  long long count() {
    long long n = -1;
    const Status done = store_->read([&](soci::session& s) -> Status {
      s << "SELECT COUNT(*) FROM notes", soci::into(n);
      return {};
    });
    EXPECT_TRUE(done);
    return n;
  }

  std::filesystem::path folder_;
  std::unique_ptr<Store> store_;
};

TEST_F(StoreTest, AWriteIsThereAfterReopening) {
  run("INSERT INTO notes VALUES (9007199254740993, 'kept')");
  store_.reset();
  open();
  long long id = 0;
  const Status done = store_->read([&](soci::session& s) -> Status {
    s << "SELECT id FROM notes WHERE text = 'kept'", soci::into(id);
    return {};
  });
  ASSERT_TRUE(done);
  EXPECT_EQ(id, 9007199254740993);
}

TEST_F(StoreTest, AnErrorOfTheWorkRollsBackAndIsPassedOn) {
  const Status done = store_->write([&](soci::session& s) -> Status {
    s << "INSERT INTO notes VALUES (1, 'gone')";
    return fail(ErrorKind::conflict, "name taken");
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::conflict);
  EXPECT_EQ(count(), 0);
}

TEST_F(StoreTest, WhatSociThrowsRollsBackAndBecomesAnError) {
  const Status done = store_->write([&](soci::session& s) -> Status {
    s << "INSERT INTO notes VALUES (1, 'gone')";
    s << "INSERT INTO no_such_table VALUES (1)";
    return {};
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::store_unavailable);
  EXPECT_EQ(count(), 0);
  run("INSERT INTO notes VALUES (1, 'the writer still works')");
  EXPECT_EQ(count(), 1);
}

TEST_F(StoreTest, AReadCannotWriteAndAWriteInsideAWriteIsRefusedInsteadOfHanging) {
  const Status read = store_->read([&](soci::session& s) -> Status {
    s << "INSERT INTO notes VALUES (1, 'no')";
    return {};
  });
  EXPECT_FALSE(read);
  const Status nested = store_->write(
      [&](soci::session&) -> Status { return store_->write([](soci::session&) -> Status { return {}; }); });
  ASSERT_FALSE(nested);
  EXPECT_EQ(nested.error().kind, ErrorKind::internal);
  EXPECT_EQ(count(), 0);
}

TEST_F(StoreTest, ManyThreadsWriteAndReadAtOnce) {
  constexpr int threads = 8, writes = 20;
  std::vector<std::jthread> workers;
  for (int t = 0; t < threads; ++t) {
    workers.emplace_back([this, t] {
      for (int i = 0; i < writes; ++i) {
        const int id = t * writes + i;
        const Status done = store_->write([id](soci::session& s) -> Status {
          s << "INSERT INTO notes VALUES (:id, 'x')", soci::use(id);
          return {};
        });
        EXPECT_TRUE(done);
        EXPECT_GE(count(), 1);
      }
    });
  }
  workers.clear();
  EXPECT_EQ(count(), threads * writes);
}

TEST_F(StoreTest, AReadSeesOneStateThroughout) {
  run("INSERT INTO notes VALUES (1, 'x')");
  long long before = 0, after = 0;
  const Status done = store_->read([&](soci::session& s) -> Status {
    s << "SELECT COUNT(*) FROM notes", soci::into(before);
    std::jthread([this] { run("INSERT INTO notes VALUES (2, 'y')"); }).join();
    s << "SELECT COUNT(*) FROM notes", soci::into(after);
    return {};
  });
  ASSERT_TRUE(done);
  EXPECT_EQ(before, 1);
  EXPECT_EQ(after, 1);
  EXPECT_EQ(count(), 2);
}

TEST_F(StoreTest, AStoreOfANewerVersionIsRefusedWithAWayOut) {
  run("INSERT INTO schema_migrations VALUES (9999, '9999_future', 0)");
  store_.reset();
  const auto opened = open_sqlite(folder_ / "control.sqlite");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::not_supported);
  EXPECT_NE(opened.error().text.find("newer version"), std::string::npos);
}

TEST_F(StoreTest, AMigrationIsAppliedOnceAndAHalfOneNotAtAll) {
  const Migration good{1, "0001_good", "CREATE TABLE a (x TEXT); -- it's one; not two\nINSERT INTO a VALUES ('p;q');"};
  const Migration bad{2, "0002_bad", "CREATE TABLE b (x TEXT); INSERT INTO missing VALUES (1);"};
  soci::session session(soci::sqlite3, (folder_ / "other.sqlite").string());
  const std::vector<Migration> both = {good, bad};
  EXPECT_THROW((void)migrate(session, both), soci::soci_error);  // the throw is the result
  ASSERT_TRUE(migrate(session, std::vector<Migration>{good}));
  int rows = 0, tables = 0;
  session << "SELECT COUNT(*) FROM a WHERE x = 'p;q'", soci::into(rows);
  session << "SELECT COUNT(*) FROM sqlite_master WHERE name = 'b'", soci::into(tables);
  EXPECT_EQ(rows, 1);
  EXPECT_EQ(tables, 0);
}

TEST(Migrations, StatementsAreSplitOutsideQuotesAndComments) {
  const auto parts = split_statements("/* a; b */ SELECT 'it''s; \"fine\"'; -- x; y\n\n;SELECT \"a;b\"");
  EXPECT_EQ(parts, (std::vector<std::string>{"SELECT 'it''s; \"fine\"'", "SELECT \"a;b\""}));
}

TEST(Migrations, AreSortedAndDistinct) {
  const auto table = migrations();
  for (std::size_t i = 1; i < table.size(); ++i) EXPECT_LT(table[i - 1].number, table[i].number);
}

}  // namespace
}  // namespace meterport::control
