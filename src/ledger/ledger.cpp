#include "ledger/ledger.h"

#include "base/random.h"

namespace meterport::ledger {
namespace {

std::string secret_path(const std::string& keys_folder) {
  return keys_folder + "/ledger-secret";
}

Result<SipKey> read_secret(FileSystem& files, const std::string& keys_folder) {
  const auto text = read_file(files, secret_path(keys_folder));
  if (!text && text.error().kind == ErrorKind::not_found) {
    return fail(
        ErrorKind::not_found,
        "the ledger's secret is missing from the keys folder: restore it from the backup of the keys, without it "
        "duplicates cannot be recognised",
        text.error().detail);
  }
  if (!text) return fail(text);
  SipKey secret{};
  constexpr std::size_t hex_digits = 2 * sizeof(SipKey);
  if (!from_hex(text->substr(0, hex_digits), secret) ||
      text->substr(hex_digits).find_first_not_of('\n') != std::string::npos) {
    return fail(ErrorKind::internal, "the ledger's secret is damaged: it must be 32 hex digits");
  }
  return secret;
}

}  // namespace

Status create_keys(FileSystem& files, const std::string& keys_folder, Random& random) {
  if (auto s = files.make_folders(keys_folder); !s) return s;
  if (files.exists(secret_path(keys_folder))) return fail(ErrorKind::conflict, "the ledger has its secret already");
  SipKey secret{};
  random.fill(secret);
  return replace_file(files, secret_path(keys_folder), to_hex(secret) + "\n");
}

Ledger::~Ledger() = default;

Result<std::unique_ptr<Ledger>> Ledger::open(const LedgerOptions& options, FileSystem& files, Clock& clock,
                                             metrics::Registry& registry) {
  const auto secret = read_secret(files, options.keys_folder);
  if (!secret) return fail(secret);
  auto log = Log::open(options.log, files, clock, registry);
  if (!log) return fail(std::move(log));
  auto index = Index::open({options.index_folder, options.index_table_keys, *secret}, **log, registry);
  if (!index) return fail(std::move(index));
  // No make_unique: the constructor is private.
  std::unique_ptr<Ledger> ledger(new Ledger());
  ledger->secret_ = *secret;
  ledger->log_ = std::move(*log);
  ledger->index_ = std::move(*index);
  return ledger;
}

}  // namespace meterport::ledger
