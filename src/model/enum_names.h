// Private to model: one table per enumeration, read in both directions, so that a name is written once.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace meterport::names {

template <std::size_t N>
using Table = std::array<std::string_view, N>;

template <class E, std::size_t N>
constexpr std::string_view name_of(const Table<N>& names, E value) {
  return names.at(static_cast<std::size_t>(value));
}

template <class E, std::size_t N>
constexpr std::optional<E> value_of(const Table<N>& names, std::string_view text) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == text) return static_cast<E>(i);
  }
  return std::nullopt;
}

/// Proof at compile time that the table ends where the enumeration does.
template <class E, std::size_t N>
constexpr bool covers(const Table<N>& names, E last) {
  return static_cast<std::size_t>(last) + 1 == N && !names[N - 1].empty();
}

}  // namespace meterport::names
