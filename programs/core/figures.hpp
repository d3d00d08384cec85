// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Figures of spectra and fits, drawn by matplotlib: the programs carry the script tools/plot_fits.py.

#include "file_job.hpp"
#include "options.hpp"
#include "program.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace rvfit_programs {

/// One arm of a figure: N pixels.
struct FigureArm {
  std::string label;
  std::string flux_unit;      ///< as the file has it, empty if it does not say
  std::vector<double> wave;   ///< (N)                          [Angstrom]
  std::vector<float> flux;    ///< (N)                          [flux_unit]
  std::vector<float> error;   ///< (N)  0 of a bad pixel        [flux_unit]
  std::vector<float> model;   ///< (N)                          [flux_unit]
  std::vector<char> clipped;  ///< (N)  1 of a pixel that --clip has rejected
  double snr = 0;             ///< median S/N of a pixel
  double chi2_per_pixel = 0;  ///< over good pixels
};

/// A figure of one exposure of a target, with all that is in it.
struct Figure {
  std::string file;           ///< its name, without folders
  std::string target;         ///< as messages and names of figures have it
  std::string labels;         ///< text of the parameters with errors
  std::string state;          ///< text of chi2/N, status and warnings
  double chi2_per_pixel = 0;  ///< of this exposure
  std::vector<FigureArm> arms;
};

/// The figure of exposure e of target b of a part, which has spectra and models.
[[nodiscard]] Figure figure_of(const Reading& reading, const Part& part, std::size_t b,
                               std::size_t e);

/// Write figures of arms alike as the script's input, each with the file to draw it into.
/// @throws rvfit::io::IoError  it cannot be written
void write_figures(const std::string& path, const std::vector<Figure>& figures,
                   const std::vector<std::string>& pictures);

/// Draw what `write_figures` wrote; true if all went well.
[[nodiscard]] bool draw_written(const std::vector<std::string>& inputs);

/// Draw every spectrum of a batch that was fitted: data with their errors, bad pixels, the fit and the
/// residuals, arm by arm. Files: PREFIX_NAME_ROW.png with the reader's name of the spectrum, or else the
/// file's; of exposures fitted together PREFIX_NAME_ROW_E.png, ROW that of the first.
///
/// @param[in] part  of the targets of `reading`, with spectra and models
/// @return          the files
/// @throws rvfit::io::IoError  a figure cannot be drawn or written
std::vector<std::string> draw_figures(const Reading& reading, const Part& part,
                                      const Options& options);

}  // namespace rvfit_programs
