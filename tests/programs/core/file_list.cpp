// SPDX-License-Identifier: MIT

/// @file
/// The files of a run, and a queue of them that processes share.

#include "core/file_list.hpp"

#include "support/scratch_folder.hpp"
#include <rvfit/io/fits/io_error.hpp>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <string>
#include <vector>

namespace rvfit::test {
namespace {

using rvfit_programs::FileList;

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    lines.push_back(line);
  }
  return lines;
}

TEST_CASE("files: of the command line or a list, each once and in order") {
  const ScratchFolder folder;
  write_bytes(folder / "list", "# remarks\na.fits\n\n  \n  # b.fits\nb c.fits \r\nd.fits");
  for (FileList files :
       {FileList({"a.fits", "b c.fits", "d.fits"}), FileList::from(folder / "list")}) {
    CHECK(files.next() == "a.fits");
    CHECK(files.next() == "b c.fits");
    CHECK(files.next() == "d.fits");
    CHECK_FALSE(files.next().has_value());
    CHECK_FALSE(files.next().has_value());
  }
  CHECK_THROWS_AS((void)FileList::from(folder / "absent"), io::IoError);
  CHECK_THROWS_AS((void)FileList::queue(folder / "absent").next(), io::IoError);
}

TEST_CASE("queue: what is taken is gone from the list") {
  const ScratchFolder folder;
  write_bytes(folder / "list", "a\nb\nc\n");
  FileList one = FileList::queue(folder / "list");
  FileList other = FileList::queue(folder / "list");
  CHECK(one.next() == "a");
  CHECK(lines_of(folder / "list") == std::vector<std::string>{"b", "c"});
  CHECK(other.next() == "b");
  CHECK(one.next() == "c");
  CHECK_FALSE(other.next().has_value());
  CHECK(read_bytes(folder / "list").empty());
  CHECK(folder.entries() == std::set<std::string>{"list", "list.lock"});
}

TEST_CASE("queue: remarks and blank lines stay, whatever is taken") {
  const ScratchFolder folder;
  write_bytes(folder / "list", "# first\n\na \n  # second\nb\n");
  FileList files = FileList::queue(folder / "list");
  CHECK(files.next() == "a");
  CHECK(read_bytes(folder / "list") == "# first\n\n  # second\nb\n");
  CHECK(files.next() == "b");
  CHECK_FALSE(files.next().has_value());
  CHECK(read_bytes(folder / "list") == "# first\n\n  # second\n");
}

TEST_CASE("queue: processes at the same time take every file once") {
  constexpr int files = 300, processes = 3;
  const ScratchFolder folder;
  std::string list;
  std::multiset<std::string> all;
  for (int n = 0; n < files; ++n) {
    all.insert("file " + std::to_string(n));
    list += "file " + std::to_string(n) + "\n";
  }
  write_bytes(folder / "list", list);
  std::vector<pid_t> children;
  for (int p = 0; p < processes; ++p) {
    const pid_t child = ::fork();
    if (child == 0) {
      try {
        std::ofstream taken(folder / ("taken" + std::to_string(p)));
        FileList queue = FileList::queue(folder / "list");
        while (const auto file = queue.next()) {
          taken << *file << std::endl;
        }
        ::_exit(0);
      } catch (...) {
        ::_exit(1);
      }
    }
    children.push_back(child);
  }
  std::multiset<std::string> taken;
  for (int p = 0; p < processes; ++p) {
    int status = -1;
    REQUIRE(::waitpid(children[static_cast<std::size_t>(p)], &status, 0) > 0);
    CHECK(status == 0);
    for (const std::string& line : lines_of(folder / ("taken" + std::to_string(p)))) {
      taken.insert(line);
    }
  }
  CHECK(taken == all);
}

}  // namespace
}  // namespace rvfit::test
