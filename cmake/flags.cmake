# Warnings, sanitizers, linker. Every target of ours links meterport_flags.
add_library(meterport_flags INTERFACE)
target_compile_options(meterport_flags INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wcast-align -Woverloaded-virtual
  -Wconversion -Wno-sign-conversion -Wimplicit-fallthrough -Wunused-result -fno-omit-frame-pointer)
# simdjson, Asio and DuckDB choose CPU kernels at run time; ours stay on the x86-64-v2 baseline.
target_compile_options(meterport_flags INTERFACE -march=x86-64-v2)
target_link_options(meterport_flags INTERFACE -fuse-ld=lld)
if(METERPORT_ASAN)
  # No vptr check: it needs the type information of SOCI's statement classes, which its library does not export.
  target_compile_options(meterport_flags INTERFACE
    -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=undefined)
  target_link_options(meterport_flags INTERFACE -fsanitize=address,undefined)
endif()
if(METERPORT_TSAN)
  target_compile_options(meterport_flags INTERFACE -fsanitize=thread)
  target_link_options(meterport_flags INTERFACE -fsanitize=thread)
endif()
