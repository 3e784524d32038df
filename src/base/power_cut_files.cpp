#include <algorithm>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "base/fault_files.h"
#include "base/power_cut_node.h"

namespace meterport {
namespace {

using Node = std::shared_ptr<PowerCutNode>;

/// A name operation that no sync_folder() covers yet.
struct NameOperation {
  enum class Kind { create, rename, remove } kind;
  std::string path;
  std::string to;  ///< rename only
  Node node;

  [[nodiscard]] std::set<std::string> folders() const {
    std::set<std::string> all{parent_folder(path)};
    if (kind == Kind::rename) all.insert(parent_folder(to));
    return all;
  }
};

std::string normal(const std::string& path) {
  std::string text = std::filesystem::absolute(path).lexically_normal().string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

std::unexpected<Error> fail_cut() {
  return fail(ErrorKind::store_unavailable, "storage is not available", "simulated power cut");
}

}  // namespace

struct PowerCutFiles::State {
  /// Per folder, how many of its pending operations take effect.
  using Prefixes = std::map<std::string, std::size_t>;

  State(FileSystem& files, const std::string& root_path)
      : below(files), root(root_path.empty() ? "" : normal(root_path)) {}

  FileSystem& below;
  const std::string root;
  std::mutex mutex;  ///< guards all below; also held while `below` works, this is no place for speed
  bool dead = false;
  std::uint64_t syncs = 0;
  std::uint64_t cut_at = 0;  ///< 0: never
  std::uint64_t cut_seed = 0;
  std::function<void()> after_cut;
  std::map<std::string, Node> names;    ///< as seen now, where it may differ from `below`; null: removed
  std::map<std::string, Node> on_disk;  ///< by durable name
  std::vector<std::weak_ptr<PowerCutNode>> nodes;
  std::vector<NameOperation> pending;

