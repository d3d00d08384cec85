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
#include <system_error>

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

/// The file that a name stands for: of a symbolic link that which it points to, whether that is there or not. A file is
/// written there, so that the link stays one.
[[nodiscard]] inline std::filesystem::path behind_links(std::filesystem::path path) {
  constexpr int most_links = 40;  // as Linux follows
  std::error_code error;
  for (int link = 0; link < most_links && std::filesystem::is_symlink(path, error); ++link) {
    const std::filesystem::path target = std::filesystem::read_symlink(path, error);
    path = path.parent_path() / target;  // an absolute target is the whole
  }
  return path;
}

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
