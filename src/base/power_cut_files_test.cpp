#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "base/fault_files.h"
#include "base/test_folder.h"

// In a build with METERPORT_BREAK_SYNC several of these fail, as they must.

namespace meterport {
namespace {

std::unique_ptr<File> open_file(FileSystem& files, const std::string& path, OpenMode mode = OpenMode::create_or_open) {
  auto file = files.open(path, mode);
  EXPECT_TRUE(file) << file.error().detail;
  return std::move(*file);
}

std::string content_of(const std::string& path) {
  const auto bytes = read_file(system_files(), path);
  return bytes ? *bytes : "(" + std::string(to_string(bytes.error().kind)) + ")";
}

/// Every file of the folder by name.
std::map<std::string, std::string> state_of(const std::string& folder) {
  std::map<std::string, std::string> all;
  for (const auto& name : system_files().list(folder).value()) all[name] = content_of(folder + "/" + name);
  return all;
}

TEST(PowerCutFiles, BehavesLikeAFileSystemBeforeTheCut) {
  const TestFolder folder;
  ASSERT_TRUE(replace_file(system_files(), folder / "old", "old content"));
  PowerCutFiles files(system_files(), folder.path());
  EXPECT_EQ(files.open(folder / "none", OpenMode::read).error().kind, ErrorKind::not_found);
  EXPECT_EQ(files.open(folder / "old", OpenMode::create_new).error().kind, ErrorKind::conflict);
  EXPECT_FALSE(files.open(folder / "none/file", OpenMode::create_new)) << "no such folder";

  auto file = open_file(files, folder / "new", OpenMode::create_new);
  ASSERT_TRUE(file->write_at(5'000, "tail"));
  ASSERT_TRUE(file->write_at(0, "head"));
  ASSERT_TRUE(file->allocate(10'000));
  ASSERT_TRUE(file->truncate(5'002));
  std::string expected(5'002, '\0');
  expected.replace(0, 4, "head").replace(5'000, 2, "ta");
  EXPECT_EQ(*read_file(files, folder / "new"), expected);
  ASSERT_TRUE(file->allocate(6'000));
  expected.resize(6'000);
  EXPECT_EQ(*read_file(files, folder / "new"), expected) << "what was cut off stays zero";

  ASSERT_TRUE(files.rename(folder / "new", folder / "old"));
  EXPECT_EQ(*files.list(folder.path()), std::vector<std::string>{"old"});
  EXPECT_EQ(*read_file(files, folder / "old"), expected);
  EXPECT_EQ(content_of(folder / "old"), "old content") << "nothing has been synced";
  ASSERT_TRUE(files.remove(folder / "old"));
  EXPECT_FALSE(files.exists(folder / "old"));
  EXPECT_EQ(*file->size(), 6'000U) << "an open file outlives its name";
  ASSERT_TRUE(files.sync_folder(folder.path()));
  EXPECT_FALSE(system_files().exists(folder / "old"));
  EXPECT_EQ(*file->size(), 6'000U);
}

TEST(PowerCutFiles, WhatWasSyncedIsThereAfterEveryCut) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const TestFolder folder;
    const std::string path = folder / "log";
    PowerCutFiles files(system_files(), folder.path());
    auto file = open_file(files, path);
    ASSERT_TRUE(file->allocate(65'536));
    ASSERT_TRUE(file->write_at(0, std::string(10'000, 'a')));
    ASSERT_TRUE(file->sync());
    ASSERT_TRUE(files.sync_folder(folder.path()));
    ASSERT_TRUE(file->write_at(10'000, std::string(10'000, 'b')));
    ASSERT_TRUE(files.cut(seed));
    const std::string left = content_of(path);
    ASSERT_EQ(left.size(), 65'536U);
    EXPECT_EQ(left.substr(0, 10'000), std::string(10'000, 'a'));
    EXPECT_EQ(left.substr(10'000).find_first_not_of(std::string("b\0", 2)), std::string::npos);
  }
}

TEST(PowerCutFiles, WhatWasNotSyncedIsDroppedKeptOrTornBySector) {
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const TestFolder folder;
    ASSERT_TRUE(replace_file(system_files(), folder / "log", std::string(4096, '-')));
    PowerCutFiles files(system_files(), folder.path());
    auto file = open_file(files, folder / "log");
    ASSERT_TRUE(file->write_at(0, std::string(4096, 'n')));
    ASSERT_TRUE(files.cut(seed));
    const std::string left = content_of(folder / "log");
    ASSERT_EQ(left.size(), 4096U);
    std::string sectors;
    for (std::size_t at = 0; at < left.size(); at += 512) {
      EXPECT_EQ(left.substr(at, 512), std::string(512, left[at])) << "a sector is old or new, never a mix";
      sectors += left[at];
    }
    outcomes.insert(sectors);
  }
  EXPECT_TRUE(outcomes.contains("--------"));
  EXPECT_TRUE(outcomes.contains("nnnnnnnn"));
  EXPECT_GT(outcomes.size(), 5U) << "torn in several ways";
}

TEST(PowerCutFiles, ANameNeedsTheSyncOfItsFolder) {
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const TestFolder folder;
    ASSERT_TRUE(replace_file(system_files(), folder / "state", "old"));
    PowerCutFiles files(system_files(), folder.path());
    auto file = open_file(files, folder / "state.new");
    ASSERT_TRUE(file->write_at(0, "new"));
    ASSERT_TRUE(file->sync());
    ASSERT_TRUE(files.rename(folder / "state.new", folder / "state"));
    ASSERT_TRUE(files.cut(seed));
    std::string names;
    for (const auto& [name, content] : state_of(folder.path())) names += name + "=" + content + " ";
    outcomes.insert(names);
  }
  // A prefix of: create, rename. The rename alone can't be.
  EXPECT_EQ(outcomes, (std::set<std::string>{"state=old ", "state=old state.new=new ", "state=new "}));
}

TEST(PowerCutFiles, ARenameBeforeTheSyncOfTheBytesMayLeaveAnEmptyFile) {
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 0; seed < 80; ++seed) {
    const TestFolder folder;
    ASSERT_TRUE(replace_file(system_files(), folder / "state", "old"));
    PowerCutFiles files(system_files(), folder.path());
    ASSERT_TRUE(open_file(files, folder / "state.new")->write_at(0, "new"));
    ASSERT_TRUE(files.rename(folder / "state.new", folder / "state"));
    ASSERT_TRUE(files.sync_folder(folder.path()));
    ASSERT_TRUE(files.cut(seed));
    outcomes.insert(content_of(folder / "state"));
  }
  EXPECT_TRUE(outcomes.contains(""));
  EXPECT_TRUE(outcomes.contains("new"));
  EXPECT_FALSE(outcomes.contains("old"));
}

TEST(PowerCutFiles, ReplaceFileSurvivesEveryCutAtEverySync) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const TestFolder folder;
    PowerCutFiles files(system_files(), folder.path());
    ASSERT_TRUE(replace_file(files, folder / "state", "old"));
    bool told = false;
    files.cut_at_sync(seed, 1 + seed % 2, [&] { told = true; });
    const auto replaced = replace_file(files, folder / "state", "new and longer");
    ASSERT_FALSE(replaced);
    EXPECT_EQ(replaced.error().kind, ErrorKind::store_unavailable);
    EXPECT_TRUE(told);
    const std::string left = content_of(folder / "state");
    EXPECT_TRUE(left == "old" || left == "new and longer") << left;
  }
}

TEST(PowerCutFiles, AShrinkMayBeLostWithAllThatFollowedIt) {
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 0; seed < 120; ++seed) {
    const TestFolder folder;
    ASSERT_TRUE(replace_file(system_files(), folder / "log", std::string(1024, 'o')));
    PowerCutFiles files(system_files(), folder.path());
    auto file = open_file(files, folder / "log");
    ASSERT_TRUE(file->truncate(0));
    ASSERT_TRUE(file->write_at(0, std::string(512, 'n')));
    ASSERT_TRUE(files.cut(seed));
    const std::string left = content_of(folder / "log");
    EXPECT_TRUE(left == std::string(1024, 'o') || left.find('o') == std::string::npos) << "old and new mixed";
    outcomes.insert(left);
  }
  EXPECT_TRUE(outcomes.contains(std::string(1024, 'o')));
  EXPECT_TRUE(outcomes.contains(""));
  EXPECT_TRUE(outcomes.contains(std::string(512, 'n')));
  EXPECT_TRUE(outcomes.contains(std::string(512, '\0')));
}

TEST(PowerCutFiles, ARenameBetweenFoldersHappensInBothOrInNone) {
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const TestFolder folder;
    ASSERT_TRUE(system_files().make_folders(folder / "from"));
    ASSERT_TRUE(system_files().make_folders(folder / "to"));
    PowerCutFiles files(system_files(), folder.path());
    {
      auto file = open_file(files, folder / "from/a");
      ASSERT_TRUE(file->write_at(0, "bytes"));
      ASSERT_TRUE(file->sync());
    }
    ASSERT_TRUE(files.rename(folder / "from/a", folder / "to/b"));
    if (seed % 2 == 0) ASSERT_TRUE(files.sync_folder(folder / "to"));
    ASSERT_TRUE(files.cut(seed));
    const std::string left = content_of(folder / "from/a") + " " + content_of(folder / "to/b");
    if (seed % 2 == 0) EXPECT_EQ(left, "(not_found) bytes");
    outcomes.insert(left);
  }
  EXPECT_EQ(outcomes, (std::set<std::string>{"(not_found) bytes", "bytes (not_found)", "(not_found) (not_found)"}));
}

TEST(PowerCutFiles, AfterTheCutEveryCallFails) {
  const TestFolder folder;
  PowerCutFiles files(system_files(), folder.path());
  auto file = open_file(files, folder / "log");
  ASSERT_TRUE(files.cut(1));
  EXPECT_TRUE(files.is_cut());
  std::string out(4, '\0');
  EXPECT_EQ(file->write_at(0, "x").error().kind, ErrorKind::store_unavailable);
  EXPECT_EQ(file->read_at(0, out).error().kind, ErrorKind::store_unavailable);
  EXPECT_EQ(file->sync().error().kind, ErrorKind::store_unavailable);
  EXPECT_EQ(file->size().error().kind, ErrorKind::store_unavailable);
  EXPECT_EQ(files.open(folder / "log", OpenMode::create_or_open).error().kind, ErrorKind::store_unavailable);
  EXPECT_EQ(files.rename(folder / "log", folder / "x").error().kind, ErrorKind::store_unavailable);
  EXPECT_EQ(files.sync_folder(folder.path()).error().kind, ErrorKind::store_unavailable);
  EXPECT_EQ(files.list(folder.path()).error().kind, ErrorKind::store_unavailable);
  EXPECT_EQ(files.cut(1).error().kind, ErrorKind::store_unavailable);
  EXPECT_FALSE(files.exists(folder / "log"));
}

/// A small store of its own kind: random writes, sizes, names and syncs, beside a model of what it must read.
class RandomStory {
 public:
  RandomStory(FileSystem& files, std::string folder, std::uint64_t seed)
      : files_(files), folder_(std::move(folder)), luck_(seed) {}

  void run(int steps) {
    for (int i = 0; i < steps; ++i) step();
  }

  void compare() {
    std::map<std::string, std::string> seen;
    for (const auto& name : files_.list(folder_).value()) seen[name] = read_file(files_, folder_ + "/" + name).value();
    EXPECT_EQ(seen, model_);
  }

 private:
  std::string any_name() { return std::string(1, static_cast<char>('a' + luck_() % 4)); }

  void step() {
    const std::string name = any_name();
    const std::string path = folder_ + "/" + name;
    const std::uint64_t choice = luck_() % 10;
    if (choice == 0) {
      ASSERT_TRUE(files_.sync_folder(folder_));
    } else if (choice == 1) {
      EXPECT_EQ(files_.remove(path).has_value(), model_.erase(name) == 1);
    } else if (choice == 2) {
      const std::string to = any_name();
      EXPECT_EQ(files_.rename(path, folder_ + "/" + to).has_value(), model_.contains(name));
      if (model_.contains(name)) {
        const std::string bytes = model_[name];
        model_.erase(name);
        model_[to] = bytes;
      }
    } else {
      change(path, model_[name], choice);
    }
  }

  void change(const std::string& path, std::string& bytes, std::uint64_t choice) {
    auto file = open_file(files_, path);
    const std::uint64_t at = luck_() % 20'000;
    if (choice == 3) {
      ASSERT_TRUE(file->sync());
    } else if (choice == 4) {
      ASSERT_TRUE(file->truncate(at));
      bytes.resize(at);
    } else {
      const std::string text(luck_() % 9'000, static_cast<char>('A' + luck_() % 26));
      ASSERT_TRUE(file->write_at(at, text));
      if (!text.empty() && bytes.size() < at + text.size()) bytes.resize(at + text.size());
      if (!text.empty()) bytes.replace(at, text.size(), text);
    }
  }

  FileSystem& files_;
  std::string folder_;
  std::mt19937_64 luck_;
  std::map<std::string, std::string> model_;
};

TEST(PowerCutFiles, ReadsLikeTheModelThroughRandomStoriesAndCutsRepeat) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const auto run = [&](std::uint64_t cut_seed) {
      const TestFolder folder;
      PowerCutFiles files(system_files(), folder.path());
      RandomStory story(files, folder.path(), seed);
      story.run(60);
      story.compare();
      EXPECT_TRUE(files.cut(cut_seed));
      return state_of(folder.path());
    };
    EXPECT_EQ(run(seed), run(seed)) << "seed " << seed;
  }
}

TEST(PowerCutFiles, AfterSyncingAllNothingIsLost) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const TestFolder folder;
    PowerCutFiles files(system_files(), folder.path());
    RandomStory story(files, folder.path(), seed);
    story.run(60);
    for (const auto& name : files.list(folder.path()).value()) {
      ASSERT_TRUE(open_file(files, folder / name, OpenMode::read_write)->sync());
    }
    ASSERT_TRUE(files.sync_folder(folder.path()));
    ASSERT_TRUE(files.cut(seed));
    const TestFolder plain;
    RandomStory reference(system_files(), plain.path(), seed);
    reference.run(60);
    EXPECT_EQ(state_of(folder.path()), state_of(plain.path())) << "seed " << seed;
  }
}

TEST(PowerCutFiles, ThreadsKeepEveryAcknowledgedWrite) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const TestFolder folder;
    PowerCutFiles files(system_files(), folder.path());
    constexpr std::size_t writers = 4;
    std::array<std::atomic<std::uint64_t>, writers> acknowledged{};
    files.cut_at_sync(seed, 200, {});
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < writers; ++t) {
      threads.emplace_back([&, t] {
        auto file = files.open(folder / std::to_string(t), OpenMode::create_new);
        if (!file || !files.sync_folder(folder.path())) return;
        for (std::uint64_t n = 1; (*file)->write_at((n - 1) * 8, std::string(8, 'x')) && (*file)->sync(); ++n) {
          acknowledged.at(t) = n;
        }
      });
    }
    for (auto& thread : threads) thread.join();
    ASSERT_TRUE(files.is_cut());
    for (std::size_t t = 0; t < writers; ++t) {
      const std::uint64_t bytes = acknowledged.at(t) * 8;
      if (bytes > 0) EXPECT_TRUE(content_of(folder / std::to_string(t)).starts_with(std::string(bytes, 'x')));
    }
  }
}

}  // namespace
}  // namespace meterport
