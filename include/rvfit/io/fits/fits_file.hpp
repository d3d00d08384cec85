// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Reading and writing FITS files share this: ownership of a CFITSIO file, file names taken literally,
/// type codes, and runs of rows.

#include <rvfit/io/fits/io_error.hpp>

#include <fitsio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>

namespace rvfit::io {

/// Call `use(first, count)` for every run rows[first], rows[first] + 1, .. of `count` rows that follow
/// each other.
template <class Use>
void for_each_run(std::span<const std::size_t> rows, const Use& use) {
  for (std::size_t first = 0, next = 0; first < rows.size(); first = next) {
    do {
      ++next;
    } while (next < rows.size() && rows[next] == rows[next - 1] + 1);
    use(first, next - first);
  }
}

namespace detail {

/// Closes a file and drops what CFITSIO has to say about it; `FitsOutput::commit` checks instead.
struct CloseFits {
  void operator()(fitsfile* file) const noexcept {
    int status = 0;
    fits_close_file(file, &status);
    fits_clear_errmsg();
  }
};

using FitsPointer = std::unique_ptr<fitsfile, CloseFits>;

/// The name to hand to fits_open_diskfile and fits_create_diskfile, which take '[', '(' and '+'
/// literally but still expand a leading '~'.
/// @throws IoError  longer than CFITSIO's buffers
[[nodiscard]] inline std::string literal_name(const std::string& path) {
  std::string name = path.starts_with('~') ? "./" + path : path;
  if (name.size() >= FLEN_FILENAME) {
    throw IoError(path + ": the name has " + std::to_string(name.size()) +
                  " characters, CFITSIO takes " + std::to_string(FLEN_FILENAME - 1));
  }
  return name;
}

/// CFITSIO's code of an element in memory.
template <class T>
[[nodiscard]] constexpr int type_code() {
  if constexpr (std::is_same_v<T, float>) {
    return TFLOAT;
  } else if constexpr (std::is_same_v<T, double>) {
    return TDOUBLE;
  } else if constexpr (std::is_same_v<T, std::int32_t>) {
    return TINT;
  } else {
    static_assert(std::is_same_v<T, std::int64_t>, "type_code: no FITS type for this element");
    return TLONGLONG;
  }
}

}  // namespace detail
}  // namespace rvfit::io
