// What an export holds: files, rows, bytes, manifest.
#include "exports/exports.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/hash.h"
#include "exports/csv_rows.h"
#include "exports/test_exports.h"

namespace meterport::exports {
namespace {

using queries::Entry;

std::vector<std::string> names_of(const ZipText& files) {
  std::vector<std::string> names;
  for (const auto& [name, text] : files) names.push_back(name);
  return names;
}
std::int64_t count_of(const std::string& text, char wanted) {
  return std::count(text.begin(), text.end(), wanted);
}
std::string summary_header() {
  return std::string(csv_header(ExportKind::summary));
}

class ExportContent : public ExportsTest {
 protected:
  void ingest_sample() {
    std::vector<Entry> entries = {
        {"top", "rows", "2024-09-02T10:00:00Z", "1500000.5", "P", ""},
        {"top", "hours", "2024-09-02T11:00:00Z", "2", "P", "F"},
        {"a-box", "hours", "2024-09-02T12:00:00Z", "-0.25", "", ""},
        {"top", "hours", "2024-09-01T00:00:00Z", "1", "", ""},
        {"b-sub", "hours", "2024-09-30T23:59:59.999999Z", "4", "P", "F"},
        {"top", "hours", "2024-08-31T23:59:59.999999Z", "100", "P", "F"},
        {"top", "hours", "2024-10-01T00:00:00Z", "100", "P", "F"},
        {"alone", "hours", "2024-09-05T00:00:00Z", "100", "P", "F"},
    };
    ingest(entries);
  }
};

TEST_F(ExportContent, ACombinedSummaryIsOneFileByDateThenRequestingOrgThenOthers) {
  ingest_sample();
  const Job job = run(linked_september(FileSplit::combined));
  EXPECT_EQ(job.state, JobState::success) << job.error;
  EXPECT_EQ(job.rows, 5U);
  const ZipText files = unzip(zip_of(job));
  ASSERT_EQ(names_of(files), std::vector<std::string>{"top.csv"});
  EXPECT_EQ(files[0].second,
            summary_header() +
                "\n"
                "top,hours,Hours,2024-09-01 00:00:00.0,2024-08-20 00:00:00.0,2024-09-19 00:00:00.0,1.0000000000,"
                "0.160000000000,HOURS,COMPUTE_UNITS,Top,Production,0.160000\n"
                "top,hours,Hours,2024-09-02 00:00:00.0,2024-08-20 00:00:00.0,2024-09-19 00:00:00.0,2.0000000000,"
                "0.320000000000,HOURS,COMPUTE_UNITS,Top,Production,0.160000\n"
                "top,rows,Rows,2024-09-02 00:00:00.0,2024-08-20 00:00:00.0,2024-09-19 00:00:00.0,1500000.5000000000,"
                "14.250004750000,MILLION_ROWS,null,Top,Production,9.500000\n"
                "zzz,hours,Hours,2024-09-02 00:00:00.0,2024-09-01 00:00:00.0,2024-09-30 00:00:00.0,-0.2500000000,"
                "-0.040000000000,HOURS,COMPUTE_UNITS,A,Sandbox,0.160000\n"
                "b-sub,hours,Hours,2024-09-30 00:00:00.0,2024-09-01 00:00:00.0,2024-09-30 00:00:00.0,4.0000000000,"
                "0.640000000000,HOURS,COMPUTE_UNITS,\"B, Inc.\",SubOrg,0.160000\n");
}

TEST_F(ExportContent, PerOrgThereIsAFileForEachOrgAndAHeaderAloneForOneWithoutRows) {
  ingest_sample();
  const ZipText files = unzip(zip_of(run(linked_september(FileSplit::per_org))));
  EXPECT_EQ(names_of(files), (std::vector<std::string>{"top.csv", "b-sub.csv", "c-sub.csv", "zzz.csv"}));
  EXPECT_TRUE(files[0].second.starts_with(summary_header() + "\ntop,hours,Hours,2024-09-01 "));
  EXPECT_TRUE(files[1].second.starts_with(summary_header() + "\nb-sub,"));
  EXPECT_EQ(files[2].second, summary_header()) << "no line end when empty";
  EXPECT_TRUE(files[3].second.starts_with(summary_header() + "\nzzz,"));
  std::string rows;
  for (const auto& [name, text] : files) rows += text.substr(summary_header().size() + (name == "c-sub.csv" ? 0 : 1));
  EXPECT_EQ(count_of(rows, '\n'), 5);
}

TEST_F(ExportContent, PerMeterThereIsAFileForEachMeterWithARow) {
  ingest_sample();
  const ZipText files = unzip(zip_of(run(linked_september(FileSplit::per_meter))));
  EXPECT_EQ(names_of(files), (std::vector<std::string>{"hours.csv", "rows.csv"}));
  EXPECT_EQ(count_of(files[0].second, '\n'), 5);
  EXPECT_EQ(count_of(files[1].second, '\n'), 2);
}

TEST_F(ExportContent, WithoutUsageThereIsOneFileWithAHeaderAlone) {
  for (const FileSplit split : {FileSplit::combined, FileSplit::per_meter}) {
    const ZipText files = unzip(zip_of(run(linked_september(split))));
    EXPECT_EQ(files, (ZipText{{"top.csv", summary_header()}})) << to_string(split);
  }
}

TEST_F(ExportContent, ProjectFolderIsByDateDescendingAndNullWithoutProject) {
  ingest_sample();
  const ZipText files = unzip(zip_of(run(linked_september(FileSplit::combined, ExportKind::project_folder))));
  EXPECT_EQ(files[0].second,
            "Date,Project,Folder,Org ID,Org Type,Consumption (IPUs)\n"
            "2024-09-30T00:00:00Z,P,F,b-sub,SubOrg,0.640000000000\n"
            "2024-09-02T00:00:00Z,P,F,top,Production,0.320000000000\n"
            "2024-09-02T00:00:00Z,P,null,top,Production,14.250004750000\n"
            "2024-09-02T00:00:00Z,null,null,zzz,Sandbox,-0.040000000000\n"
            "2024-09-01T00:00:00Z,null,null,top,Production,0.160000000000\n");
  const ZipText by_org = unzip(zip_of(run(linked_september(FileSplit::per_org, ExportKind::project_folder))));
  EXPECT_EQ(names_of(by_org), (std::vector<std::string>{"top.csv", "b-sub.csv", "c-sub.csv", "zzz.csv"}));
}

TEST_F(ExportContent, TheRequestingOrgAloneIsOneFileWhateverTheSplit) {
  ingest_sample();
  for (const FileSplit split : {FileSplit::combined, FileSplit::per_org}) {
    ExportSpec spec = september("a-box");
    spec.split = split;
    const ZipText files = unzip(zip_of(run(spec)));
    ASSERT_EQ(names_of(files), std::vector<std::string>{"zzz.csv"});
    EXPECT_EQ(count_of(files[0].second, '\n'), 2);
  }
}

TEST_F(ExportContent, TheSameSpecAndSnapshotGiveTheSameBytesWhateverHappensLater) {
  ingest_sample();
  for (const FileSplit split : {FileSplit::combined, FileSplit::per_org, FileSplit::per_meter}) {
    const ExportSpec spec = linked_september(split);
    const Job first = run(spec);
    const std::string bytes = zip_of(first);

    std::vector<Entry> late = {{"top", "hours", "2024-09-02T11:00:00Z", "7", "P", "F"}};
    ingest(late);
    apply(fmt::format(
        R"({{"orgs": [{{"id": "b-sub", "kind": "sub-org", "name": "Renamed {0}", "parent": "top"}},
                     {{"id": "new-{0}", "kind": "sub-org", "name": "New", "parent": "top"}}],
            "meters": [{{"id": "hours", "name": "Hours {0}", "scalar": "HOURS", "category": "COMPUTE_UNITS",
                        "rates": [{{"ipu_per_unit": "0.{0}"}}]}}]}})",
        3 + static_cast<int>(split)));
    clock_.advance_us(5 * Instant::us_per_second);

    EXPECT_NE(zip_of(run(spec)), bytes) << "a new snapshot sees all that";
    ExportSpec as_of = spec;
    as_of.as_of_position = first.snapshot.ledger_position;
    const Job again = run(as_of);
    EXPECT_EQ(again.snapshot.ledger_position, first.snapshot.ledger_position);
    EXPECT_EQ(again.snapshot.catalogue_position, first.snapshot.catalogue_position);
    EXPECT_EQ(unzip(zip_of(again)), unzip(bytes));
    as_of.as_of_position.reset();
    as_of.as_of_time = first.snapshot.as_of;
    const Job same_time = run(as_of);
    EXPECT_EQ(same_time.snapshot, first.snapshot);
    EXPECT_EQ(zip_of(same_time), bytes) << to_string(split);
    EXPECT_NE(same_time.id, first.id);
    const auto content = [&](const Job& job) {
      const std::string manifest = take(read_file(system_files(), job.manifest_path));
      return manifest.substr(0, manifest.find("\"job\""));
    };
    EXPECT_EQ(content(same_time), content(first));
  }
}

