// SPDX-License-Identifier: MIT

/// @file
/// A list of files, as it is read and as a queue that is emptied.

#include "core/file_list.hpp"

#include "memory_file.hpp"
#include "targets.hpp"

void rvfit::fuzz::file_list(const std::uint8_t* bytes, std::size_t count) {
  rvfit::fuzz::read_or_refuse(bytes, count, [](const std::string& path) {
    rvfit_programs::FileList files = rvfit_programs::FileList::from(path);
    while (files.next()) {
    }
  });
}
