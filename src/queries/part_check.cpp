// Whether a part is what was asked for.
#include <algorithm>

#include "ledger/record.h"
#include "queries/part_file.h"

namespace meterport::queries {
namespace {

using warehouse::Code;
using warehouse::Dimension;
using warehouse::Fact;

std::unexpected<Error> not_asked_for(std::string what) {
  return fail(ErrorKind::malformed, "the part is not what was asked for", std::move(what));
}

class AskedSink final : public PartSink {
 public:
  explicit AskedSink(const PartRequest& request) : request_(request) {}

  Status word(Dimension dimension, Code code, std::string_view text) override {
    if (dimension == Dimension::org) {
      if (!std::ranges::binary_search(request_.orgs, text)) return not_asked_for("usage of another org");
      keep(orgs_, code, text);
    }
    if (dimension == Dimension::meter) {
      if (!request_.meter.empty() && text != request_.meter) return not_asked_for("usage of another meter");
      keep(meters_, code, text);
    }
    return {};
  }

  Status fact(const Fact& fact, std::string_view payload, Instant) override {
    const Instant time{fact.time_us};
    if (time >= request_.period.to || (time < request_.period.from && !is_first_day(fact))) {
      return not_asked_for("usage of another time");
    }
    return request_.grain == PartGrain::records ? record(fact, payload) : Status();
  }

 private:
  static void keep(std::vector<std::string>& texts, Code code, std::string_view text) {
    if (code >= texts.size()) texts.resize(std::max<std::size_t>(code + std::size_t{1}, texts.size() * 2));
    texts[code] = text;
  }
  [[nodiscard]] bool is_first_day(const Fact& fact) const {
    return request_.with_first_days && fact.whole == 0 && fact.fraction_1e18 == 0;
  }
  [[nodiscard]] Status record(const Fact& fact, std::string_view payload) const {
    const auto record = ledger::decode_usage(payload);
    if (!record) return not_asked_for("a record that can't be read");
    const bool is_same = record->org == orgs_.at(fact.codes[static_cast<std::size_t>(Dimension::org)]) &&
                         record->meter == meters_.at(fact.codes[static_cast<std::size_t>(Dimension::meter)]) &&
                         record->time.us == fact.time_us && record->quantity.whole() == fact.whole &&
                         record->quantity.fraction() == fact.fraction_1e18;
    return is_same ? Status() : Status(not_asked_for("a record of something else"));
  }

  const PartRequest& request_;
  std::vector<std::string> orgs_, meters_;  ///< by code
};

}  // namespace

Status check_part_of(FileSystem& files, const std::string& path, const PartRequest& request) {
  AskedSink sink(request);
  const auto read = read_part_file(files, path, sink);
  if (!read) return fail(read);
  return read->grain == request.grain ? Status() : Status(not_asked_for("another grain"));
}

}  // namespace meterport::queries