  [[nodiscard]] bool is_ours(const std::string& path) const {
    return root.empty() || path == root || path.starts_with(root + "/");
  }
  bool exists(const std::string& path);
  Result<Node> find(const std::string& path);
  Result<Node> create(const std::string& path);
  Status rename(const std::string& from, const std::string& to);
  Status remove(const std::string& path);
  Status sync_folder(const std::string& path);
  Status apply(const NameOperation& operation);
  Status apply_prefixes(Prefixes prefixes);
  Status cut(std::uint64_t seed);
  Status count_sync();
};

bool PowerCutFiles::State::exists(const std::string& path) {
  const auto known = names.find(path);
  return known != names.end() ? known->second != nullptr : below.exists(path);
}

Result<Node> PowerCutFiles::State::find(const std::string& path) {
  if (const auto known = names.find(path); known != names.end()) {
    if (known->second) return known->second;
    return fail(ErrorKind::not_found, "no such file", "open " + path);
  }
  auto node = PowerCutNode::of_existing(below, path);
  if (!node) return node;
  names[path] = on_disk[path] = *node;
  nodes.emplace_back(*node);
  return node;
}

Result<Node> PowerCutFiles::State::create(const std::string& path) {
  if (!below.exists(parent_folder(path))) return fail(ErrorKind::not_found, "no such file", "create " + path);
  auto node = std::make_shared<PowerCutNode>(below);
  names[path] = node;
  nodes.emplace_back(node);
  pending.push_back({.kind = NameOperation::Kind::create, .path = path, .to = {}, .node = node});
  return node;
}

Status PowerCutFiles::State::rename(const std::string& from, const std::string& to) {
  const auto node = find(from);
  if (!node) return fail(node);
  if (!below.exists(parent_folder(to))) return fail(ErrorKind::not_found, "no such file", "rename to " + to);
  if (from == to) return {};
  names[from] = nullptr;
  names[to] = *node;
  pending.push_back({.kind = NameOperation::Kind::rename, .path = from, .to = to, .node = *node});
  return {};
}

Status PowerCutFiles::State::remove(const std::string& path) {
  const auto node = find(path);
  if (!node) return fail(node);
  names[path] = nullptr;
  pending.push_back({.kind = NameOperation::Kind::remove, .path = path, .to = {}, .node = *node});
  return {};
}

/// Does it below.
Status PowerCutFiles::State::apply(const NameOperation& operation) {
  const auto forget = [&](const std::string& path) -> Status {
    const auto old = on_disk.extract(path);
    return old.empty() ? Status{} : old.mapped()->disappear();
  };
  switch (operation.kind) {
    case NameOperation::Kind::create:
      on_disk[operation.path] = operation.node;
      return operation.node->appear(operation.path);
    case NameOperation::Kind::remove:
      if (auto s = forget(operation.path); !s) return s;
      return below.remove(operation.path);
    case NameOperation::Kind::rename:
      if (auto s = forget(operation.to); !s) return s;
      on_disk.erase(operation.path);
      on_disk[operation.to] = operation.node;
      operation.node->moved(operation.to);
      return below.rename(operation.path, operation.to);
  }
  std::abort();
}

/// Applies these operations in order and takes them from the pending ones. A rename between two folders that is in
/// one folder's prefix takes the other folder's earlier operations with it, as one journal would.
Status PowerCutFiles::State::apply_prefixes(Prefixes prefixes) {
  std::vector<bool> chosen(pending.size());
  for (bool again = true; again;) {
    again = false;
    Prefixes rank;
    for (std::size_t i = 0; i < pending.size(); ++i) {
      const auto folders = pending[i].folders();
      for (const auto& folder : folders) chosen[i] = chosen[i] || rank[folder] < prefixes[folder];
      for (const auto& folder : folders) {
        const std::size_t own_rank = rank[folder]++;
        if (!chosen[i] || own_rank < prefixes[folder]) continue;
        prefixes[folder] = own_rank + 1;
        again = true;
      }
    }
  }
  std::vector<NameOperation> rest;
  Status status;
  for (std::size_t i = 0; i < pending.size(); ++i) {
    if (!chosen[i]) {
      rest.push_back(pending[i]);
    } else if (status) {
      status = apply(pending[i]);
    }
  }
  pending = std::move(rest);
  return status;
}

Status PowerCutFiles::State::sync_folder(const std::string& path) {
  if (auto s = apply_prefixes({{path, pending.size()}}); !s) return s;
  // Removed names are gone below too now: no need to hide them any longer.
  std::erase_if(names, [&](const auto& entry) { return !entry.second && parent_folder(entry.first) == path; });
  return {};
}

Status PowerCutFiles::State::cut(std::uint64_t seed) {
  dead = true;
  std::mt19937_64 luck(seed);
  Status status;
  for (const auto& weak : nodes) {
    const Node node = weak.lock();
    if (!node) continue;
    if (auto s = node->lose(luck); !s) status = s;
  }
  Prefixes prefixes;
  for (const auto& operation : pending) {
    for (const auto& folder : operation.folders()) ++prefixes[folder];
  }
  for (auto& [folder, count] : prefixes) {
    const std::uint64_t choice = luck() % 4;  // none and all a quarter each, else anything
    count = choice == 0 ? 0 : choice == 1 ? count : luck() % (count + 1);
  }
  if (auto s = apply_prefixes(std::move(prefixes)); !s) status = s;
  for (const auto& weak : nodes) {
    if (const Node node = weak.lock()) node->drop_handle();
  }
  pending.clear();
  names.clear();
  on_disk.clear();
  return status;
}

/// Before every sync: the chosen moment cuts instead.
Status PowerCutFiles::State::count_sync() {
  ++syncs;
  if (cut_at == 0 || syncs < cut_at) return {};
  auto s = cut(cut_seed);
  if (after_cut) after_cut();
  return s ? Status(fail_cut()) : s;
}

class PowerCutFiles::OpenFile final : public File {
 public:
  OpenFile(std::shared_ptr<State> state, Node node, std::string path, OpenMode mode)
      : state_(std::move(state)), node_(std::move(node)), path_(std::move(path)), mode_(mode) {
    node_->opened();
  }
  ~OpenFile() override {
    const std::lock_guard lock(state_->mutex);
    if (!state_->dead) node_->closed();
    node_.reset();
  }

  Status write_at(std::uint64_t offset, std::string_view bytes) override {
    return change([&] { return node_->write(offset, bytes); });
  }
  Status truncate(std::uint64_t size) override {
    return change([&] { return node_->resize(size); });
  }
  Status allocate(std::uint64_t size) override {
    return change([&]() -> Status {
      if (size <= node_->size()) return {};
      const auto left = state_->below.free_bytes(parent_folder(path_));
      if (left && *left < size - node_->size()) return fail(ErrorKind::storage_full, "the disk is full");
      return node_->resize(size);
    });
  }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> out) override {
    const std::lock_guard lock(state_->mutex);
    if (state_->dead) return fail_cut();
    return node_->read(offset, out);
  }

  Status sync() override {
    const std::lock_guard lock(state_->mutex);
    if (state_->dead) return fail_cut();
    if (auto s = state_->count_sync(); !s) return s;
#ifdef METERPORT_BREAK_SYNC
    return {};
#else
    return node_->sync();
#endif
  }

