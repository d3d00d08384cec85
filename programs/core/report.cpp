// SPDX-License-Identifier: MIT

#include "report.hpp"

#include "figure_script.hpp"
#include "output_names.hpp"
#include "provenance.hpp"
#include "python.hpp"
#include <rvfit/io/fits/durable_rename.hpp>
#include <rvfit/io/fits/io_error.hpp>
#include <rvfit/io/fits/temporary_name.hpp>
#include <rvfit/io/rvtab/row_of_result.hpp>
#include <rvfit/io/rvtab/warning_text.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace rvfit_programs {
namespace {

using Json = nlohmann::ordered_json;

/// A folder for pictures on their way into the page, removed with all that is in it.
class PictureFolder {
 public:
  explicit PictureFolder(const std::string& page) : name_(page) {
    std::error_code error;
    std::filesystem::create_directory(name_.path(), error);
    if (error) {
      throw rvfit::io::IoError(page + ": cannot be written: " + error.message());
    }
  }
  PictureFolder(const PictureFolder&) = delete;
  PictureFolder& operator=(const PictureFolder&) = delete;
  ~PictureFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(name_.path(), ignored);
  }

  [[nodiscard]] std::string operator/(const std::string& name) const {
    return (name_.path() / name).string();
  }

 private:
  rvfit::io::TemporaryName name_;
};

/// chi2/N of exposure e of target b.
[[nodiscard]] double chi2_per_pixel(const Part& part, std::size_t b, std::size_t e) {
  const rvfit::FitResult& result = part.fit.result;
  double chi2 = 0;
  double pixels = 0;
  for (int a = static_cast<int>(e); a < result.arms; a += static_cast<int>(part.batch.exposures)) {
    const std::size_t place = rvfit::io::entry(static_cast<int>(b), result.arms, a);
    if (result.pixels[place] > 0) {
      chi2 += result.chi2[place];
      pixels += result.pixels[place];
    }
  }
  return chi2 / std::max(pixels, 1.0);
}

[[nodiscard]] std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The pictures of figures and a line for each.
[[nodiscard]] Json draw(const std::vector<Figure>& figures, const PictureFolder& folder) {
  Json drawn = Json::array();
  std::vector<std::string> inputs;
  for (const Figure& figure : figures) {
    const std::string number = std::to_string(inputs.size());
    const std::string picture = folder / (number + ".png");
    inputs.push_back(folder / (number + ".fits"));
    write_figures(inputs.back(), {figure}, {picture});
    drawn.push_back(Json::array({quoted(picture), figure.file + ", " + figure.target}));
  }
  if (!inputs.empty() && !draw_written(inputs)) {
    throw rvfit::io::IoError("--report: the worst fits cannot be drawn");
  }
  return drawn;
}

}  // namespace

void Report::add(const Reading& reading, const Part& part) {
  for (std::size_t b = 0; b < part.targets.size(); ++b) {
    if (!rvfit::is_solution(part.fit.result.status[b])) {
      continue;
    }
    std::size_t worst = 0;
    for (std::size_t e = 1; e < part.batch.exposures; ++e) {
      worst = chi2_per_pixel(part, b, e) > chi2_per_pixel(part, b, worst) ? e : worst;
    }
    const double chi2 = chi2_per_pixel(part, b, worst);
    const auto place = std::find_if(worst_.begin(), worst_.end(), [&](const Figure& other) {
      return chi2 > other.chi2_per_pixel;
    });
    if (place != worst_.end() || worst_.size() < most_pictures) {
      worst_.insert(place, figure_of(reading, part, b, worst));
      worst_.resize(std::min(worst_.size(), most_pictures));
    }
  }
}

void Report::add_table(const std::string& table, bool passed_over) {
  tables_.push_back(table);
  passed_over_ += passed_over ? 1 : 0;
}

void Report::add_failure(const std::string& file, const std::string& line) {
  ++failed_;
  if (failures_.size() < most_failures) {
    failures_.emplace_back(file, line);
  }
}

void Report::write(const std::string& program, const Options& options,
                   const rvfit::EmulatorData& emulator, const Summary& summary) const {
  make_folder_of(page_);
  const std::filesystem::path place = rvfit::io::behind_links(page_);
  const PictureFolder folder(place.string());
  const rvfit::io::TemporaryName temporary(place);
  Json run;
  run["page"] = quoted(place.string());
  run["temporary"] = quoted(temporary.path().string());
  run["program"] = program;
  run["command"] = options.command;
  run["config"] = options.config_file.empty() ? "" : text_of(options.config_file);
  run["software"] = Json::array();
  for (const auto& [name, version] : software()) {
    run["software"].push_back(Json::array({name, version}));
  }
  run["library"] = Json::array(
      {Json::array({"file", options.emulator}), Json::array({"name", emulator.library})});
  if (emulator.synthetic) {
    run["library"].push_back(Json::array({"note", "synthetic, not for science"}));
  }
  run["summary"] = to_json(summary);
  run["failed_count"] = failed_;
  run["failed"] = Json::array();
  for (const auto& [file, line] : failures_) {
    run["failed"].push_back(Json::array({quoted(file), line}));
  }
  run["passed_over"] = passed_over_;
  run["warnings"] = Json::array();
  for (const auto& [bit, words] : rvfit::io::warning_words) {
    run["warnings"].push_back(Json::array({bit, words}));
  }
  run["tables"] = Json::array();
  for (const std::string& table : tables_) {
    run["tables"].push_back(quoted(table));
  }
  run["worst"] = draw(worst_, folder);
  const std::string input = folder / "run.json";
  std::ofstream file(input);
  file << run.dump(1, ' ', false, Json::error_handler_t::replace);
  file.close();
  if (!file || !run_python(report_script, {input})) {
    throw rvfit::io::IoError(page_ + ": the page cannot be written");
  }
}

}  // namespace rvfit_programs
