// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A file that has its name is whole, whatever happens next: it is on the disk before it is named, and its
/// name is before anybody is told.

#include <rvfit/io/fits/io_error.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>

namespace rvfit::io {

namespace detail {

/// Wait until a file or folder is on its disk. @return  errno; 0 also where there is no such thing as a disk
[[nodiscard]] inline int sync_to_disk(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    return errno;
  }
  const int error = ::fsync(descriptor) == 0 || errno == EINVAL || errno == ENOSYS ? 0 : errno;
  ::close(descriptor);
  return error;
}

}  // namespace detail

/// Give a finished file its name. @throws IoError  for example: disk full; `path` is as it was then
inline void durable_rename(const std::filesystem::path& finished,
                           const std::filesystem::path& path) {
  const auto fail_if = [&](int error) {
    if (error != 0) {
      throw IoError(path.string() + ": cannot be written: " + std::strerror(error));
    }
  };
  fail_if(detail::sync_to_disk(finished));
  fail_if(std::rename(finished.c_str(), path.c_str()) == 0 ? 0 : errno);
  const std::filesystem::path folder = path.parent_path();
  fail_if(detail::sync_to_disk(folder.empty() ? "." : folder));
}

}  // namespace rvfit::io
