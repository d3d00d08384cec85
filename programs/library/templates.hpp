// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Synthetic spectra of any author: which there are, and their labels.
///
/// A file is one of
///
/// - an image of one axis, a spectrum, its labels in the header (PHOENIX);
/// - an image of two axes, a spectrum a row, and a table with a row of labels for each (Kurucz models of SDSS);
/// - a table with a spectrum a row, vectors in its column `flux`, and its labels in other columns.
///
/// Wavelengths are told by the header (CRVAL1, CRPIX1, CDELT1 or CD1_1; CTYPE1 or DC-FLAG say whether they are
/// logarithms), by a column `wave`, or by a file of their own. A folder stands for all FITS files in it, a list
/// (a file of text) for the files it names with their labels: `file,teff,logg,..`; these may be text as well, with
/// wavelength and flux in the first two columns.

#include "options.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace rvfit_library {

/// One synthetic spectrum: where it is, and its labels.
struct Template {
  std::string path;
  std::string hdu;             ///< an image or a table; empty: the file is text
  std::size_t row = 0;         ///< of an image or a table
  std::vector<double> labels;  ///< in the order of TemplateSet::labels

  /// "FILE" or "FILE row 3", for messages.
  [[nodiscard]] std::string name() const;
  bool has_rows = false;
};

struct TemplateSet {
  std::vector<std::string> labels;
  std::vector<Template> templates;
  std::vector<std::string> faults;  ///< a line for each file that is no template
};

/// List templates and their labels. Labels are those that every template has.
/// @throws rvfit::io::IoError  nothing is there
[[nodiscard]] TemplateSet find_templates(const Options& options);

}  // namespace rvfit_library
