#include "model/date_format.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cctype>
#include <random>
#include <string>

namespace meterport {
namespace {

/// A format of NetSuite's list, and how a day is written in it without and with leading zeros. {M} is the month's name.
struct Written {
  std::string_view format, plain, padded;
  bool ends_with_year = true;
};
constexpr std::array<Written, 16> formats = {{
    {"M/D/YYYY", "{m}/{d}/{y:04}", "{m:02}/{d:02}/{y:04}"},
    {"MM/DD/YYYY", "{m}/{d}/{y:04}", "{m:02}/{d:02}/{y:04}"},
    {"D/M/YYYY", "{d}/{m}/{y:04}", "{d:02}/{m:02}/{y:04}"},
    {"DD/MM/YYYY", "{d}/{m}/{y:04}", "{d:02}/{m:02}/{y:04}"},
    {"D-Mon-YYYY", "{d}-{M:.3}-{y:04}", "{d:02}-{M:.3}-{y:04}"},
    {"DD-Mon-YYYY", "{d}-{M:.3}-{y:04}", "{d:02}-{M:.3}-{y:04}"},
    {"D.M.YYYY", "{d}.{m}.{y:04}", "{d:02}.{m:02}.{y:04}"},
    {"DD.MM.YYYY", "{d}.{m}.{y:04}", "{d:02}.{m:02}.{y:04}"},
    {"D-MONTH-YYYY", "{d}-{M}-{y:04}", "{d:02}-{M}-{y:04}"},
    {"DD-MONTH-YYYY", "{d}-{M}-{y:04}", "{d:02}-{M}-{y:04}"},
    {"D MONTH, YYYY", "{d} {M}, {y:04}", "{d:02} {M}, {y:04}"},
    {"DD MONTH, YYYY", "{d} {M}, {y:04}", "{d:02} {M}, {y:04}"},
    {"YYYY/M/D", "{y:04}/{m}/{d}", "{y:04}/{m:02}/{d:02}", false},
    {"YYYY/MM/DD", "{y:04}/{m}/{d}", "{y:04}/{m:02}/{d:02}", false},
    {"YYYY-M-D", "{y:04}-{m}-{d}", "{y:04}-{m:02}-{d:02}", false},
    {"YYYY-MM-DD", "{y:04}-{m}-{d}", "{y:04}-{m:02}-{d:02}", false},
}};
constexpr std::array<std::string_view, 12> names = {"January",   "February", "March",    "April",
                                                    "May",       "June",     "July",     "August",
                                                    "September", "October",  "November", "December"};

std::string write(std::string_view pattern, Day day) {
  const CivilDate date = civil_of(day);
  return fmt::format(fmt::runtime(pattern), fmt::arg("d", date.day), fmt::arg("m", date.month),
                     fmt::arg("M", names[date.month - 1]), fmt::arg("y", date.year));
}

std::string in_case(std::string text, int (*change)(int)) {
  for (char& c : text) c = static_cast<char>(change(static_cast<unsigned char>(c)));
  return text;
}

std::string read(std::string_view text, std::string_view format = "M/D/YYYY") {
  const auto day = parse_date(text, format);
  return day ? format_day(*day) : "none";
}

TEST(DateFormat, ReadsEveryFormatThatNetSuiteKnows) {
  EXPECT_EQ(read("1/3/2018"), "2018-01-03");
  EXPECT_EQ(read("3/1/2018", "D/M/YYYY"), "2018-01-03");
  EXPECT_EQ(read("3-Jan-2018", "D-Mon-YYYY"), "2018-01-03");
  EXPECT_EQ(read("3.1.2018", "D.M.YYYY"), "2018-01-03");
  EXPECT_EQ(read("3-January-2018", "D-MONTH-YYYY"), "2018-01-03");
  EXPECT_EQ(read("3 January, 2018", "D MONTH, YYYY"), "2018-01-03");
  EXPECT_EQ(read("2018/1/3", "YYYY/M/D"), "2018-01-03");
  EXPECT_EQ(read("2018-1-3", "YYYY-M-D"), "2018-01-03");
}

TEST(DateFormat, N38_LeadingZerosMayBeThereOrNotInEveryFormat) {
  const Day day = day_from({2018, 1, 3});
  for (const Written& form : formats) {
    EXPECT_EQ(read(write(form.plain, day), form.format), "2018-01-03") << form.format;
    EXPECT_EQ(read(write(form.padded, day), form.format), "2018-01-03") << form.format;
  }
}

TEST(DateFormat, AnyDayWrittenInAnyFormatIsReadBack) {
  std::mt19937 random(20180103);  // NOLINT: a fixed seed on purpose
  const Day first = day_from({1, 1, 1}), last = day_from({9999, 12, 31});
  std::uniform_int_distribution<std::int32_t> any_day(first.days, last.days);
  for (int round = 0; round < 2'000; ++round) {
    const Day day{any_day(random)};
    for (const Written& form : formats) {
      for (const std::string_view pattern : {form.plain, form.padded}) {
        const std::string text = write(pattern, day);
        ASSERT_EQ(parse_date(text, form.format), day) << text << " as " << form.format;
        ASSERT_EQ(parse_date(in_case(text, std::toupper), form.format), day) << text;
        ASSERT_EQ(parse_date(in_case(text, std::tolower), form.format), day) << text;
      }
    }
  }
}

TEST(DateFormat, NeitherMoreNorLessThanADateIsTaken) {
  const Day day = day_from({2018, 11, 25});
  for (const Written& form : formats) {
    const std::string text = write(form.plain, day);
    ASSERT_NE(read(text, form.format), "none");
    for (const std::string_view more : {" ", "x", "/", " 10:00", "\n", "Z"}) {
      EXPECT_EQ(read(text + std::string(more), form.format), "none") << form.format;
      EXPECT_EQ(read(std::string(more) + text, form.format), "none") << form.format;
    }
    EXPECT_EQ(read(text + "0", form.format), "none") << form.format;
    // Where the year comes first, "2018/11/2" is a date too.
    const std::size_t shortest_date = form.ends_with_year ? text.size() : text.size() - 1;
    for (std::size_t n = 0; n < shortest_date; ++n)
      EXPECT_EQ(read(text.substr(0, n), form.format), "none") << text << n;
  }
}

TEST(DateFormat, ADateOfAnotherFormatIsNone) {
  for (const std::string_view text : {"2018-01-03",
                                      "3.1.2018",
                                      "1-3-2018",
                                      "3-Jan-2018",
                                      "3 January, 2018",
                                      "1 / 3 / 2018",
                                      "1/3/18",
                                      "1/3/018",
                                      "1/3/20180",
                                      "001/3/2018",
                                      "1/003/2018",
                                      "//2018",
                                      "1//2018",
                                      "/1/3/2018",
                                      "+1/3/2018",
                                      "-1/3/2018",
                                      "1/3/-018",
                                      "1/3/2O18",
                                      "\xC2\xA0"
                                      "1/3/2018",
                                      "\xD9\xA1/3/2018",
                                      "tomorrow",
                                      ""}) {
    EXPECT_EQ(read(text), "none") << text;
  }
  EXPECT_EQ(read("3-January-2018", "D-Mon-YYYY"), "none");
  EXPECT_EQ(read("3-Jan-2018", "D-MONTH-YYYY"), "none");
  EXPECT_EQ(read("3-May-2018", "D-MONTH-YYYY"), read("3-May-2018", "D-Mon-YYYY"));
  EXPECT_EQ(read("3-Jän-2018", "D-Mon-YYYY"), "none");
  EXPECT_EQ(read("3-1-2018", "D-Mon-YYYY"), "none");
}

TEST(DateFormat, N38_OnlyRealDaysAreTaken) {
  for (const std::string_view text : {"2/30/2018", "4/31/2018", "6/31/2018", "9/31/2018", "11/31/2018", "1/32/2018",
                                      "13/1/2018", "0/1/2018", "1/0/2018", "00/01/2018", "99/99/2018"}) {
    EXPECT_EQ(read(text), "none") << text;
  }
  for (const std::string_view text : {"1/31/2018", "3/31/2018", "4/30/2018", "5/31/2018", "6/30/2018", "7/31/2018",
                                      "8/31/2018", "9/30/2018", "10/31/2018", "11/30/2018", "12/31/2018"}) {
    EXPECT_NE(read(text), "none") << text;
  }
}

TEST(DateFormat, LeapYearsAreThoseOfTheCalendar) {
  for (const int year : {2016, 2020, 2000, 2400, 1600}) {
    EXPECT_EQ(read(fmt::format("2/29/{}", year)), fmt::format("{}-02-29", year));
    EXPECT_EQ(read(fmt::format("2/30/{}", year)), "none");
  }
  for (const int year : {2018, 2019, 1900, 2100, 2200}) EXPECT_EQ(read(fmt::format("2/29/{}", year)), "none") << year;
}

TEST(DateFormat, AFormatThatLacksAPartTakesNothing) {
  EXPECT_EQ(read("1/2018", "M/YYYY"), "none");
  EXPECT_EQ(read("3/2018", "D/YYYY"), "none");
  EXPECT_EQ(read("1/3", "M/D"), "none");
  EXPECT_EQ(read("", ""), "none");
  EXPECT_EQ(read("1/3/2018", ""), "none");
}

}  // namespace
}  // namespace meterport
