// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A FITS file open for reading: its HDUs by name, and their keywords.

#include <rvfit/io/fits/detail/memory_copy.hpp>
#include <rvfit/io/fits/detail/open_fits.hpp>
#include <rvfit/io/fits/fits_file.hpp>
#include <rvfit/io/fits/io_error.hpp>
#include <rvfit/io/fits/text.hpp>

#include <fitsio.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace rvfit::io {

/// The HDUs of a file. Every failure is an IoError that names the file and the HDU.
class FitsHdus {
 public:
  /// Open, list the HDUs, and check that the file is as long as its headers say.
  /// @throws IoError  missing, not FITS, or truncated
  explicit FitsHdus(std::string path) : path_(std::move(path)) {
    detail::require_file(path_);
    written_ = time_written();
    if (detail::is_gzipped(path_)) {
      copy_ = std::make_unique<detail::MemoryCopy>(path_);
      file_ = detail::open_unpacked(path_, *copy_);
    } else {
      file_ = detail::open_fits(path_);
    }
    numbers_ = detail::list_hdus(path_, file_.get());
    if (file_->Fptr->filesize % detail::fits_block_bytes != 0) {
      file_.reset();
      if (!copy_) {
        copy_ = std::make_unique<detail::MemoryCopy>(path_);
      }
      copy_->pad();
      file_ = copy_->open();
    }
  }

  [[nodiscard]] const std::string& path() const { return path_; }

  /// The file opened once more, for another thread. Nothing where that cannot be: CFITSIO is not reentrant, this one is read
  /// from memory, the path names another file by now, or no descriptor is left.
  [[nodiscard]] std::optional<FitsHdus> opened_again() const {
    if (copy_ || fits_is_reentrant() == 0) {
      return std::nullopt;
    }
    try {
      FitsHdus again(path_, detail::open_fits(path_));
      again.numbers_ = numbers_;
      again.written_ = again.time_written();
      return again.written_ == written_ ? std::optional(std::move(again)) : std::nullopt;
    } catch (const IoError&) {
      return std::nullopt;
    }
  }

  /// Whether there is an HDU of this name ("PRIMARY" for the first) or number ("1" for the first
  /// after that). Everywhere an HDU is wanted, either will do.
  [[nodiscard]] bool has(const std::string& hdu) { return number_of(hdu) > 0; }

  /// @throws IoError  naming every HDU of the list that is missing
  void require_hdus(const std::vector<std::string>& names) {
    std::string missing;
    for (const std::string& name : names) {
      if (!has(name)) {
        missing += (missing.empty() ? "'" : ", '") + name + "'";
      }
    }
    if (!missing.empty()) {
      throw IoError(path_ + ": HDU " + missing + " missing");
    }
  }

  /// Check CHECKSUM and DATASUM of every HDU that has them.
  /// @throws IoError  one that is wrong
  void verify_checksums() {
    for (const auto& [name, number] : numbers_) {
      int data = 0;
      int whole = 0;
      int status = 0;
      fits_verify_chksum(at(name), &data, &whole, &status);
      if (status != 0 || data < 0 || whole < 0) {
        fail(name, "checksum is wrong, the file is damaged", status);
      }
    }
  }

  /// A keyword of an HDU's header, if it is there. T is std::string, bool, a double or an int64.
  /// @throws IoError  there, but of another kind
  template <class T>
  [[nodiscard]] std::optional<T> keyword(const std::string& hdu, const std::string& name) {
    fitsfile* file = at(hdu);
    int status = 0;
    T value{};
    if constexpr (std::is_same_v<T, std::string>) {
      char* text = nullptr;
      fits_read_key_longstr(file, name.c_str(), &text, nullptr, &status);
      if (status == 0) {
        value = without_trailing_blanks(text);
      }
      int ignored = 0;
      fits_free_memory(text, &ignored);
    } else if constexpr (std::is_same_v<T, bool>) {
      int flag = 0;
      fits_read_key(file, TLOGICAL, name.c_str(), &flag, nullptr, &status);
      value = flag != 0;
    } else if (detail::is_long_text(file, name)) {
      fail(hdu, "keyword " + name + " is a long text, a number was expected");
    } else {
      fits_read_key(file, detail::type_code<T>(), name.c_str(), &value, nullptr, &status);
    }
    if (status == KEY_NO_EXIST) {
      fits_clear_errmsg();
      return std::nullopt;
    }
    if (status != 0) {
      fail(hdu, "keyword " + name + " cannot be read", status);
    }
    return value;
  }

