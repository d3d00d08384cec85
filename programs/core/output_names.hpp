// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Names of what is written for an input file, as rvspecfit has them.

#include <rvfit/io/fits/io_error.hpp>
#include <rvfit/io/fits/temporary_name.hpp>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace rvfit_programs {

/// File name without folders and without ".gz".
[[nodiscard]] inline std::string base_name(const std::string& path) {
  std::string name = std::filesystem::path(path).filename().string();
  return name.ends_with(".gz") ? name.substr(0, name.size() - 3) : name;
}

/// Make the folder of a file. @throws rvfit::io::IoError  it cannot be made
inline void make_folder_of(const std::string& file) {
  const std::filesystem::path folder = std::filesystem::path(file).parent_path();
  std::error_code error;
  if (!folder.empty()) {
    std::filesystem::create_directories(folder, error);
  }
  if (error) {
    throw rvfit::io::IoError(folder.string() + ": folder cannot be made: " + error.message());
  }
}

/// Folders that outputs go to: made if missing, and rid of what runs that were killed have left there.
class OutputFolders {
 public:
  /// Make ready for a file. @throws rvfit::io::IoError  its folder cannot be made
  void prepare(const std::string& file) {
    const std::filesystem::path folder = std::filesystem::path(file).parent_path();
    if (ready_.insert(folder.string()).second) {
      make_folder_of(file);
      rvfit::io::remove_left_overs(folder);
    }
  }

 private:
  std::set<std::string> ready_;
};

/// The outputs of an input are FOLDER/rvtab_NAME, FOLDER/rvmod_NAME, and figures that begin with
/// FIGURES/fig. With `subdirs`, those of .../X/Y/NAME go to the folder X/Y below these two.
struct OutputNames {
  std::string folder = ".";
  std::string table_prefix = "rvtab";
  std::string models_prefix = "rvmod";
  std::string figure_folder = ".";
  std::string figure_prefix = "fig";
  bool subdirs = false;
  std::string parts;  ///< folder of tables that are to be merged; empty: they are outputs

  [[nodiscard]] std::string table(const std::string& input) const {
    if (!parts.empty()) {
      return (std::filesystem::path(parts) / (digits_of(input) + "_" + base_name(input))).string();
    }
    return (below(folder, input) / (table_prefix + "_" + base_name(input))).string();
  }
  [[nodiscard]] std::string models(const std::string& input) const {
    return (below(folder, input) / (models_prefix + "_" + base_name(input))).string();
  }
  /// The beginning of the names of all figures of an input.
  [[nodiscard]] std::string figures(const std::string& input) const {
    return (below(figure_folder, input) / figure_prefix).string();
  }

 private:
  /// Sixteen digits that tell a path from others, by the hash FNV-1a of Fowler, Noll and Vo: files of one name in
  /// many folders have parts of their own.
  [[nodiscard]] static std::string digits_of(const std::string& path) {
    std::uint64_t hash = 14695981039346656037U;
    for (const char c : path) {
      hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
    }
    char text[17] = "";
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
    return text;
  }

  /// @throws rvfit::io::IoError  subdirs are wanted and the path has not two folders
  [[nodiscard]] std::filesystem::path below(const std::filesystem::path& base,
                                            const std::string& input) const {
    if (!subdirs) {
      return base;
    }
    const std::filesystem::path last = std::filesystem::path(input).parent_path();
    const std::filesystem::path first = last.parent_path();
    if (first.filename().empty()) {
      throw rvfit::io::IoError(input + ": --subdirs wants the form X/Y/FILE");
    }
    return base / first.filename() / last.filename();
  }
};

/// Two inputs must not give one output. @throws rvfit::io::IoError  two that do
inline void require_different_outputs(const OutputNames& names,
                                      const std::vector<std::string>& inputs, bool models) {
  std::map<std::string, std::string> input_of;
  for (const std::string& input : inputs) {
    for (const std::string& output : {names.table(input), models ? names.models(input) : ""}) {
      const auto [earlier, is_new] = input_of.emplace(output, input);
      if (!is_new && !output.empty()) {
        std::string message = earlier->second;
        message.append(" and ").append(input).append(" would both give ").append(output);
        throw rvfit::io::IoError(message);
      }
    }
  }
}

}  // namespace rvfit_programs
