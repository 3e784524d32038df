#include "dialects/informatica/path_guesses.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace meterport::informatica {
namespace {

struct Guess {
  std::string_view part;  ///< lower case; the first that the path holds counts
  std::string_view answer;
};

constexpr std::string_view job_answer =
    "The status of a job of any resource is at "
    "<baseApiUrl>/public/core/v3/license/metering/ExportMeteringData/<jobId>, "
    "its ZIP at .../ExportMeteringData/<jobId>/download";
constexpr std::string_view post_answer =
    "Jobs are posted to <baseApiUrl>/public/core/v3/license/metering/ with ExportMeteringData, "
    "ExportMeteringDataAllLinkedOrgsAcrossRegion or ExportServiceJobLevelMeteringData behind it, in this very spelling";

constexpr std::array<Guess, 20> guesses = {{
    {"/exportmeteringdata/", job_answer},
    {"/exportmeteringdataalllinkedorgsacrossregion/", job_answer},
    {"/exportservicejoblevelmeteringdata/", job_answer},
    {"exportmeteringdata", post_answer},
    {"joblevelmeteringdata", post_answer},
    {"/license/metering", post_answer},
    {"validsessionid", "A session is asked after at POST <serverUrl>/api/v2/user/validSessionId"},
    {"logoutall",
     "All sessions of a user are ended at POST /ma/api/v2/user/logoutall, with the credentials in the body"},
    {"loginoauth", "The log-in with a token is POST /ma/api/v2/user/loginOAuth"},
    {"/v2/user/login", "The v2 log-in is POST /ma/api/v2/user/login"},
    {"/v2/login", "The v2 log-in is POST /ma/api/v2/user/login"},
    {"identity-service/api/v1/log",
     "The log-in of this service is POST /identity-service/api/v1/Login; log out at POST "
     "/saas/public/core/v3/logout"},
    {"login", "The v3 log-in is POST /saas/public/core/v3/login, the v2 one POST /ma/api/v2/user/login"},
    {"logout", "Log out at POST <baseApiUrl>/public/core/v3/logout or POST <serverUrl>/api/v2/user/logout"},
    {"activitylog", "The activity log is at GET <serverUrl>/api/v2/activity/activityLog"},
    {"/license/org", "License details of an org are not served here; orgs are read at GET <serverUrl>/api/v2/org/<id>"},
    {"/v3/org", "Orgs are read at GET <serverUrl>/api/v2/org, .../org/<id> and .../org/name/<name>"},
    {"/v3/suborg", "Sub-organizations are in the answer of GET <serverUrl>/api/v2/org"},
    {"/v2/suborg", "Sub-organizations are in the answer of GET <serverUrl>/api/v2/org"},
    {"/v2/org", "Orgs are read at GET <serverUrl>/api/v2/org, .../org/<id> and .../org/name/<name>"},
}};

}  // namespace

std::string_view right_path_for(std::string_view path) {
  std::string low(path);
  std::ranges::transform(low, low.begin(), [](unsigned char c) { return std::tolower(c); });
  const auto fits = [&](const Guess& guess) { return low.find(guess.part) != std::string::npos; };
  const auto found = std::ranges::find_if(guesses, fits);
  return found == guesses.end() ? std::string_view() : found->answer;
}

}  // namespace meterport::informatica
