// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Bytes as a file that a reader opens by its name, and the law that all readers keep: bytes are read, or
/// refused by an IoError of one line that names the file.

#include <rvfit/io/fits/io_error.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace rvfit::fuzz {

/// A file in memory, gone with this object.
class MemoryFile {
 public:
  MemoryFile(const std::uint8_t* bytes, std::size_t count)
      : descriptor_(::memfd_create("fuzz", MFD_CLOEXEC)),
        path_("/proc/self/fd/" + std::to_string(descriptor_)) {
    if (descriptor_ < 0 || ::write(descriptor_, bytes, count) != static_cast<ssize_t>(count)) {
      std::perror("memory file");
      std::abort();
    }
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() { ::close(descriptor_); }

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  int descriptor_;
  std::string path_;
};

/// Give bytes to a reader as a file. A refusal is fine; one of several lines or without the file's name,
/// and any other exception, ends the program.
template <class Read>
void read_or_refuse(const std::uint8_t* bytes, std::size_t count, const Read& read) {
  const MemoryFile file(bytes, count);
  try {
    read(file.path());
  } catch (const io::IoError& error) {
    const std::string text = error.what();
    const auto is_control = [](unsigned char c) { return c < ' ' || c == 0x7f; };
    bool bad = text.find(file.path()) == std::string::npos;
    for (const char c : text) {
      bad = bad || is_control(static_cast<unsigned char>(c));
    }
    if (bad) {
      std::fprintf(stderr, "no line that names the file: %s\n", text.c_str());
      std::abort();
    }
  }
}

}  // namespace rvfit::fuzz
