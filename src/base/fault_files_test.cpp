#include "base/fault_files.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "base/test_folder.h"

namespace meterport {
namespace {

std::unique_ptr<File> open_new(FileSystem& files, const std::string& path) {
  auto file = files.open(path, OpenMode::create_or_open);
  EXPECT_TRUE(file) << file.error().detail;
  return std::move(*file);
}

TEST(FaultFiles, AScriptedFaultHitsTheChosenCallsOfTheChosenFiles) {
  const TestFolder folder;
  FaultFiles files(system_files());
  files.plan({.kind = FaultKind::sync_error, .path_contains = "segment", .first = 2, .count = 1});
  auto segment = open_new(files, folder / "segment-1");
  auto other = open_new(files, folder / "other");
  EXPECT_TRUE(segment->sync());
  EXPECT_TRUE(other->sync());
  const auto failed = segment->sync();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ErrorKind::store_unavailable);
  EXPECT_TRUE(segment->sync());
  EXPECT_EQ(files.faults_injected(), 1U);
}

TEST(FaultFiles, AShortWriteLeavesAPartBehind) {
  const TestFolder folder;
  FaultFiles files(system_files());
  files.plan({.kind = FaultKind::short_write, .path_contains = {}});
  auto file = open_new(files, folder / "log");
  EXPECT_EQ(file->write_at(0, "abcdef").error().kind, ErrorKind::store_unavailable);
  EXPECT_EQ(*file->size(), 3U);
  EXPECT_TRUE(file->write_at(0, "abcdef"));
}

TEST(FaultFiles, TheDiskFillsAfterSoManyBytesAndHeals) {
  const TestFolder folder;
  FaultFiles files(system_files());
  files.limit_space(10);
  auto file = open_new(files, folder / "log");
  EXPECT_TRUE(file->write_at(0, "12345678"));
  EXPECT_TRUE(file->write_at(0, "87654321")) << "overwriting takes no space";
  EXPECT_EQ(*files.free_bytes(folder.path()), 2U);
  EXPECT_EQ(file->allocate(100).error().kind, ErrorKind::storage_full);
  EXPECT_EQ(file->write_at(8, "90abc").error().kind, ErrorKind::storage_full);
  EXPECT_EQ(*read_file(files, folder / "log"), "87654321");
  files.heal();
  EXPECT_TRUE(file->allocate(100));
}

TEST(FaultFiles, ReadsComeBackFlippedOrTorn) {
  const TestFolder folder;
  const std::string content(4096, 'x');
  ASSERT_TRUE(replace_file(system_files(), folder / "block", content));
  FaultFiles files(system_files());
  files.plan({.kind = FaultKind::flipped_read, .path_contains = "block", .first = 1});
  files.plan({.kind = FaultKind::torn_read, .path_contains = "block", .first = 2});
  const std::string flipped = read_file(files, folder / "block").value();
  std::size_t different = 0;
  for (std::size_t i = 0; i < content.size(); ++i) different += flipped[i] != content[i] ? 1 : 0;
  EXPECT_EQ(different, 1U);
  const std::string torn = read_file(files, folder / "block").value();
  const std::size_t from = torn.find('\0');
  ASSERT_NE(from, std::string::npos);
  EXPECT_EQ(from % 512, 0U);
  EXPECT_EQ(torn.substr(from), std::string(content.size() - from, '\0'));
  EXPECT_EQ(read_file(files, folder / "block").value(), content);
}

TEST(FaultFiles, SeededFaultsRepeat) {
  const auto run = [](std::uint64_t seed) {
    const TestFolder folder;
    FaultFiles files(system_files());
    files.plan_seeded(seed, 200, {FaultKind::short_write, FaultKind::sync_error});
    auto file = open_new(files, folder / "log");
    std::string story;
    for (int i = 0; i < 100; ++i) {
      story += file->write_at(0, "x") ? '.' : 'w';
      story += file->sync() ? '.' : 's';
    }
    return story;
  };
  EXPECT_EQ(run(7), run(7));
  EXPECT_NE(run(7), run(8));
  EXPECT_NE(run(7).find('w'), std::string::npos);
  EXPECT_NE(run(7).find('s'), std::string::npos);
}

/// Runs the story in a child process with the environment variable set; its exit status.
template <class Story>
int run_with(const char* variable, const std::string& value, Story story) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv(variable, value.c_str(), 1);
    const auto files = files_from_environment(system_files());
    ::_exit(files ? story(*files) : 99);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(FilesFromEnvironment, IsNothingUnlessAskedFor) {
  EXPECT_EQ(files_from_environment(system_files()), nullptr);
}

TEST(FilesFromEnvironment, RefusesWhatItCantRead) {
  const auto unused = [](FileSystem&) { return 0; };
  for (const char* value : {"", "7", "seed:x", "seed:1:2:3", "seed:"}) {
    EXPECT_EQ(run_with("METERPORT_TEST_POWER_CUT", value, unused), 2) << value;
  }
  for (const char* value : {"", "sync_error", "melted:x:1", "sync_error:x:one"}) {
    EXPECT_EQ(run_with("METERPORT_TEST_FILE_FAULTS", value, unused), 2) << value;
  }
}

TEST(FilesFromEnvironment, PlansFaults) {
  const TestFolder folder;
  const int status =
      run_with("METERPORT_TEST_FILE_FAULTS", "open_error:bad:1,sync_error:log:1:2", [&](FileSystem& files) {
        if (files.open(folder / "bad", OpenMode::create_new)) return 1;
        auto file = files.open(folder / "log", OpenMode::create_new);
        if (!file) return 2;
        if ((*file)->sync() || (*file)->sync()) return 3;
        return (*file)->sync() ? 0 : 4;
      });
  EXPECT_EQ(status, 0);
}

TEST(FilesFromEnvironment, APowerCutEndsTheProcessAtTheChosenSync) {
  const TestFolder folder;
  const std::string path = folder / "log";
  // replace_file syncs twice: the cut is the third call, when "second" has been written and not synced.
  const int status = run_with("METERPORT_TEST_POWER_CUT", "seed:1:3", [&](FileSystem& files) {
    if (!replace_file(files, path, "first")) return 1;
    return replace_file(files, path, "second") ? 2 : 3;
  });
  EXPECT_EQ(status, 137);
  EXPECT_EQ(*read_file(system_files(), path), "first");
}

TEST(FilesFromEnvironment, AKilledProcessLosesWhatItDidNotSync) {
  const TestFolder folder;
  const std::string path = folder / "log";
  const int status = run_with("METERPORT_TEST_POWER_CUT", "seed:1", [&](FileSystem& files) {
    if (!replace_file(files, path, "synced")) return 1;
    auto file = files.open(path, OpenMode::read_write);
    if (!file || !(*file)->write_at(0, "LOST, and longer")) return 2;
    if (*read_file(files, path) != "LOST, and longer") return 3;
    ::kill(::getpid(), SIGKILL);
    return 4;
  });
  EXPECT_EQ(status, -SIGKILL);
  EXPECT_EQ(*read_file(system_files(), path), "synced");
}

}  // namespace
}  // namespace meterport
