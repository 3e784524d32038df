#include "formats/deflate.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <zlib.h>

#include <new>

namespace meterport::formats {
namespace {

/// Each allocation lies 64 KiB after the one before it, in memory of which only what is in use counts.
class WanderingMemory : public std::pmr::memory_resource {
 public:
  static constexpr std::size_t stride = std::size_t{64} << 10, places = 16'384, room = std::size_t{1} << 20;

  WanderingMemory()
      : base_(mmap(nullptr, stride * places + room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0)) {
    if (base_ == MAP_FAILED) throw std::bad_alloc();
  }
  ~WanderingMemory() override { munmap(base_, stride * places + room); }
  WanderingMemory(const WanderingMemory&) = delete;
  WanderingMemory& operator=(const WanderingMemory&) = delete;

 private:
  void* do_allocate(std::size_t bytes, std::size_t) override {
    if (bytes > room || next_ == places) throw std::bad_alloc();
    return static_cast<char*>(base_) + stride * next_++;
  }
  void do_deallocate(void* at, std::size_t bytes, std::size_t) override { madvise(at, bytes, MADV_DONTNEED); }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }

  void* base_;
  std::size_t next_ = 0;
};

std::string inflated(const std::string& deflated, std::size_t bytes) {
  std::string text(bytes + 1, '\0');
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, -15), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(deflated.data()));
  stream.avail_in = static_cast<uInt>(deflated.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  EXPECT_EQ(stream.avail_in, 0U);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

TEST(Deflate, TheAddressOfACompressorMakesNoDifference) {
  // The header of an ASSET export: its tenth byte begins with a match to the first, which is where an address showed.
  const std::string header =
      "Meter ID,Meter Name,Date,Asset Name,Asset Type,Project,Folder,Org ID,Org Type,Environment Name,Environment "
      "Type,Tier,IPU Per Unit,Usage,Consumption (IPUs)";
  std::string first, bytes;
  ASSERT_TRUE(BlockDeflater().compress(header, true, first));
  EXPECT_EQ(inflated(first, header.size()), header);

  WanderingMemory memory;
  for (std::size_t place = 0; place < WanderingMemory::places; ++place) {
    BlockDeflater deflater(memory);
    ASSERT_TRUE(deflater.compress(header, true, bytes));
    ASSERT_EQ(bytes, first) << "at place " << place;
  }
}

TEST(Deflate, ABlockOfAnyLengthComesBack) {
  std::string text, bytes;
  BlockDeflater deflater;
  for (std::size_t length = 0; length < 700; ++length) {
    ASSERT_TRUE(deflater.compress(text, true, bytes));
    ASSERT_EQ(inflated(bytes, text.size()), text);

    std::string head, tail;
    const std::size_t middle = length / 3;
    ASSERT_TRUE(deflater.compress(std::string_view(text).substr(0, middle), false, head));
    ASSERT_TRUE(deflater.compress(std::string_view(text).substr(middle), true, tail));
    ASSERT_EQ(inflated(head + tail, text.size()), text);
    text += length % 7 == 0 ? ',' : static_cast<char>('a' + length * length % 11);
  }
}

}  // namespace
}  // namespace meterport::formats
