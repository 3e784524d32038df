#include "base/settings.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <set>

#include "base/file_system.h"

namespace meterport {
namespace {

std::string error_of(std::string_view toml) {
  const auto read = Settings::parse_toml(toml, "meterport.toml");
  if (read) return "was accepted";
  EXPECT_EQ(read.error().kind, ErrorKind::invalid);
  return read.error().text;
}

TEST(SettingsTable, EveryLineIsWhole) {
  std::set<std::string_view> names;
  for (const SettingSpec& spec : settings_table()) {
    EXPECT_TRUE(names.insert(spec.name).second) << spec.name << " twice";
    EXPECT_NE(spec.name.find('.'), std::string_view::npos) << spec.name;
    EXPECT_TRUE(spec.help.ends_with('.')) << spec.name;
    Settings settings;
    EXPECT_TRUE(settings.set(spec.name, spec.fallback)) << spec.name << ": its own default is refused";
  }
}

TEST(SettingsTable, ThePageInTheDocsIsTheTables) {
  const auto root = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
  const std::string path = (root / "docs" / "reference" / "settings.md").string();
  if (std::getenv("METERPORT_UPDATE_DOCS") != nullptr) {
    ASSERT_TRUE(system_files().make_folders(parent_folder(path)));
    ASSERT_TRUE(replace_file(system_files(), path, settings_markdown()));
  }
  const auto page = read_file(system_files(), path);
  ASSERT_TRUE(page) << page.error().detail;
  EXPECT_EQ(*page, settings_markdown()) << "run base_test once with METERPORT_UPDATE_DOCS=1 and commit the page";
}

TEST(Settings, DefaultsThenFile) {
  EXPECT_EQ(Settings().text("server.listen"), "127.0.0.1:8080");
  EXPECT_EQ(Settings().number("informatica.too_many_jobs_status"), 400);
  const auto fine = Settings::parse_toml(R"(# a comment
informatica.partial_rights = true
informatica.midnight_end = "exclusive"
exports.retention = 60
[delivery]
allowed_ranges = ["10.0.0.0/8", "::1/128"]
)",
                                         "meterport.toml");
  ASSERT_TRUE(fine) << fine.error().text;
  EXPECT_TRUE(fine->flag("informatica.partial_rights"));
  EXPECT_EQ(fine->text("informatica.midnight_end"), "exclusive");
  EXPECT_EQ(fine->number("exports.retention"), 60);
  EXPECT_EQ(fine->list("delivery.allowed_ranges"), (std::vector<std::string>{"10.0.0.0/8", "::1/128"}));
  EXPECT_FALSE(fine->is_default("exports.retention"));
  EXPECT_TRUE(fine->is_default("exports.lease"));
}

TEST(Settings, AnErrorNamesTheSettingTheBadValueAndWhatIsAllowed) {
  EXPECT_EQ(error_of("[informatica]\nmidnight_end = \"maybe\"\n"),
            "meterport.toml:2: informatica.midnight_end: \"maybe\" is not allowed; it takes \"inclusive\" or "
            "\"exclusive\" (default \"inclusive\")");
  EXPECT_EQ(error_of("[http]\n\nhead_bytes_max = 5\n"),
            "meterport.toml:3: http.head_bytes_max: 5 is not allowed; it takes a whole number from 1024 to 1048576, in "
            "bytes (default 16384)");
  EXPECT_EQ(
      error_of("informatica.too_many_jobs_status = 410"),
      "meterport.toml:1: informatica.too_many_jobs_status: 410 is not allowed; it takes 400 or 429 (default 400)");
  EXPECT_EQ(error_of("exports.runners = \"two\""),
            "meterport.toml:1: exports.runners: \"two\" is not allowed; it takes a whole number from 0 to 256, in jobs "
            "(default 2)");
  EXPECT_NE(error_of("exports.runners = 2.5").find("exports.runners: 2.5 is not allowed"), std::string::npos);
  EXPECT_NE(error_of("delivery.allowed_ranges = [1]").find("it takes a list of texts"), std::string::npos);
  EXPECT_NE(error_of("[server.listen]\nport = 1").find("server.listen: a table is not allowed; it takes a text"),
            std::string::npos);
}

TEST(Settings, AnUnknownNameIsRefusedWithTheNearest) {
  EXPECT_EQ(error_of("[informatica]\nmidnigth_end = \"exclusive\"\n"),
            "meterport.toml:2: informatica.midnigth_end: no such setting; the nearest is informatica.midnight_end");
  EXPECT_EQ(error_of("[server]\nrunners = 4\n"),
            "meterport.toml:2: server.runners: no such setting; the nearest is exports.runners");
  EXPECT_EQ(error_of("[exprots]\nrunners = 4\n"), "meterport.toml:1: exprots: no such setting; the nearest is exports");
}

TEST(Settings, BrokenTomlNamesTheLine) {
  EXPECT_TRUE(error_of("[server]\nlisten = \"open\n").starts_with("meterport.toml:2: ")) << error_of("a = \"");
}

TEST(Settings, SetChecksLikeAFile) {
  Settings settings;
  EXPECT_TRUE(settings.set("server.listen", SettingValue("0.0.0.0:0")));
  EXPECT_EQ(settings.text("server.listen"), "0.0.0.0:0");
  const auto wrong_type = settings.set("server.listen", SettingValue(std::int64_t{8080}));
  ASSERT_FALSE(wrong_type);
  EXPECT_EQ(wrong_type.error().field, "server.listen");
  EXPECT_FALSE(settings.set("server.lisen", SettingValue("x")));
}

TEST(SettingsDeathTest, ReadingAnUnknownNameOrAnotherTypeIsADefect) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  const Settings settings;
  EXPECT_DEATH((void)settings.text("server.nothing"), "no such setting");  // (void): the call must not return
  EXPECT_DEATH((void)settings.number("server.listen"), "another type");    // (void): as above
}

}  // namespace
}  // namespace meterport
