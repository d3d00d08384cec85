// SPDX-License-Identifier: MIT

#include "file_list.hpp"

#include "text_output.hpp"
#include <rvfit/io/fits/io_error.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rvfit_programs {
namespace {

using rvfit::io::IoError;

/// All lines of a text file.
[[nodiscard]] std::vector<std::string> read_lines(const std::string& path) {
  std::ifstream file(path);
  if (!file || std::filesystem::is_directory(path)) {
    throw IoError(path + ": list of files cannot be read");
  }
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    lines.push_back(line);
  }
  return lines;
}

/// The file that a line names, without blanks at its end; none if it is blank or, with a # at its beginning, a
/// remark.
[[nodiscard]] std::optional<std::string> file_of(std::string line) {
  line.erase(line.find_last_not_of(" \t\r") + 1);
  const bool is_file = !line.empty() && line[line.find_first_not_of(" \t")] != '#';
  return is_file ? std::optional(std::move(line)) : std::nullopt;
}

/// Holds a lock on a file, which is made if missing, until destroyed or the process ends. A POSIX
/// lock, so that it also holds between the machines of a network file system.
class FileLock {
 public:
  explicit FileLock(const std::string& path)
      : descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
    struct flock whole {};
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    int code = descriptor_;
    while (code >= 0 && (code = ::fcntl(descriptor_, F_SETLKW, &whole)) < 0 && errno == EINTR) {
      code = 0;
    }
    if (code < 0) {
      const std::string reason = std::strerror(errno);
      close();
      throw IoError(path + ": cannot be locked: " + reason);
    }
  }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock() { close(); }

 private:
  void close() const {
    if (descriptor_ >= 0) {
      ::close(descriptor_);
    }
  }

  int descriptor_;
};

/// Take the first file of a queue out of it; remarks and blank lines stay.
[[nodiscard]] std::optional<std::string> take_first(const std::string& list) {
  const FileLock lock(list + ".lock");
  std::optional<std::string> first;
  std::string rest;
  for (const std::string& line : read_lines(list)) {
    if (!first && (first = file_of(line))) {
      continue;
    }
    rest += line + '\n';
  }
  if (first) {
    write_text(list, rest);
  }
  return first;
}

}  // namespace

FileList FileList::from(const std::string& list) {
  std::vector<std::string> files;
  for (const std::string& line : read_lines(list)) {
    if (std::optional<std::string> file = file_of(line)) {
      files.push_back(std::move(*file));
    }
  }
  return FileList(std::move(files));
}

FileList FileList::queue(const std::string& list) {
  FileList files({});
  files.queue_ = list;
  return files;
}

std::optional<std::string> FileList::next() {
  if (!queue_.empty()) {
    return take_first(queue_);
  }
  const std::size_t number = next_number_ ? next_number_() : given_++;
  return number < files_.size() ? std::optional(files_[number]) : std::nullopt;
}

}  // namespace rvfit_programs
