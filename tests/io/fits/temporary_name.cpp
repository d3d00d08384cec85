// SPDX-License-Identifier: MIT

#include "support/scratch_folder.hpp"
#include <rvfit/io/fits/temporary_name.hpp>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <set>
#include <string>

namespace rvfit::test {
namespace {

/// The number of a process that is dead and waited for.
pid_t dead_process() {
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  return child;
}

TEST_CASE("temporary names: the files of dead processes are removed, and no others") {
  const ScratchFolder folder;
  const std::string here = io::detail::this_machine();
  const std::string dead = std::to_string(dead_process());
  const io::TemporaryName mine(folder / "table.fits");
  write_bytes(mine.path().string(), "");
  const std::string of_dead = ".table.fits." + here + "-" + dead + "-123.tmp";
  const std::string of_parent = ".t." + here + "-" + std::to_string(::getppid()) + "-1.tmp";
  const std::string of_init = ".t." + here + "-1-1.tmp";
  const std::string elsewhere = ".t.xyz45678-" + dead + "-1.tmp";
  const std::string elsewhere_old = ".t.xyz45678-" + dead + "-2.tmp";
  const std::set<std::string> others{"table.fits",
                                     ".hidden.tmp",
                                     "x.tmp",
                                     ".t." + here + "-x-1.tmp",
                                     ".t." + dead + "-1.tmp",
                                     "t." + here + "-" + dead + "-1.tmp"};
  for (const std::string& name : {of_dead, of_parent, of_init, elsewhere, elsewhere_old}) {
    write_bytes(folder / name, "");
  }
  for (const std::string& name : others) {
    write_bytes(folder / name, "");
  }
  std::filesystem::last_write_time(
      folder / elsewhere_old,
      std::filesystem::file_time_type::clock::now() - std::chrono::hours(25));
  CHECK(io::remove_left_overs(folder / "") == 2);
  std::set<std::string> wanted = others;
  wanted.insert({mine.path().filename().string(), of_parent, of_init, elsewhere});
  CHECK(folder.entries() == wanted);
  CHECK(io::remove_left_overs(folder / "absent") == 0);
  std::filesystem::create_directory(folder / of_dead);
  write_bytes(folder / of_dead + "/picture.png", "");
  CHECK(io::remove_left_overs(folder / "") == 1);
  CHECK(folder.entries() == wanted);
}

}  // namespace
}  // namespace rvfit::test
