// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// From arrays in a program's memory to observations: checked, copied to the device and prepared, with
/// pixels left out that say nothing.

#include <rvfit/core/require.hpp>
#include <rvfit/core/views.hpp>
#include <rvfit/data/flux_unit.hpp>
#include <rvfit/data/prepare_spectra.hpp>
#include <rvfit/data/spectrum_batch.hpp>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace rvfit {

/// One arm of B spectra of N pixels in host memory, row-major. Nothing is copied; the arrays need to
/// live until `upload_spectra` returns.
template <std::floating_point T = double>
struct HostSpectra {
  std::string arm;       ///< setup of the model, e.g. desi_b
  std::size_t size = 1;  ///< B
  std::span<const double>
      wave;  ///< (N) of all spectra, or (B, N); a row increases or decreases  [Angstrom]
  std::span<const T> flux;  ///< (B, N)                                                       [flux]
  std::span<const T>
      ivar;  ///< (B, N)  inverse variance                                     [1 / flux^2]
  std::span<const std::int32_t> mask{};  ///< (B, N)  bad where positive; empty if there is none
  int exposure = 0;                      ///< which of a star's exposures these are
};

namespace detail {

/// Whether a row of wavelengths is meant to decrease.
[[nodiscard]] inline bool decreases(std::span<const double> wave) {
  return wave.size() > 1 && wave.front() > wave.back();
}

/// @throws InvalidArgument  extents that differ, wavelengths that neither increase nor decrease
template <std::floating_point T>
void require_consistent(const HostSpectra<T>& host) {
  const std::size_t values = host.flux.size();
  RVFIT_REQUIRE(host.size > 0 && values > 0 && values % host.size == 0, "HostSpectra: ", host.arm,
                ": flux has ", values, " values, not whole rows of ", host.size, " spectra");
  const std::size_t pixels = values / host.size;
  RVFIT_REQUIRE(host.ivar.size() == values, "HostSpectra: ", host.arm, ": flux has ", values,
                " values, ivar has ", host.ivar.size());
  RVFIT_REQUIRE(host.mask.empty() || host.mask.size() == values, "HostSpectra: ", host.arm,
                ": flux has ", values, " values, mask has ", host.mask.size());
  RVFIT_REQUIRE(host.wave.size() == pixels || host.wave.size() == values, "HostSpectra: ", host.arm,
                ": wave has ", host.wave.size(), " values, wanted ", pixels, " for all or ", values,
                " for each of ", host.size, " spectra");
  for (std::size_t first = 0; first < host.wave.size(); first += pixels) {
    const auto wave = host.wave.subspan(first, pixels);
    const bool down = decreases(wave);
    double before = down ? std::numeric_limits<double>::infinity() : 0.0;
    for (std::size_t i = 0; i < pixels; ++i) {
      const bool follows = down ? wave[i] < before && wave[i] > 0.0 : wave[i] > before;
      RVFIT_REQUIRE(follows && std::isfinite(wave[i]), "HostSpectra: ", host.arm, ": wave is ",
                    wave[i], " after ", before, " at pixel ", i, " of row ", first / pixels,
                    down ? ", decreasing wanted" : ", increasing wanted");
      before = wave[i];
    }
  }
}

/// Spectra of increasing wavelengths: the same arrays, or copies where rows of decreasing ones are reversed.
template <std::floating_point T>
class IncreasingSpectra {
 public:
  explicit IncreasingSpectra(const HostSpectra<T>& host) : host_(host) {
    const std::size_t pixels = host.flux.size() / host.size;
    for (std::size_t row = 0; row < host.size; ++row) {
      const std::size_t first = row * pixels;
      if (!decreases(host.wave.subspan(host.wave.size() == pixels ? 0 : first, pixels))) {
        continue;
      }
      reverse(host.flux, flux_, host_.flux, first, pixels);
      reverse(host.ivar, ivar_, host_.ivar, first, pixels);
      reverse(host.mask, mask_, host_.mask, first, pixels);
      if (host.wave.size() > pixels || row == 0) {
        reverse(host.wave, wave_, host_.wave, first, pixels);
      }
    }
  }
  IncreasingSpectra(const IncreasingSpectra&) = delete;
  IncreasingSpectra& operator=(const IncreasingSpectra&) = delete;
  ~IncreasingSpectra() = default;

  [[nodiscard]] const HostSpectra<T>& host() const { return host_; }

 private:
  /// Reverse a row of an array in its copy, which is made with the first.
  template <class V>
  static void reverse(std::span<const V> from, std::vector<V>& copy, std::span<const V>& now,
                      std::size_t first, std::size_t pixels) {
    if (from.empty()) {
      return;
    }
    if (copy.empty()) {
      copy.assign(from.begin(), from.end());
      now = copy;
    }
    const auto begin = copy.begin() + static_cast<std::ptrdiff_t>(first);
    std::reverse(begin, begin + static_cast<std::ptrdiff_t>(pixels));
  }