TEST_F(ExportContent, TheManifestNamesFilesDigestsTotalsAndSnapshot) {
  ingest_sample();
  const Job job = run(linked_september(FileSplit::combined));
  const std::string zip = zip_of(job);
  const std::string csv = unzip(zip)[0].second;
  const std::string manifest = take(read_file(system_files(), job.manifest_path));
  const auto has = [&](const std::string& text) {
    EXPECT_NE(manifest.find(text), std::string::npos) << text << manifest;
  };
  has(fmt::format(R"("files":[{{"name":"top.csv","rows":5,"bytes":{},"crc32":"{:08x}","sha256":"{}"}}])", csv.size(),
                  crc32_gzip(0, csv), to_hex(sha256(csv))));
  has(fmt::format(R"("archive":{{"bytes":{},"sha256":"{}"}})", zip.size(), to_hex(sha256(zip))));
  has(R"({"meter":"hours","rows":4,"quantity":"6.75","ipu":"1.08"})");
  has(R"({"meter":"rows","rows":1,"quantity":"1500000.5","ipu":"14.25000475"})");
  has(fmt::format(R"("ledger_position":{},)", job.snapshot.ledger_position));
  has(R"("gaps":[])");
  has("\"id\":\"" + job.id + "\"");
  EXPECT_EQ(job.artifact_sha256, to_hex(sha256(zip)));
  EXPECT_EQ(job.artifact_bytes, zip.size());
  EXPECT_EQ(job.revision, 1);
}

}  // namespace
}  // namespace meterport::exports
