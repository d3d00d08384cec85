// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A template library, and the fitter that was made of it last.

#include "core/survey_fitter.hpp"
#include "runtime.hpp"
#include <rvfit/emulator/emulator_data.hpp>

#include <memory>
#include <mutex>
#include <string>

namespace rvfit_python {

class Library : public Resource {
 public:
  /// @throws rvfit::io::IoError  the file is bad
  explicit Library(std::string path);
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  ~Library() override;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const rvfit::EmulatorData& data() const { return data_; }

  /// A fitter of these settings, the last one if it was made of the same and nobody else uses it. Only within a
  /// Session.
  ///
  /// @param[in] key  tells settings apart
  [[nodiscard]] std::unique_ptr<rvfit_programs::SurveyFitter> borrow(
      const std::string& key, const rvfit_programs::FitSettings& settings);
  /// Keep a fitter for the next call.
  void give_back(const std::string& key, std::unique_ptr<rvfit_programs::SurveyFitter> fitter);

  void release() override;

 private:
  std::string path_;
  rvfit::EmulatorData data_;
  std::mutex mutex_;
  std::string key_;
  std::unique_ptr<rvfit_programs::SurveyFitter> idle_;
};

}  // namespace rvfit_python
