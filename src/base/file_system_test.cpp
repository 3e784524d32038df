#include "base/file_system.h"

#include <gtest/gtest.h>

#include "base/test_folder.h"

namespace meterport {
namespace {

TEST(SystemFiles, WritesReadsAndTellsTheSize) {
  const TestFolder folder;
  auto file = system_files().open(folder / "log", OpenMode::create_new);
  ASSERT_TRUE(file) << file.error().detail;
  ASSERT_TRUE((*file)->write_at(3, "abc"));
  ASSERT_TRUE((*file)->sync());
  std::string out(10, '?');
  const auto got = (*file)->read_at(0, out);
  ASSERT_TRUE(got);
  EXPECT_EQ(*got, 6U);
  EXPECT_EQ(out.substr(0, 6), std::string("\0\0\0abc", 6));
  EXPECT_EQ(*(*file)->size(), 6U);
}

TEST(SystemFiles, AllocateGrowsWithZerosAndTruncateCuts) {
  const TestFolder folder;
  auto file = system_files().open(folder / "segment", OpenMode::create_or_open);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->write_at(0, "head"));
  ASSERT_TRUE((*file)->allocate(8192));
  EXPECT_EQ(*(*file)->size(), 8192U);
  ASSERT_TRUE((*file)->truncate(2));
  EXPECT_EQ(*read_file(system_files(), folder / "segment"), "he");
}

TEST(SystemFiles, NamesTheCauseByKindAndKeepsThePathInside) {
  const TestFolder folder;
  const std::string path = folder / "keys";
  const auto missing = system_files().open(path, OpenMode::read);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
  EXPECT_EQ(missing.error().text.find(folder.path()), std::string::npos);
  EXPECT_NE(missing.error().detail.find(path), std::string::npos);

  ASSERT_TRUE(system_files().open(path, OpenMode::create_new));
  EXPECT_EQ(system_files().open(path, OpenMode::create_new).error().kind, ErrorKind::conflict);
  EXPECT_EQ(system_files().remove(folder / "other").error().kind, ErrorKind::not_found);
  EXPECT_EQ(system_files().list(folder / "other").error().kind, ErrorKind::not_found);
}

TEST(SystemFiles, ListsFilesSortedWithoutFolders) {
  const TestFolder folder;
  ASSERT_TRUE(system_files().make_folders(folder / "a/b/c"));
  ASSERT_TRUE(system_files().make_folders(folder / "a/b/c"));
  EXPECT_TRUE(system_files().exists(folder / "a/b/c"));
  for (const char* name : {"2", "10", "1"}) ASSERT_TRUE(replace_file(system_files(), folder / "a" + "/" + name, "x"));
  EXPECT_EQ(*system_files().list(folder / "a"), (std::vector<std::string>{"1", "10", "2"}));
  EXPECT_GT(*system_files().free_bytes(folder.path()), 0U);
}

TEST(SystemFiles, ReplaceFilePutsNewContentInPlaceOfOld) {
  const TestFolder folder;
  const std::string path = folder / "state";
  ASSERT_TRUE(replace_file(system_files(), path, "a long first content"));
  ASSERT_TRUE(replace_file(system_files(), path, "second"));
  EXPECT_EQ(*read_file(system_files(), path), "second");
  EXPECT_EQ(*system_files().list(folder.path()), std::vector<std::string>{"state"});
}

TEST(ParentFolder, OfEveryShape) {
  EXPECT_EQ(parent_folder("a/b"), "a");
  EXPECT_EQ(parent_folder("a/b/"), "a");
  EXPECT_EQ(parent_folder("b"), ".");
  EXPECT_EQ(parent_folder("/b"), "/");
  EXPECT_EQ(parent_folder("/"), "/");
}

}  // namespace
}  // namespace meterport
