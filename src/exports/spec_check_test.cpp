#include "exports/spec_check.h"

#include <gtest/gtest.h>

namespace meterport::exports {
namespace {

ExportSpec spec_of(ExportKind kind, FileSplit split, bool all_linked = false) {
  ExportSpec spec;
  spec.kind = kind;
  spec.org = "top";
  spec.period = {start_of(day_from({2024, 9, 1})), start_of(day_from({2024, 10, 1}))};
  spec.split = split;
  spec.all_linked = all_linked;
  return spec;
}

/// The field at fault; empty: the spec is fine.
std::string fault(const ExportSpec& spec) {
  const Status checked = check_spec(spec);
  if (checked) return {};
  EXPECT_EQ(checked.error().kind, ErrorKind::invalid);
  EXPECT_TRUE(checked.error().text.starts_with(checked.error().field + ": ")) << checked.error().text;
  return checked.error().field;
}

TEST(SpecCheck, AssetIsCombinedOrPerOrg) {
  for (const bool all_linked : {false, true}) {
    EXPECT_EQ(fault(spec_of(ExportKind::asset, FileSplit::combined, all_linked)), "");
    EXPECT_EQ(fault(spec_of(ExportKind::asset, FileSplit::per_org, all_linked)), "");
    EXPECT_EQ(fault(spec_of(ExportKind::asset, FileSplit::per_meter, all_linked)), "split");
  }
}

TEST(SpecCheck, JobLevelIsOfTheRequestingOrgAndHasAFilePerMeter) {
  EXPECT_EQ(fault(spec_of(ExportKind::job_level, FileSplit::combined)), "");
  EXPECT_EQ(fault(spec_of(ExportKind::job_level, FileSplit::per_meter)), "");
  EXPECT_EQ(fault(spec_of(ExportKind::job_level, FileSplit::per_org)), "split");
  EXPECT_EQ(fault(spec_of(ExportKind::job_level, FileSplit::combined, true)), "all_linked");
}

TEST(SpecCheck, UsageIsNotOfferedAndProjectFolderHasNoFilePerMeter) {
  EXPECT_EQ(fault(spec_of(ExportKind::usage, FileSplit::combined)), "kind");
  EXPECT_EQ(fault(spec_of(ExportKind::project_folder, FileSplit::per_meter)), "split");
  EXPECT_EQ(fault(spec_of(ExportKind::summary, FileSplit::per_meter)), "");
}

}  // namespace
}  // namespace meterport::exports
