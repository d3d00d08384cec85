// SPDX-License-Identifier: MIT

#include "work_file.hpp"

#include <rvfit/io/fits/io_error.hpp>

#include <algorithm>
#include <filesystem>
#include <utility>

namespace rvfit_library {

using rvfit::io::IoError;

WorkFile::WorkFile(std::string path, const std::string& description, std::size_t rows,
                   std::size_t width)
    : path_(std::move(path)), width_(width), marks_(rows, 0) {
  const std::string head = description + '\0';
  head_ = static_cast<std::streamoff>(head.size());
  const auto size = head.size() + rows + rows * width * sizeof(float);
  std::error_code none;
  if (std::filesystem::file_size(path_, none) == size && !none) {
    file_.open(path_, std::ios::in | std::ios::out | std::ios::binary);
    std::string found(head.size(), ' ');
    file_.read(found.data(), head_);
    file_.read(marks_.data(), static_cast<std::streamsize>(rows));
    if (file_ && found == head) {
      return;
    }
    file_.close();
    file_.clear();
  }
  marks_.assign(rows, 0);
  file_.open(path_, std::ios::in | std::ios::out | std::ios::binary | std::ios::trunc);
  file_.write(head.data(), head_);
  file_.write(marks_.data(), static_cast<std::streamsize>(rows));
  file_.flush();
  std::filesystem::resize_file(path_, size, none);
  if (!file_ || none) {
    throw IoError(path_ + ": cannot be written");
  }
}

std::size_t WorkFile::done() const {
  return static_cast<std::size_t>(
      std::count_if(marks_.begin(), marks_.end(), [](char m) { return m != 0; }));
}

std::streamoff WorkFile::place(std::size_t row) const {
  return head_ + static_cast<std::streamoff>(marks_.size() + row * width_ * sizeof(float));
}

void WorkFile::write(std::size_t row, const std::vector<float>& numbers) {
  file_.seekp(place(row));
  file_.write(reinterpret_cast<const char*>(numbers.data()),
              static_cast<std::streamsize>(width_ * sizeof(float)));
  file_.flush();
  const char mark = 1;
  file_.seekp(head_ + static_cast<std::streamoff>(row));
  file_.write(&mark, 1);
  file_.flush();
  if (!file_) {
    throw IoError(path_ + ": cannot be written; is the disk full?");
  }
  marks_[row] = mark;
}

void WorkFile::read(std::size_t row, std::size_t first, std::size_t count, float* out) {
  file_.seekg(place(row) + static_cast<std::streamoff>(first * sizeof(float)));
  file_.read(reinterpret_cast<char*>(out), static_cast<std::streamsize>(count * sizeof(float)));
  if (!file_) {
    throw IoError(path_ + ": cannot be read");
  }
}

void WorkFile::remove() {
  file_.close();
  std::error_code none;
  std::filesystem::remove(path_, none);
}

}  // namespace rvfit_library
