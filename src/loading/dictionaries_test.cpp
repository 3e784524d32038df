#include "loading/dictionaries.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace meterport::loading {
namespace {

using warehouse::Code;
using warehouse::Dimension;

Code add(Dictionaries& words, Dimension dimension, std::string_view text) {
  bool is_new = false;
  return words.add(dimension, text, is_new);
}

TEST(Dictionaries, ATextKeepsItsCode) {
  Dictionaries words;
  bool is_new = false;
  const Code acme = words.add(Dimension::org, "acme", is_new);
  EXPECT_TRUE(is_new);
  EXPECT_NE(add(words, Dimension::org, "other"), acme);
  EXPECT_EQ(words.add(Dimension::org, "acme", is_new), acme);
  EXPECT_FALSE(is_new);
  EXPECT_EQ(words.find(Dimension::org, "acme"), acme);
  EXPECT_EQ(words.text(Dimension::org, acme), "acme");
}

TEST(Dictionaries, EmptyIsCodeZeroAndNeverNew) {
  Dictionaries words;
  bool is_new = true;
  EXPECT_EQ(words.add(Dimension::project, "", is_new), 0u);
  EXPECT_FALSE(is_new);
  EXPECT_EQ(words.find(Dimension::project, ""), 0u);
  EXPECT_EQ(words.text(Dimension::project, 0), "");
}

TEST(Dictionaries, DimensionsAreApart) {
  Dictionaries words;
  add(words, Dimension::org, "x");
  EXPECT_EQ(words.find(Dimension::meter, "x"), 0u);
  EXPECT_EQ(words.text(Dimension::meter, 1), "");
}

TEST(Dictionaries, RestoredWordsKeepTheirCodesAndNewOnesComeAfter) {
  Dictionaries words;
  words.restore(Dimension::folder, 2, "second");
  words.restore(Dimension::folder, 1, "first");
  EXPECT_EQ(words.find(Dimension::folder, "second"), 2u);
  EXPECT_EQ(add(words, Dimension::folder, "third"), 3u);
  EXPECT_EQ(words.text(Dimension::folder, 1), "first");
}

TEST(Dictionaries, ReadersLookUpWhileTheLoaderAdds) {
  Dictionaries words;
  constexpr Code count = 50'000;
  std::jthread loader([&] {
    for (Code i = 1; i <= count; ++i) add(words, Dimension::asset_name, "asset " + std::to_string(i));
  });
  for (Code i = 1; i <= count;) {
    const Code code = words.find(Dimension::asset_name, "asset " + std::to_string(i));
    if (code == 0) {
      std::this_thread::yield();
      continue;
    }
    EXPECT_EQ(code, i);
    EXPECT_EQ(words.text(Dimension::asset_name, code), "asset " + std::to_string(i));
    ++i;
  }
}

}  // namespace
}  // namespace meterport::loading
