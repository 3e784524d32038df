#include "dialects/informatica/path_guesses.h"

#include <gtest/gtest.h>

namespace meterport::informatica {
namespace {

bool names(std::string_view path, std::string_view right) {
  return right_path_for(path).find(right) != std::string_view::npos;
}

// informatica.md section 1: "whose message names the right path when the guess is common".
TEST(PathGuesses, NameTheRightPath) {
  const std::string metering = "/saas/public/core/v3/license/metering/";
  const std::string_view status = "/ExportMeteringData/<jobId>";
  EXPECT_TRUE(names(metering + "ExportMeteringData/jobs/4l1eKlA9ngChmu6gdv3FKs", status));
  EXPECT_TRUE(names(metering + "ExportServiceJobLevelMeteringData/4l1eKlA9ngChmu6gdv3FKs", status));
  EXPECT_TRUE(names(metering + "ExportMeteringDataAllLinkedOrgsAcrossRegion/x/download", status));
  EXPECT_TRUE(names(metering + "exportMeteringData", "ExportServiceJobLevelMeteringData"));
  EXPECT_TRUE(names("/saas/public/core/v3/ExportMeteringData", "/license/metering/"));
  EXPECT_TRUE(names("/saas/api/v2/user/login", "/ma/api/v2/user/login"));
  EXPECT_TRUE(names("/ma/public/core/v3/login", "/saas/public/core/v3/login"));
  EXPECT_TRUE(names("/saas/api/v2/user/logoutall", "/ma/api/v2/user/logoutall"));
  EXPECT_TRUE(names("/ma/api/v2/user/logout", "/api/v2/user/logout"));
  EXPECT_TRUE(names("/public/core/v3/orgs", "/api/v2/org"));
  EXPECT_TRUE(names("/identity-service/api/v1/Logout", "/saas/public/core/v3/logout"));
}

TEST(PathGuesses, AreSilentAboutTheRest) {
  for (const std::string_view path :
       {"/saas/", "/public/core/v3/Roles", "/ma/x", "/saas/public/core/v3/license/nothing"}) {
    EXPECT_EQ(right_path_for(path), "") << path;
  }
}

}  // namespace
}  // namespace meterport::informatica
