// SPDX-License-Identifier: MIT

#include "library.hpp"

#include <rvfit/io/read_emulator.hpp>

#include <utility>

namespace rvfit_python {

Library::Library(std::string path)
    : path_(std::move(path)), data_(rvfit::io::read_emulator(path_)) {}

Library::~Library() {
  if (is_forked()) {
    (void)idle_.release();  // its memory is the parent's Kokkos'
  }
  retire();
}

std::unique_ptr<rvfit_programs::SurveyFitter> Library::borrow(
    const std::string& key, const rvfit_programs::FitSettings& settings) {
  {
    const std::lock_guard lock(mutex_);
    if (idle_ && key == key_) {
      return std::move(idle_);
    }
    idle_.reset();
  }
  return settings.double_storage ? rvfit_programs::make_double_fitter(data_, settings)
                                 : rvfit_programs::make_float_fitter(data_, settings);
}

void Library::give_back(const std::string& key,
                        std::unique_ptr<rvfit_programs::SurveyFitter> fitter) {
  const std::lock_guard lock(mutex_);
  key_ = key;
  idle_ = std::move(fitter);
}

void Library::release() {
  const std::lock_guard lock(mutex_);
  idle_.reset();
}

}  // namespace rvfit_python
