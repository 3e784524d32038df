#include "base/fault_files.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <random>
#include <utility>

namespace meterport {
namespace {

constexpr std::array<std::pair<std::string_view, FaultKind>, 7> kind_names{{
    {"open_error", FaultKind::open_error},
    {"short_write", FaultKind::short_write},
    {"no_space", FaultKind::no_space},
    {"sync_error", FaultKind::sync_error},
    {"read_error", FaultKind::read_error},
    {"torn_read", FaultKind::torn_read},
    {"flipped_read", FaultKind::flipped_read},
}};

std::unexpected<Error> fail_injected(FaultKind kind, const std::string& path) {
  for (const auto& [name, value] : kind_names) {
    if (value != kind) continue;
    const std::string detail = fmt::format("injected {}: {}", name, path);
    if (kind == FaultKind::no_space) return fail(ErrorKind::storage_full, "the disk is full", detail);
    return fail(ErrorKind::store_unavailable, "storage is not available", detail);
  }
  std::abort();
}

}  // namespace

struct FaultFiles::State {
  struct Plan {
    Fault fault;
    std::uint64_t seen = 0;
  };

  std::mutex mutex;
  std::vector<Plan> plans;
  std::mt19937_64 luck{1};
  unsigned per_thousand = 0;
  std::vector<FaultKind> seeded_kinds;
  std::optional<std::uint64_t> space_left;
  std::uint64_t injected = 0;

  /// What goes wrong in this call, if anything, out of the kinds that its sort of call can have.
  std::optional<FaultKind> draw(std::initializer_list<FaultKind> kinds, const std::string& path) {
    const std::lock_guard lock(mutex);
    std::optional<FaultKind> hit;
    for (Plan& plan : plans) {
      const Fault& fault = plan.fault;
      if (std::ranges::find(kinds, fault.kind) == kinds.end()) continue;
      if (path.find(fault.path_contains) == std::string::npos) continue;
      ++plan.seen;
      if (plan.seen >= fault.first && plan.seen - fault.first < fault.count) hit = fault.kind;
    }
    for (const FaultKind kind : seeded_kinds) {
      if (hit || std::ranges::find(kinds, kind) == kinds.end()) continue;
      if (luck() % 1000 < per_thousand) hit = kind;
    }
    if (hit) ++injected;
    return hit;
  }

  /// Takes up to `bytes` of the space left; how much there was.
  std::uint64_t take_space(std::uint64_t bytes) {
    const std::lock_guard lock(mutex);
    if (!space_left) return bytes;
    const std::uint64_t taken = std::min(bytes, *space_left);
    *space_left -= taken;
    if (taken < bytes) ++injected;
    return taken;
  }

  std::uint64_t random_below(std::uint64_t bound) {
    const std::lock_guard lock(mutex);
    return luck() % bound;
  }
};

class FaultFiles::FaultFile final : public File {
 public:
  FaultFile(std::shared_ptr<State> state, std::unique_ptr<File> below, std::string path)
      : state_(std::move(state)), below_(std::move(below)), path_(std::move(path)) {}

  Status write_at(std::uint64_t offset, std::string_view bytes) override {
    if (const auto kind = state_->draw({FaultKind::short_write, FaultKind::no_space}, path_)) {
      if (auto s = below_->write_at(offset, bytes.substr(0, bytes.size() / 2)); !s) return s;
      return fail_injected(*kind, path_);
    }
    const auto missing = missing_space(offset + bytes.size());
    if (!missing) return fail(missing);
    const std::uint64_t written = bytes.size() - std::min<std::uint64_t>(*missing, bytes.size());
    if (auto s = below_->write_at(offset, bytes.substr(0, written)); !s || *missing == 0) return s;
    return fail_injected(FaultKind::no_space, path_);
  }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> out) override {
    const auto kind = state_->draw({FaultKind::read_error, FaultKind::torn_read, FaultKind::flipped_read}, path_);
    if (kind == FaultKind::read_error) return fail_injected(*kind, path_);
    auto got = below_->read_at(offset, out);
    if (!got || !kind || *got == 0) return got;
    const std::size_t at = state_->random_below(*got);
    if (kind == FaultKind::flipped_read) {
      out[at] = static_cast<char>(out[at] ^ 0x40);
    } else {
      // From the boundary at or before that byte; a read that begins behind the boundary loses all of it.
      constexpr std::size_t sector_bytes = 512;
      const std::size_t back = (offset + at) % sector_bytes;
      const std::size_t from = back > at ? 0 : at - back;
      std::fill(out.begin() + static_cast<std::ptrdiff_t>(from), out.begin() + static_cast<std::ptrdiff_t>(*got), '\0');
    }
    return got;
  }

  Status sync() override {
    if (const auto kind = state_->draw({FaultKind::sync_error}, path_)) return fail_injected(*kind, path_);
    return below_->sync();
  }

  Status allocate(std::uint64_t size) override {
    if (const auto kind = state_->draw({FaultKind::no_space}, path_)) return fail_injected(*kind, path_);
    const auto missing = missing_space(size);
    if (!missing) return fail(missing);
    if (*missing > 0) return fail_injected(FaultKind::no_space, path_);
    return below_->allocate(size);
  }

  Status truncate(std::uint64_t size) override { return below_->truncate(size); }
  Result<std::uint64_t> size() override { return below_->size(); }

 private:
  /// Takes the space for growth to `end`; how many bytes of it there were not.
  Result<std::uint64_t> missing_space(std::uint64_t end) {
    const auto size = below_->size();
    if (!size) return size;
    const std::uint64_t growth = end > *size ? end - *size : 0;
    return growth - state_->take_space(growth);
  }