  HostSpectra<T> host_;
  std::vector<double> wave_;
  std::vector<T> flux_, ivar_;
  std::vector<std::int32_t> mask_;
};

/// Spectra in float, each in a unit of its own.
struct NarrowSpectra {
  std::vector<float> flux, ivar;  ///< (B, N)  [unit], [1 / unit^2]
  std::vector<double> unit;       ///< (B)
};

/// @throws InvalidArgument  float does not hold a good pixel beside the best one of its spectrum
template <std::floating_point T>
[[nodiscard]] NarrowSpectra narrow(const HostSpectra<T>& host) {
  const std::size_t pixels = host.flux.size() / host.size;
  NarrowSpectra out{std::vector<float>(host.flux.size()), std::vector<float>(host.flux.size()), {}};
  for (std::size_t first = 0; first < host.flux.size(); first += pixels) {
    const auto flux = host.flux.subspan(first, pixels), ivar = host.ivar.subspan(first, pixels);
    const auto mask = host.mask.empty() ? host.mask : host.mask.subspan(first, pixels);
    const double unit = flux_unit<T>(flux, ivar, mask);
    const std::optional<std::size_t> lost =
        narrow_spectrum<T>(flux, ivar, mask, unit, &out.flux[first], &out.ivar[first]);
    const std::size_t i = lost.value_or(0);
    RVFIT_REQUIRE(!lost, "HostSpectra: ", host.arm, ": flux is ", flux[i], " and ivar ", ivar[i],
                  " at pixel ", i, " of row ", first / pixels, ", other pixels have errors of ",
                  unit, ": float does not hold both");
    out.unit.push_back(unit);
  }
  return out;
}

}  // namespace detail

/// Copy one arm to the device and prepare it: pixels are left out where mask > 0, ivar <= 0, or flux or ivar is
/// not finite. A spectrum without good pixels is a row of the batch; a fit gives it a status. Fluxes may have
/// any unit (data/flux_unit.hpp), and the results of a fit are in it. A row of decreasing wavelengths is reversed: pixels
/// of the batch, and of best-fit spectra, are in the order of increasing ones.
///
/// @code{.cpp}
///   const auto blue = rvfit::upload_spectra<P>(
///       exec, {.arm = "desi_b", .size = 100, .wave = wave, .flux = flux, .ivar = ivar});
/// @endcode
///
/// @param[in] exec     instance the work is enqueued on; the call returns when the arrays may be reused
/// @param[in] spectra  arrays of double, or `HostSpectra<float>`
/// @param[in] options  masked wavelengths, limits of errors; none by default
/// @return             B spectra, one element of Observations
/// @throws InvalidArgument  extents that differ, wavelengths that neither increase nor decrease throughout, a good
///                          pixel whose weight is nothing beside that of another
template <ExecutionPolicy P, std::floating_point T = double>
[[nodiscard]] SpectrumBatch<P> upload_spectra(const typename P::execution_space& exec,
                                              const HostSpectra<T>& spectra,
                                              const PrepareOptions& options = {}) {
  detail::require_consistent(spectra);
  const detail::IncreasingSpectra<T> increasing(spectra);
  const HostSpectra<T>& host = increasing.host();
  const detail::NarrowSpectra narrow = detail::narrow(host);
  const std::size_t pixels = host.flux.size() / host.size;
  const auto wave = upload_matrix<Matrix<const double, P>>(
      exec, "rvfit::HostSpectra::wave", host.wave, host.wave.size() / pixels, pixels);
  const auto flux = upload_matrix<Matrix<const float, P>>(exec, "rvfit::HostSpectra::flux",
                                                          narrow.flux, host.size, pixels);
  const auto ivar = upload_matrix<Matrix<const float, P>>(exec, "rvfit::HostSpectra::ivar",
                                                          narrow.ivar, host.size, pixels);
  const auto unit = upload<Vector<const double, P>>(exec, "rvfit::HostSpectra::unit", narrow.unit);
  using Mask = Matrix<const std::int32_t, P>;
  const Mask mask = host.mask.empty() ? Mask(allocate<Matrix<std::int32_t, P>>(
                                            exec, "rvfit::HostSpectra::mask", host.size, pixels))
                                      : Mask(upload_matrix<Mask>(exec, "rvfit::HostSpectra::mask",
                                                                 host.mask, host.size, pixels));
  SpectrumBatch<P> batch =
      prepare_spectra<P>(exec, host.arm, wave, flux, ivar, mask, options, {}, {}, unit);
  batch.exposure = host.exposure;
  return batch;
}

}  // namespace rvfit
