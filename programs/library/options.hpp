// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The settings of rvfit_library.

#include <rvfit/core/medium.hpp>

#include <map>
#include <string>
#include <vector>

namespace rvfit_library {

/// Templates are divided by their median, by a smooth continuum of their own, or by nothing.
enum class Normalization { none, median, continuum };

/// Source of the medium of the templates' wavelengths.
enum class MediumSource { lines, header, air, vacuum };

struct Options {
  std::vector<std::string> templates;  ///< files, folders or lists
  std::string instrument;              ///< a description, or the name of one that is installed
  std::string output;
  std::string report;                         ///< page about the library; empty: none
  std::map<std::string, std::string> labels;  ///< label of the library to keyword or column
  std::string wave;  ///< file of the templates' wavelengths; empty: their own
  MediumSource medium = MediumSource::lines;
  std::string resolution;  ///< of the templates, "R=500000"; empty: sharp
  Normalization normalization = Normalization::median;
  int threads = 0;  ///< 0: all
  bool strict = false;
  bool synthetic = false;
  bool quiet = false;
  std::string command;  ///< the command line
};

}  // namespace rvfit_library