  /// A keyword that must be there. @throws IoError  it is not
  template <class T>
  [[nodiscard]] T require_keyword(const std::string& hdu, const std::string& name) {
    auto value = keyword<T>(hdu, name);
    if (!value) {
      fail(hdu, "has no keyword " + name);
    }
    return *value;
  }

  /// The primary HDU and some others, those that there are, kept in memory: this file can be closed.
  /// @throws IoError  one of them cannot be copied
  [[nodiscard]] FitsHdus excerpt(const std::vector<std::string>& names) {
    fitsfile* memory = nullptr;
    int status = 0;
    fits_create_file(&memory, "mem://", &status);
    FitsHdus part(path_, detail::FitsPointer(memory));
    const auto copy = [&](const std::string& name) {
      fits_copy_hdu(at(name), memory, 0, &status);
      if (status != 0) {
        fail(name, "cannot be copied", status);
      }
      part.numbers_.emplace(name, static_cast<int>(part.numbers_.size()) + 1);
    };
    copy("PRIMARY");
    for (const std::string& name : names) {
      if (has(name)) {
        copy(name);
      }
    }
    fits_flush_file(memory, &status);
    if (status != 0) {
      fail("PRIMARY", "cannot be copied", status);
    }
    return part;
  }

  /// CFITSIO's own handle, an HDU made current, for what this class does not do.
  /// @throws IoError  no such HDU
  [[nodiscard]] fitsfile* at(const std::string& hdu) {
    const int number = number_of(hdu);
    if (number == 0) {
      throw IoError(path_ + ": " + hdu_text(hdu) + " missing");
    }
    int status = 0;
    fits_movabs_hdu(file_.get(), number, nullptr, &status);
    if (status != 0) {
      fail(hdu, "header cannot be read", status);
    }
    return file_.get();
  }

  /// @throws IoError  always: "FILE: HDU 'NAME': what"
  [[noreturn]] void fail(const std::string& hdu, const std::string& what, int status = 0) const {
    throw IoError(path_ + ": " + hdu_text(hdu) + ": " + what + detail::cfitsio_text(status));
  }

 private:
  FitsHdus(std::string path, detail::FitsPointer file)
      : path_(std::move(path)), file_(std::move(file)) {}

  [[nodiscard]] std::filesystem::file_time_type time_written() const {
    std::error_code ignored;
    return std::filesystem::last_write_time(path_, ignored);
  }

  /// CFITSIO's number of an HDU, 0 if there is none.
  [[nodiscard]] int number_of(const std::string& hdu) {
    const auto found = numbers_.find(hdu);
    if (found != numbers_.end()) {
      return found->second;
    }
    constexpr std::size_t most_digits = 4;
    if (hdu.empty() || hdu.size() > most_digits ||
        hdu.find_first_not_of("0123456789") != std::string::npos) {
      return 0;
    }
    int hdus = 0;
    int status = 0;
    fits_get_num_hdus(file_.get(), &hdus, &status);
    return std::stoi(hdu) < hdus ? std::stoi(hdu) + 1 : 0;
  }

  std::string path_;
  std::filesystem::file_time_type written_{};  ///< when, before it was opened; never, an excerpt
  std::unique_ptr<detail::MemoryCopy> copy_;   ///< outlives file_
  detail::FitsPointer file_;
  detail::HduNumbers numbers_;
};

}  // namespace rvfit::io
