// Private to formats: the fixed records of a ZIP file (PKWARE APPNOTE 6.3, sections 4.3 and 4.5), little-endian.
#pragma once

#include <cstdint>
#include <string>

#include "base/instant.h"
#include "formats/zip.h"

namespace meterport::formats::zip_records {

/// Sizes and offsets from here on need ZIP64.
inline constexpr std::uint64_t zip64_from = 0xFFFF'FFFF;

/// MS-DOS date (high half) and time (low half), UTC, cut to 2 seconds, kept inside 1980..2107.
std::uint32_t dos_time(Instant time);

void append_local_header(std::string& out, const ZipEntry& entry, std::uint32_t dos_time);
/// 8-byte sizes if one of them needs it or the local header announced them.
void append_data_descriptor(std::string& out, const ZipEntry& entry);
void append_central_header(std::string& out, const ZipEntry& entry, std::uint64_t offset, std::uint32_t dos_time);
/// With ZIP64 records before it if a number does not fit.
void append_end_records(std::string& out, std::uint64_t entries, std::uint64_t directory_bytes,
                        std::uint64_t directory_offset);

}  // namespace meterport::formats::zip_records
