#include "base/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <thread>
#include <vector>

#include "base/file_system.h"
#include "base/test_folder.h"

namespace meterport {
namespace {

class LogTest : public testing::Test {
 protected:
  LogTest() : fd_(::open((folder_ / "log").c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
    log::set_output(fd_);
    log::set_level(log::Level::info);
  }
  ~LogTest() override {
    log::set_output(STDERR_FILENO);
    ::close(fd_);
  }
  std::string written() { return read_file(system_files(), folder_ / "log").value(); }

 private:
  TestFolder folder_;
  int fd_;
};

TEST_F(LogTest, WritesOneJsonObjectALine) {
  log::info("export \"x\" finished", {{"job", "J1"}, {"rows", 42}, {"text", std::string("a\nb")}});
  const std::string line = written();
  EXPECT_TRUE(line.starts_with(R"({"time":"20)")) << line;
  EXPECT_TRUE(line.ends_with(R"(Z","level":"info","msg":"export \"x\" finished","job":"J1","rows":42,"text":"a\nb"})"
                             "\n"))
      << line;
}

TEST_F(LogTest, DropsWhatIsBelowTheLevel) {
  log::debug("not seen");
  EXPECT_FALSE(log::set_level("loud"));
  EXPECT_TRUE(log::set_level("error"));
  log::warning("not seen either");
  log::error("seen");
  const std::string all = written();
  EXPECT_EQ(all.find("not seen"), std::string::npos);
  EXPECT_NE(all.find(R"("level":"error","msg":"seen")"), std::string::npos);
}

TEST_F(LogTest, StaysJsonWithForeignBytesAndLongTexts) {
  log::info("odd", {{"bytes", "a\xff"}, {"long", std::string(100'000, 'x')}});
  const std::string line = written();
  EXPECT_NE(line.find(R"("bytes":"a?")"), std::string::npos);
  EXPECT_LT(line.size(), 3'000U);
  EXPECT_NE(line.find("xxx...\""), std::string::npos);
}

TEST_F(LogTest, LinesOfManyThreadsDoNotMix) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 200; ++i) log::info("line", {{"i", i}});
    });
  }
  for (auto& thread : threads) thread.join();
  const std::string all = written();
  EXPECT_EQ(std::ranges::count(all, '\n'), 800);
  for (std::size_t at = 0; at < all.size(); at = all.find('\n', at) + 1) {
    EXPECT_TRUE(std::string_view(all).substr(at).starts_with(R"({"time":)"));
  }
}

TEST(LogToAReaderThatStopped, LosesLinesInsteadOfWaitingAndSaysHowMany) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const int bytes = ::fcntl(ends[1], F_SETPIPE_SZ, 16 * 4096);
  ASSERT_GT(bytes, 0);
  const std::string filler(static_cast<std::size_t>(bytes), 'x');
  ASSERT_EQ(::write(ends[1], filler.data(), filler.size()), bytes);
  log::set_output(ends[1]);
  log::warning("lost");
  log::warning("lost too");
  std::string read(static_cast<std::size_t>(bytes), '\0');
  ASSERT_EQ(::read(ends[0], read.data(), read.size()), bytes);
  log::warning("seen");
  log::set_output(STDERR_FILENO);
  read.resize(static_cast<std::size_t>(::read(ends[0], read.data(), read.size())));
  EXPECT_NE(read.find(R"("lines":2})"), std::string::npos) << read;
  EXPECT_NE(read.find(R"("msg":"seen")"), std::string::npos) << read;
  EXPECT_EQ(read.find("lost too"), std::string::npos) << read;
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace meterport
