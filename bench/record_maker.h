// The benchmark's records, the same for Meterport and its peers: 2,000 orgs, 20 meters, 180 days, five dimensions.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

namespace bench {

struct Record {
  char org[16], meter[16], time[24], quantity[24], id[32], project[16], folder[16], asset[24];
};

/// Record number n: a function of n alone (splitmix64), so that every program makes the same ones.
inline Record make_record(std::uint64_t n) {
  std::uint64_t z = n + 0x9e3779b97f4a7c15ull;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  z ^= z >> 31;
  Record r{};
  const unsigned day = static_cast<unsigned>(z % 180);
  const unsigned month = 1 + day / 30, day_of_month = 1 + day % 28;
  std::snprintf(r.org, sizeof r.org, "org%04u", static_cast<unsigned>((z >> 8) % 2000));
  std::snprintf(r.meter, sizeof r.meter, "meter%02u", static_cast<unsigned>((z >> 20) % 20));
  std::snprintf(r.time, sizeof r.time, "2024-%02u-%02uT%02u:%02u:00Z", month, day_of_month,
                static_cast<unsigned>((z >> 26) % 24), static_cast<unsigned>((z >> 32) % 60));
  std::snprintf(r.quantity, sizeof r.quantity, "%u.%06u", static_cast<unsigned>((z >> 38) % 1000),
                static_cast<unsigned>((z >> 44) % 1000000));
  std::snprintf(r.id, sizeof r.id, "run-%012llu", static_cast<unsigned long long>(n));
  std::snprintf(r.project, sizeof r.project, "project%02u", static_cast<unsigned>((z >> 11) % 40));
  std::snprintf(r.folder, sizeof r.folder, "folder%02u", static_cast<unsigned>((z >> 14) % 25));
  std::snprintf(r.asset, sizeof r.asset, "asset%05u", static_cast<unsigned>((z >> 17) % 5000));
  return r;
}

inline void append_json(std::string& out, const Record& r) {
  out += "{\"org\":\"";
  out += r.org;
  out += "\",\"meter\":\"";
  out += r.meter;
  out += "\",\"time\":\"";
  out += r.time;
  out += "\",\"quantity\":\"";
  out += r.quantity;
  out += "\",\"id\":\"";
  out += r.id;
  out += "\",\"project\":\"";
  out += r.project;
  out += "\",\"folder\":\"";
  out += r.folder;
  out += "\",\"asset\":{\"name\":\"";
  out += r.asset;
  out += "\"}}\n";
}

}  // namespace bench
