// SPDX-License-Identifier: MIT

#include "support/sample_fits.hpp"
#include "support/scratch_folder.hpp"
#include <rvfit/io/fits/fits_input.hpp>
#include <rvfit/io/fits/fits_output.hpp>

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstddef>
#include <filesystem>
#include <numeric>
#include <string>
#include <variant>
#include <vector>

namespace rvfit::test {
namespace {

/// Files of this process grow to a size and no further, as on a full disk.
class LimitedFiles {
 public:
  LimitedFiles() : before_(std::signal(SIGXFSZ, SIG_IGN)) { ::getrlimit(RLIMIT_FSIZE, &limit_); }
  LimitedFiles(const LimitedFiles&) = delete;
  LimitedFiles& operator=(const LimitedFiles&) = delete;
  ~LimitedFiles() {
    ::setrlimit(RLIMIT_FSIZE, &limit_);
    std::signal(SIGXFSZ, before_);
  }
  void set(std::size_t size) const {
    rlimit limit = limit_;
    limit.rlim_cur = size;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }

 private:
  void (*before_)(int);
  rlimit limit_{};
};

TEST_CASE("fits: nothing is left of a file that is not committed") {
  const ScratchFolder folder;
  {
    io::FitsOutput file(folder / "half.fits");
    file.write_image("A", std::vector<float>{1, 2}, {2});
    CHECK(folder.entries().size() == 1);
    CHECK_FALSE(folder.entries().contains("half.fits"));
  }
  CHECK(folder.entries().empty());
}

TEST_CASE("fits: an existing file stays as it is until the new one is complete") {
  const ScratchFolder folder;
  const std::string path = folder / "old.fits";
  write_bytes(path, "old");
  { const io::FitsOutput file(path); }
  CHECK(read_bytes(path) == "old");
  write_sample(path);
  io::FitsInput(path).verify_checksums();
}

TEST_CASE("fits: a folder that is not there is an error of writing") {
  const ScratchFolder folder;
  CHECK_THROWS_AS(io::FitsOutput(folder / "absent/x.fits"), io::IoError);
}

TEST_CASE("fits: columns of different length are refused") {
  const ScratchFolder folder;
  io::FitsOutput file(folder / "x.fits");
  CHECK_THROWS_WITH_AS(
      file.write_table("T", {{"A", "", "", std::vector<double>{1, 2}},
                             {"B", "", "", std::vector<double>{1, 2, 3, 4, 5, 6}, {2}}}),
      "T: column B has 3 rows, A has 2", InvalidArgument);
}

TEST_CASE("fits: tables longer than CFITSIO's buffers have every row of every kind of column") {
  const ScratchFolder folder;
  constexpr std::size_t rows = 3001, width = 36;
  std::vector<double> numbers(rows);
  std::iota(numbers.begin(), numbers.end(), 0.5);
  std::vector<float> vectors(rows * width);
  std::iota(vectors.begin(), vectors.end(), 1.0F);
  std::vector<bool> flags(rows);
  std::vector<std::string> texts(rows);
  io::StoredCells cells{"3B", 3, std::vector<unsigned char>(3 * rows), {}};
  for (std::size_t row = 0; row < rows; ++row) {
    flags[row] = row % 3 == 0;
    texts[row] = "star " + std::to_string(row);
  }
  for (std::size_t i = 0; i < cells.bytes.size(); ++i) {
    cells.bytes[i] = static_cast<unsigned char>(i % 251);
  }
  io::FitsOutput out(folder / "long.fits");
  out.write_table("LONG", {{"NUMBER", "", "", numbers},
                           {"VECTOR", "", "", vectors, {6, 6}},
                           {"FLAG", "", "", io::Flags(flags.begin(), flags.end())},
                           {"TEXT", "", "", texts, {16}},
                           {"CELLS", "", "", cells}});
  out.commit();
  io::FitsInput in(folder / "long.fits");
  CHECK(in.row_count("LONG") == rows);
  CHECK(in.read_column<double>("LONG", "NUMBER") == numbers);
  CHECK(in.read_matrix<float>("LONG", "VECTOR") == vectors);
  CHECK(in.read_column<bool>("LONG", "FLAG") == flags);
  CHECK(in.read_column<std::string>("LONG", "TEXT") == texts);
  const io::Column copied = in.read_any_column("LONG", "CELLS");
  CHECK(std::get<io::StoredCells>(copied.values).bytes == cells.bytes);
}

TEST_CASE("fits: on a full disk a file is not there, or it is whole") {
  const ScratchFolder folder;
  const std::string path = folder / "sample.fits";
  write_sample(path);
  const std::size_t whole = read_bytes(path).size();
  const LimitedFiles limit;
  int written = 0;
  for (std::size_t size = 0; size <= whole; size += 180) {
    std::filesystem::remove(path);
    limit.set(size);
    try {
      write_sample(path);
      ++written;
      CHECK(size == whole);
    } catch (const io::IoError& error) {
      CHECK(std::string(error.what()).starts_with(path + ": "));
      CHECK(folder.entries().empty());
    }
  }
  CHECK(written == 1);
}

TEST_CASE("fits: what is written to a symbolic link is written to where it points") {
  const ScratchFolder folder;
  std::filesystem::create_directory(folder / "far");
  std::filesystem::create_symlink("far/table.fits", folder / "link.fits");
  std::filesystem::create_symlink(folder / "link.fits", folder / "second.fits");
  for (const char* name : {"link.fits", "second.fits"}) {
    CAPTURE(std::string(name));
    write_sample(folder / name);  // the first time nothing is there
    CHECK(std::filesystem::is_symlink(folder / name));
    CHECK(std::filesystem::is_regular_file(folder / "far/table.fits"));
    CHECK(io::FitsInput(folder / name).has("TABLE"));
    std::filesystem::remove(folder / "far/table.fits");
  }
  CHECK(folder.entries() == std::set<std::string>{"far", "link.fits", "second.fits"});
}

}  // namespace
}  // namespace rvfit::test
