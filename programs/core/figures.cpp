// SPDX-License-Identifier: MIT

#include "figures.hpp"

#include "figure_script.hpp"
#include "fit_text.hpp"
#include "output_names.hpp"
#include "python.hpp"
#include <rvfit/io/fits/durable_rename.hpp>
#include <rvfit/io/fits/fits_output.hpp>
#include <rvfit/io/fits/temporary_name.hpp>
#include <rvfit/io/rvtab/row_of_result.hpp>

#include <cmath>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <string>
#include <vector>

namespace rvfit_programs {
namespace {

/// A spectrum's name in the name of its figure: the reader's, or else the file's.
[[nodiscard]] std::string name_of_row(const Reading& reading, std::size_t row) {
  return reading.names.empty()
             ? std::filesystem::path(base_name(reading.spectra.path)).stem().string()
             : reading.names[row];
}

/// The unit of a spectrum's fluxes in that of its file.
[[nodiscard]] double unit_of(const rvfit::io::SpectraArm& arm, std::size_t row) {
  return arm.unit.empty() ? 1.0 : arm.unit[row];
}

/// Errors of the good pixels of a spectrum, 0 of the bad ones.
[[nodiscard]] std::vector<float> errors_of(const rvfit::io::SpectraArm& arm, std::size_t row) {
  std::vector<float> errors;
  for (std::size_t i = row * arm.pixels(); i < (row + 1) * arm.pixels(); ++i) {
    const bool good = arm.mask[i] <= 0 && arm.ivar[i] > 0 && std::isfinite(arm.ivar[i]) &&
                      std::isfinite(arm.flux[i]);
    errors.push_back(good ? static_cast<float>(unit_of(arm, row)) / std::sqrt(arm.ivar[i]) : 0.0F);
  }
  return errors;
}

/// Row `row` of a row-major matrix.
template <class T>
[[nodiscard]] std::vector<T> row_of(const std::vector<T>& matrix, std::size_t pixels,
                                    std::size_t row) {
  const auto first = matrix.begin() + static_cast<std::ptrdiff_t>(row * pixels);
  return {first, first + static_cast<std::ptrdiff_t>(pixels)};
}

template <class T>
void add_to(std::vector<T>& to, const std::vector<T>& row) {
  to.insert(to.end(), row.begin(), row.end());
}

/// The file of the figure of exposure e of target b.
[[nodiscard]] std::string picture_of(const Reading& reading, const Part& part, std::size_t b,
                                     std::size_t e, const Options& options) {
  const std::size_t first = reading.targets[part.targets[b]].front();
  const std::string stem = options.outputs.figures(reading.spectra.path) + "_" +
                           name_of_row(reading, first) + "_" + std::to_string(first);
  return stem + (part.batch.exposures > 1 ? "_" + std::to_string(e) : "") + ".png";
}

}  // namespace

Figure figure_of(const Reading& reading, const Part& part, std::size_t b, std::size_t e) {
  const rvfit::FitResult& result = part.fit.result;
  const std::size_t exposures = part.batch.exposures;
  const std::size_t row = e * part.targets.size() + b;
  const std::size_t first = reading.targets[part.targets[b]].front();
  Figure figure;
  figure.file = base_name(reading.spectra.path);
  figure.target = name_of_row(reading, first) + ", row " + std::to_string(first);
  if (exposures > 1) {
    figure.target += ", exposure " + std::to_string(e + 1) + " of " + std::to_string(exposures);
  }
  figure.labels = labels_text(result, static_cast<int>(b));
  figure.state = state_text(result, static_cast<int>(b));
  double chi2 = 0;
  double pixels = 0;
  for (std::size_t a = 0; a < part.batch.arms.size(); ++a) {
    const rvfit::io::SpectraArm& arm = part.batch.arms[a];
    const std::size_t n = arm.pixels();
    const std::size_t place =
        rvfit::io::entry(static_cast<int>(b), result.arms, static_cast<int>(a * exposures + e));
    FigureArm drawn;
    drawn.label = arm.label;
    drawn.flux_unit = reading.spectra.arms[a].flux_unit;
    drawn.wave = row_of(arm.wave, n, arm.wave_rows == 1 ? 0 : row);
    for (std::size_t i = row * n; i < (row + 1) * n; ++i) {
      drawn.flux.push_back(static_cast<float>(arm.flux[i] * unit_of(arm, row)));
    }
    drawn.error = errors_of(arm, row);
    drawn.model = row_of(part.fit.models[a], n, row);
    drawn.clipped.assign(n, 0);
    if (!part.fit.rejected.empty()) {
      drawn.clipped = row_of(part.fit.rejected[a], n, row);
    }
    drawn.snr = arm.snr[row];
    drawn.chi2_per_pixel = result.chi2[place] / result.pixels[place];
    if (result.pixels[place] > 0) {
      chi2 += result.chi2[place];
      pixels += result.pixels[place];
    }
    figure.arms.push_back(std::move(drawn));
  }
  figure.chi2_per_pixel = chi2 / pixels;
  return figure;
}

void write_figures(const std::string& path, const std::vector<Figure>& figures,
                   const std::vector<std::string>& pictures) {
  namespace io = rvfit::io;
  std::vector<io::Column> columns;
  const auto add_texts = [&](const char* name, const auto& text_of) {
    std::vector<std::string> texts;
    for (std::size_t n = 0; n < figures.size(); ++n) {
      texts.push_back(quoted(text_of(n)));
    }
    columns.push_back({name, "", "%XX: a byte", std::move(texts)});
  };
  add_texts("FIGURE", [&](std::size_t n) { return pictures[n]; });
  add_texts("FILE", [&](std::size_t n) { return figures[n].file; });
  add_texts("TARGET", [&](std::size_t n) { return figures[n].target; });
  add_texts("LABELS", [&](std::size_t n) { return figures[n].labels; });
  add_texts("STATE", [&](std::size_t n) { return figures[n].state; });
  for (std::size_t a = 0; a < figures.front().arms.size(); ++a) {
    std::vector<double> snr, chi2;
    for (const Figure& figure : figures) {
      snr.push_back(figure.arms[a].snr);
      chi2.push_back(figure.arms[a].chi2_per_pixel);
    }
    const std::string& label = figures.front().arms[a].label;
    columns.push_back({label + "_SNR", "", "median S/N of a pixel", std::move(snr)});
    columns.push_back({label + "_CHI2", "", "chi2 per good pixel", std::move(chi2)});
  }
  io::FitsOutput file(path);
  file.write_table("STARS", columns);
  for (std::size_t a = 0; a < figures.front().arms.size(); ++a) {
    std::vector<double> wave;
    std::vector<float> flux, error, model;
    std::vector<std::int32_t> clipped;
    for (const Figure& figure : figures) {
      const FigureArm& arm = figure.arms[a];
      add_to(wave, arm.wave);
      add_to(flux, arm.flux);
      add_to(error, arm.error);
      add_to(model, arm.model);
      clipped.insert(clipped.end(), arm.clipped.begin(), arm.clipped.end());
    }
    const FigureArm& first = figures.front().arms[a];
    const io::ArrayShape shape{figures.size(), first.wave.size()};
    file.write_image(first.label + "_WAVELENGTH", wave, shape, "Angstrom");
    file.write_image(first.label + "_FLUX", flux, shape, first.flux_unit);
    file.write_image(first.label + "_ERROR", error, shape);
    file.write_image(first.label + "_MODEL", model, shape);
    file.write_image(first.label + "_CLIPPED", clipped, shape);
  }
  file.commit();
}

bool draw_written(const std::vector<std::string>& inputs) {
  return run_python(figure_script, inputs);
}

std::vector<std::string> draw_figures(const Reading& reading, const Part& part,
                                      const Options& options) {
  std::vector<Figure> figures;
  std::vector<std::string> paths;
  for (std::size_t b = 0; b < part.targets.size(); ++b) {
    for (std::size_t e = 0; e < part.batch.exposures; ++e) {
      if (rvfit::is_solution(part.fit.result.status[b])) {
        figures.push_back(figure_of(reading, part, b, e));
        paths.push_back(picture_of(reading, part, b, e, options));
      }
    }
  }
  if (paths.empty()) {
    return paths;
  }
  make_folder_of(paths.front());
  const rvfit::io::TemporaryName input(paths.front() + ".fits");
  std::deque<rvfit::io::TemporaryName> drawn;
  std::vector<std::string> pictures;
  for (const std::string& path : paths) {
    pictures.push_back(drawn.emplace_back(rvfit::io::behind_links(path)).path().string());
  }
  write_figures(input.path().string(), figures, pictures);
  if (!draw_written({input.path().string()})) {
    throw rvfit::io::IoError(reading.spectra.path + ": its figures cannot be drawn in " +
                             std::filesystem::path(paths.front()).parent_path().string() +
                             ", is the disk full?");
  }
  for (std::size_t n = 0; n < paths.size(); ++n) {
    rvfit::io::durable_rename(pictures[n], rvfit::io::behind_links(paths[n]));
  }
  return paths;
}

}  // namespace rvfit_programs