  Result<std::uint64_t> size() override {
    const std::lock_guard lock(state_->mutex);
    if (state_->dead) return fail_cut();
    return node_->size();
  }

 private:
  template <class Call>
  Status change(Call call) {
    const std::lock_guard lock(state_->mutex);
    if (state_->dead) return fail_cut();
    if (mode_ == OpenMode::read) {
      return fail(ErrorKind::store_unavailable, "storage is not available", "opened for reading: " + path_);
    }
    return call();
  }

  std::shared_ptr<State> state_;
  Node node_;
  std::string path_;
  OpenMode mode_;
};

PowerCutFiles::PowerCutFiles(FileSystem& below, std::string root) : state_(std::make_shared<State>(below, root)) {}
PowerCutFiles::~PowerCutFiles() = default;

Status PowerCutFiles::cut(std::uint64_t seed) {
  const std::lock_guard lock(state_->mutex);
  return state_->dead ? Status(fail_cut()) : state_->cut(seed);
}

void PowerCutFiles::cut_at_sync(std::uint64_t seed, std::uint64_t syncs, std::function<void()> then) {
  const std::lock_guard lock(state_->mutex);
  state_->cut_at = state_->syncs + syncs;
  state_->cut_seed = seed;
  state_->after_cut = std::move(then);
}

bool PowerCutFiles::is_cut() const {
  const std::lock_guard lock(state_->mutex);
  return state_->dead;
}

std::uint64_t PowerCutFiles::syncs() const {
  const std::lock_guard lock(state_->mutex);
  return state_->syncs;
}

Result<std::unique_ptr<File>> PowerCutFiles::open(const std::string& given, OpenMode mode) {
  const std::string path = normal(given);
  const std::lock_guard lock(state_->mutex);
  if (state_->dead) return fail_cut();
  if (!state_->is_ours(path)) return state_->below.open(path, mode);
  const bool is_there = state_->exists(path);
  if (is_there && mode == OpenMode::create_new) {
    return fail(ErrorKind::conflict, "the file exists already", "create " + path);
  }
  const bool is_new = !is_there && (mode == OpenMode::create_new || mode == OpenMode::create_or_open);
  auto node = is_new ? state_->create(path) : state_->find(path);
  if (!node) return fail(std::move(node));
  return std::make_unique<OpenFile>(state_, std::move(*node), path, mode);
}

Status PowerCutFiles::rename(const std::string& from, const std::string& to) {
  const std::string source = normal(from);
  const std::string target = normal(to);
  const std::lock_guard lock(state_->mutex);
  if (state_->dead) return fail_cut();
  if (!state_->is_ours(source) && !state_->is_ours(target)) return state_->below.rename(source, target);
  return state_->rename(source, target);
}

Status PowerCutFiles::remove(const std::string& given) {
  const std::string path = normal(given);
  const std::lock_guard lock(state_->mutex);
  if (state_->dead) return fail_cut();
  return state_->is_ours(path) ? state_->remove(path) : state_->below.remove(path);
}

Status PowerCutFiles::sync_folder(const std::string& given) {
  const std::string path = normal(given);
  const std::lock_guard lock(state_->mutex);
  if (state_->dead) return fail_cut();
  if (auto s = state_->count_sync(); !s) return s;
  return state_->is_ours(path) ? state_->sync_folder(path) : state_->below.sync_folder(path);
}

Status PowerCutFiles::make_folders(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  return state_->dead ? Status(fail_cut()) : state_->below.make_folders(path);
}

Result<std::vector<std::string>> PowerCutFiles::list(const std::string& given) {
  const std::string folder = normal(given);
  const std::lock_guard lock(state_->mutex);
  if (state_->dead) return fail_cut();
  auto durable = state_->below.list(folder);
  if (!durable) return durable;
  std::set<std::string> all(durable->begin(), durable->end());
  for (const auto& [path, node] : state_->names) {
    if (parent_folder(path) != folder) continue;
    const std::string name = path.substr(path.rfind('/') + 1);
    if (node) {
      all.insert(name);
    } else {
      all.erase(name);
    }
  }
  return std::vector<std::string>(all.begin(), all.end());
}

bool PowerCutFiles::exists(const std::string& given) {
  const std::string path = normal(given);
  const std::lock_guard lock(state_->mutex);
  return !state_->dead && state_->exists(path);
}

Result<std::uint64_t> PowerCutFiles::free_bytes(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  if (state_->dead) return fail_cut();
  return state_->below.free_bytes(path);
}

}  // namespace meterport