  std::shared_ptr<State> state_;
  std::unique_ptr<File> below_;
  std::string path_;
};

FaultFiles::FaultFiles(FileSystem& below) : below_(below), state_(std::make_shared<State>()) {}
FaultFiles::~FaultFiles() = default;

void FaultFiles::plan(Fault fault) {
  const std::lock_guard lock(state_->mutex);
  state_->plans.push_back({.fault = std::move(fault), .seen = 0});
}

void FaultFiles::plan_seeded(std::uint64_t seed, unsigned per_thousand, std::vector<FaultKind> kinds) {
  const std::lock_guard lock(state_->mutex);
  state_->luck.seed(seed);
  state_->per_thousand = per_thousand;
  state_->seeded_kinds = std::move(kinds);
}

void FaultFiles::limit_space(std::uint64_t bytes) {
  const std::lock_guard lock(state_->mutex);
  state_->space_left = bytes;
}

void FaultFiles::heal() {
  const std::lock_guard lock(state_->mutex);
  state_->plans.clear();
  state_->seeded_kinds.clear();
  state_->space_left.reset();
}

std::uint64_t FaultFiles::faults_injected() const {
  const std::lock_guard lock(state_->mutex);
  return state_->injected;
}

Result<std::unique_ptr<File>> FaultFiles::open(const std::string& path, OpenMode mode) {
  if (const auto kind = state_->draw({FaultKind::open_error}, path)) return fail_injected(*kind, path);
  auto file = below_.open(path, mode);
  if (!file) return file;
  return std::make_unique<FaultFile>(state_, std::move(*file), path);
}

Status FaultFiles::rename(const std::string& from, const std::string& to) {
  return below_.rename(from, to);
}
Status FaultFiles::remove(const std::string& path) {
  return below_.remove(path);
}
Status FaultFiles::sync_folder(const std::string& path) {
  return below_.sync_folder(path);
}
Status FaultFiles::make_folders(const std::string& path) {
  return below_.make_folders(path);
}
Result<std::vector<std::string>> FaultFiles::list(const std::string& folder) {
  return below_.list(folder);
}
bool FaultFiles::exists(const std::string& path) {
  return below_.exists(path);
}

Result<std::uint64_t> FaultFiles::free_bytes(const std::string& path) {
  const auto below = below_.free_bytes(path);
  const std::lock_guard lock(state_->mutex);
  if (!below || !state_->space_left) return below;
  return std::min(*below, *state_->space_left);
}

namespace {

[[noreturn]] void refuse_variable(const char* name, std::string_view value, std::string_view wanted) {
  std::fputs(fmt::format("{}: can't read \"{}\", wanted {}\n", name, value, wanted).c_str(), stderr);
  std::_Exit(2);
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t to = std::min(text.find(separator, from), text.size());
    parts.emplace_back(text.substr(from, to - from));
    from = to + 1;
  }
  return parts;
}

std::optional<std::uint64_t> parse_number(const std::string& text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return value;
}

std::unique_ptr<FileSystem> power_cut_files(FileSystem& below, const char* name, std::string_view value) {
  constexpr std::string_view wanted = "seed:N or seed:N:SYNCS";
  const auto parts = split(value, ':');
  if (parts.size() < 2 || parts.size() > 3 || parts[0] != "seed") refuse_variable(name, value, wanted);
  const auto seed = parse_number(parts[1]);
  const auto syncs = parts.size() == 3 ? parse_number(parts[2]) : std::optional<std::uint64_t>(0);
  if (!seed || !syncs) refuse_variable(name, value, wanted);
  auto files = std::make_unique<PowerCutFiles>(below);
  if (parts.size() == 3) files->cut_at_sync(*seed, std::max<std::uint64_t>(*syncs, 1), [] { ::_exit(137); });
  return files;
}

Fault parse_fault(const char* name, const std::string& text) {
  constexpr std::string_view wanted = "KIND:PATH_PART:FIRST[:COUNT] with a kind of FaultKind";
  const auto parts = split(text, ':');
  if (parts.size() < 3 || parts.size() > 4) refuse_variable(name, text, wanted);
  const auto kind = std::ranges::find(kind_names, std::string_view(parts[0]), [](const auto& k) { return k.first; });
  const auto first = parse_number(parts[2]);
  const auto count = parts.size() == 4 ? parse_number(parts[3]) : std::optional<std::uint64_t>(1);
  if (kind == kind_names.end() || !first || !count) refuse_variable(name, text, wanted);
  return {.kind = kind->second, .path_contains = parts[1], .first = *first, .count = *count};
}

}  // namespace

std::unique_ptr<FileSystem> files_from_environment(FileSystem& below) {
  constexpr const char* cut_variable = "METERPORT_TEST_POWER_CUT";
  constexpr const char* faults_variable = "METERPORT_TEST_FILE_FAULTS";
  const char* cut = std::getenv(cut_variable);
  const char* faults = std::getenv(faults_variable);
  if (cut != nullptr && faults != nullptr) refuse_variable(cut_variable, cut, "only one of the two test hooks");
  if (cut != nullptr) return power_cut_files(below, cut_variable, cut);
  if (faults == nullptr) return nullptr;
  auto files = std::make_unique<FaultFiles>(below);
  for (const auto& text : split(faults, ',')) files->plan(parse_fault(faults_variable, text));
  return files;
}

}  // namespace meterport
