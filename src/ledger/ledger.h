// One ledger: its log and its index, opened together under one secret.
#pragma once

#include <memory>
#include <string>

#include "base/random.h"
#include "ledger/index.h"
#include "ledger/log.h"

namespace meterport::ledger {

struct LedgerOptions {
  LogOptions log;
  std::string index_folder;
  std::size_t index_table_keys = 1'000'000;
  std::string keys_folder;  ///< DATA/keys: holds the SipHash secret, made by create_keys
};

/// Makes the secrets of a new ledger (`init`); conflict if there are some already.
Status create_keys(FileSystem& files, const std::string& keys_folder, Random& random);

class Ledger {
 public:
  static Result<std::unique_ptr<Ledger>> open(const LedgerOptions& options, FileSystem& files, Clock& clock,
                                              metrics::Registry& metrics);
  ~Ledger();
  Log& log() { return *log_; }
  Index& index() { return *index_; }
  [[nodiscard]] const SipKey& secret() const { return secret_; }

 private:
  Ledger() = default;
  SipKey secret_{};
  std::unique_ptr<Log> log_;
  std::unique_ptr<Index> index_;
};

}  // namespace meterport::ledger
