// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Errors of the outside world: files that are missing, damaged or not what was expected.

#include <fitsio.h>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace rvfit::io {

/// A text in which every control character is '?': one line, whatever a damaged header or a name holds.
[[nodiscard]] inline std::string in_one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }, '?');
  return text;
}

/// A file that cannot be read or written. The text is one line: file, HDU, what was expected, and
/// CFITSIO's own words where it had any.
class IoError : public std::runtime_error {
 public:
  explicit IoError(const std::string& text) : std::runtime_error(in_one_line(text)) {}
};

/// "HDU 'NAME'", as messages say it.
[[nodiscard]] inline std::string hdu_text(const std::string& hdu) { return "HDU '" + hdu + "'"; }

namespace detail {

/// CFITSIO's words for a status: " (CFITSIO 104: ...)", or nothing if the status is fine.
/// Empties CFITSIO's stack of messages.
[[nodiscard]] inline std::string cfitsio_text(int status) {
  fits_clear_errmsg();
  if (status == 0) {
    return {};
  }
  char text[FLEN_STATUS] = "";
  fits_get_errstatus(status, text);
  return " (CFITSIO " + std::to_string(status) + ": " + text + ")";
}

}  // namespace detail
}  // namespace rvfit::io
