# Every outside library, found once, named in ARCHITECTURE.md with its reason.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(simdjson 3 REQUIRED)
find_package(GTest 1.12 REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(CURL REQUIRED)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
find_library(ISAL_LIBRARY isal REQUIRED)
find_library(ROCKSDB_LIBRARY rocksdb REQUIRED)
find_library(SOCI_CORE_LIBRARY soci_core REQUIRED)
find_library(SOCI_SQLITE3_LIBRARY soci_sqlite3 REQUIRED)
find_library(SQLITE3_LIBRARY sqlite3 REQUIRED)
find_library(DATE_TZ_LIBRARY NAMES date-tz tz REQUIRED)

# Third-party headers are not ours to warn about.
function(meterport_imported name)
  add_library(${name} INTERFACE)
  target_link_libraries(${name} INTERFACE ${ARGN})
endfunction()
meterport_imported(dep_crypto OpenSSL::Crypto OpenSSL::SSL PkgConfig::SODIUM)
meterport_imported(dep_isal ${ISAL_LIBRARY})
meterport_imported(dep_zlib ZLIB::ZLIB)
meterport_imported(dep_zstd PkgConfig::ZSTD)
meterport_imported(dep_fmt fmt::fmt)
meterport_imported(dep_simdjson simdjson::simdjson)
meterport_imported(dep_rocksdb ${ROCKSDB_LIBRARY})
meterport_imported(dep_soci ${SOCI_SQLITE3_LIBRARY} ${SOCI_CORE_LIBRARY} ${SQLITE3_LIBRARY})
meterport_imported(dep_boost Boost::headers Threads::Threads)
meterport_imported(dep_curl CURL::libcurl)
meterport_imported(dep_date ${DATE_TZ_LIBRARY})
meterport_imported(dep_threads Threads::Threads)

# DuckDB: one already installed (DUCKDB_ROOT, or the system's) is used; else the pinned npm packages that
# scripts/setup put under third_party/npm.
set(DUCKDB_NPM ${CMAKE_SOURCE_DIR}/third_party/npm/node_modules)
find_path(DUCKDB_INCLUDE duckdb.h HINTS ENV DUCKDB_ROOT PATH_SUFFIXES include
  PATHS ${DUCKDB_NPM}/duckdb/src/duckdb/src/include REQUIRED)
find_library(DUCKDB_LIBRARY duckdb HINTS ENV DUCKDB_ROOT PATH_SUFFIXES lib
  PATHS ${DUCKDB_NPM}/@duckdb/node-bindings-linux-x64 REQUIRED)
# The library travels with the binary: build/<preset>/lib beside build/<preset>/bin.
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
file(COPY_FILE ${DUCKDB_LIBRARY} ${CMAKE_BINARY_DIR}/lib/libduckdb.so ONLY_IF_DIFFERENT)
# Only the C header is copied out: the rest of DuckDB's source tree must not be reachable.
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/include/duckdb)
file(COPY_FILE ${DUCKDB_INCLUDE}/duckdb.h ${CMAKE_BINARY_DIR}/include/duckdb/duckdb.h ONLY_IF_DIFFERENT)
add_library(dep_duckdb SHARED IMPORTED)
set_target_properties(dep_duckdb PROPERTIES
  IMPORTED_LOCATION ${CMAKE_BINARY_DIR}/lib/libduckdb.so
  IMPORTED_NO_SONAME ON
  INTERFACE_INCLUDE_DIRECTORIES ${CMAKE_BINARY_DIR}/include/duckdb)
