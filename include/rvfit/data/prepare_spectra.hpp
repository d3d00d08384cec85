// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// From the arrays of a spectrum to weights:
///
/// - a pixel is bad where mask > 0, ivar <= 0, flux or ivar is not finite, or its wavelength is masked or not
///   used;
/// - with a resolution matrix also the pixels at both ends whose row is cut off, and those whose row
///   is empty;
/// - sigma = 1 / sqrt(ivar), at least `error_floor` x the median sigma of the good pixels, and in quadrature
///   `systematic_error` and `relative_error` x |S|, S the median flux of the good pixels at most 10 pixels away
///   (docs/decisions/0021);
/// - an arm whose good pixels are all exactly zero holds no spectrum and is left out.
///
/// With the options of `io::desi_preparation` these are the rules of rvspecfit's get_specdata. It keeps
/// bad pixels with an error of 1000 x the median flux, which adds a constant to its likelihood; here
/// their weight is zero.

#include <rvfit/core/number_bits.hpp>
#include <rvfit/core/order_statistic.hpp>
#include <rvfit/data/prepare_options.hpp>
#include <rvfit/data/spectrum_batch.hpp>

#include <cstdint>
#include <string>

namespace rvfit {

namespace detail {

/// One team prepares one spectrum.
template <ExecutionPolicy P>
struct PrepareSpectra {
  using Real = typename P::real_type;
  PrepareOptions options;
  Matrix<const double, P> wave;
  Matrix<const float, P> flux, ivar;
  Matrix<const std::int32_t, P> mask;
  Cube<const Real, P> resolution;  ///< empty if there is none
  Matrix<Real, P> clean_flux, weight;
  Vector<const double, P> unit;  ///< empty: 1

  /// Whether the whole row of the resolution matrix lies within the spectrum and says something.
  [[nodiscard]] KOKKOS_FUNCTION bool resolved(int b, int i) const {
    const auto diagonals = static_cast<int>(resolution.extent(1));
    const int reach = diagonals / 2;
    if (diagonals == 0) {
      return true;
    }
    if (i < reach || i + reach >= static_cast<int>(flux.extent(1))) {
      return false;
    }
    double sum = 0.0;
    for (int k = 0; k < diagonals; ++k) {
      sum += static_cast<double>(resolution(resolution.extent(0) == 1 ? 0 : b, k, i + reach - k));
    }
    return sum > 0.0;
  }

  KOKKOS_FUNCTION void operator()(const typename P::member_type& member) const {
    const int b = member.league_rank();
    const auto size = static_cast<int>(flux.extent(1));
    keep_good(member, b, size);
    int count = 0, signal = 0;
    Kokkos::parallel_reduce(
        Kokkos::TeamThreadRange(member, size),
        [&](int i, int& goods, int& signals) {
          goods += weight(b, i) > Real(0) ? 1 : 0;
          signals += clean_flux(b, i) != Real(0) ? 1 : 0;
        },
        count, signal);
    const double limit = signal > 0 ? largest_weight(member, b, size, count) : 0.0;
    if (options.systematic_error != 0.0 || options.relative_error > 0.0) {
      Kokkos::parallel_for(Kokkos::TeamThreadRange(member, size), [&](int i) {
        const double w = Kokkos::sqrt(static_cast<double>(weight(b, i)));
        weight(b, i) = static_cast<Real>(with_systematic_error(b, i, Kokkos::fmin(w, limit)));
      });
      return;
    }
    // The same of errors that nothing is added to, without double: the root of a float in double and rounded is its root
    // in float, and rounding keeps the order.
    constexpr Real largest = Kokkos::Experimental::finite_max_v<Real>;
    const auto most = static_cast<Real>(Kokkos::fmin(limit, static_cast<double>(largest)));
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, size), [&](int i) {
      const Real w = Kokkos::sqrt(weight(b, i));
      weight(b, i) = w < most ? w : most;
    });
  }

 private:
  /// Good pixels with their inverse variance for a weight, until the floor of the error is known, and bad ones with 0: a
  /// loop for each reason, which is one over vectors.
  KOKKOS_FUNCTION void keep_good(const typename P::member_type& member, int b, int size) const {
    const auto each = [&](const auto& keep) {
      Kokkos::parallel_for(Kokkos::TeamThreadRange(member, size), keep);
    };
    each([&](int i) {
      const std::uint32_t good = all_bits_if_good(flux(b, i), ivar(b, i), mask(b, i));
      weight(b, i) = static_cast<Real>(only_if(good, ivar(b, i)));
      clean_flux(b, i) = static_cast<Real>(only_if(good, flux(b, i)));
    });
    const auto keep_if = [&](int i, bool keeps) {
      const NumberBits<Real> good = all_bits_if<Real>(keeps);
      weight(b, i) = only_if(good, weight(b, i));
      clean_flux(b, i) = only_if(good, clean_flux(b, i));
    };
    const int row = wave.extent(0) == 1 ? 0 : b;
    each([&, lower = options.used.lower, upper = options.used.upper](int i) {
      keep_if(i, (wave(row, i) >= lower) & (wave(row, i) <= upper));
    });
    for (int n = 0; n < options.masked.size(); ++n) {
      each([&, out = options.masked[n]](int i) {
        keep_if(i, (wave(row, i) <= out.lower) | (wave(row, i) >= out.upper));
      });
    }
    if (resolution.extent(1) > 0) {
      each([&](int i) { keep_if(i, resolved(b, i)); });
    }
  }

  /// 1 / sqrt(sigma^2 + systematic_error^2 + (relative_error S)^2) of 1 / sigma, in the spectrum's unit.
  [[nodiscard]] KOKKOS_FUNCTION double with_systematic_error(int b, int i, double w) const {
    const double added = options.systematic_error / (unit.extent(0) == 0 ? 1.0 : unit(b));
    const double relative = added * w;
    const double of_flux = options.relative_error > 0.0 && w > 0.0
                               ? options.relative_error * local_flux(b, i) * w
                               : 0.0;
    return w / Kokkos::sqrt(1.0 + relative * relative + of_flux * of_flux);
  }

  /// Median flux of the good pixels around one, at most `reach` away. (Bad pixels have a clean flux of 0.)
  [[nodiscard]] KOKKOS_FUNCTION double local_flux(int b, int i) const {
    constexpr int reach = 10;
    Real sorted[2 * reach + 1];
    int count = 0;
    const auto size = static_cast<int>(clean_flux.extent(1));
    for (int j = Kokkos::max(i - reach, 0); j <= Kokkos::min(i + reach, size - 1); ++j) {
      const Real value = clean_flux(b, j);
      if (value != Real(0)) {
        int place = count++;
        for (; place > 0 && sorted[place - 1] > value; --place) {
          sorted[place] = sorted[place - 1];
        }
        sorted[place] = value;
      }
    }
    return count == 0 ? 0.0
                      : 0.5 * (static_cast<double>(sorted[(count - 1) / 2]) +
                               static_cast<double>(sorted[count / 2]));
  }

  /// 1 / (error_floor x median sigma), infinite without a floor; for an even number the median is the
  /// mean of the middle two.
  KOKKOS_FUNCTION double largest_weight(const typename P::member_type& member, int b, int size,
                                        int count) const {
    if (!(options.error_floor > 0.0)) {
      return Kokkos::Experimental::infinity_v<double>;
    }
    const int bad = size - count;  // they sort below every good pixel
    const auto sigma = [&](int rank) {
      const double inverse_variance = order_statistic<float>(bad + rank, [&](float limit) {
        int below = 0;
        Kokkos::parallel_reduce(
            Kokkos::TeamThreadRange(member, size),
            [&](int i, int& sum) { sum += weight(b, i) <= static_cast<Real>(limit) ? 1 : 0; },
            below);
        return below;
      });
      return 1.0 / Kokkos::sqrt(inverse_variance);
    };
    const double upper = sigma(count / 2);
    const double median = count % 2 == 1 ? upper : 0.5 * (upper + sigma(count / 2 - 1));
    return 1.0 / (options.error_floor * median);
  }
};

}  // namespace detail

/// Prepare one arm of spectra.
///
/// @param[in] exec  instance the work is enqueued on; the call does not fence
/// @param[in] arm   name of the arm in the model, for example desi_b
/// @param[in] wave  (1 or B, N)                        [Angstrom]
/// @param[in] flux  (B, N)                             [flux]
/// @param[in] ivar  (B, N)  inverse variance           [1 / flux^2]
/// @param[in] mask  (B, N)  bad where positive
/// @param[in] options     masked wavelengths and limits of errors; by default there are none
/// @param[in] resolution  (1 or B, D, N)  optional, of `remove_template_spread`
/// @param[in] buffer      of B or more spectra of N pixels, which holds what is prepared; allocated here
///                        if there is none
/// @param[in] unit        (B)  optional: unit of flux and 1 / sqrt(ivar) in that of options and results,
///                        a power of two (data/flux_unit.hpp); shared with what is returned
/// @throws InvalidArgument  extents differ
template <ExecutionPolicy P>
[[nodiscard]] SpectrumBatch<P> prepare_spectra(
    const typename P::execution_space& exec, std::string arm, const Matrix<const double, P>& wave,
    const Matrix<const float, P>& flux, const Matrix<const float, P>& ivar,
    const Matrix<const std::int32_t, P>& mask, const PrepareOptions& options = {},
    const Cube<const typename P::real_type, P>& resolution = {},
    const SpectrumBuffer<P>& buffer = {}, const Vector<const double, P>& unit = {}) {
  const auto same = [&](const auto& view) {
    return view.extent(0) == flux.extent(0) && view.extent(1) == flux.extent(1);
  };
  RVFIT_REQUIRE(same(ivar) && same(mask), "prepare_spectra: ", arm, ": flux is ", flux.extent(0),
                " x ", flux.extent(1), ", ivar ", ivar.extent(0), " x ", ivar.extent(1), ", mask ",
                mask.extent(0), " x ", mask.extent(1));
  RVFIT_REQUIRE(
      (wave.extent(0) == 1 || wave.extent(0) == flux.extent(0)) && wave.extent(1) == flux.extent(1),
      "prepare_spectra: ", arm, ": wave is ", wave.extent(0), " x ", wave.extent(1),
      ", wanted 1 or ", flux.extent(0), " x ", flux.extent(1));
  RVFIT_REQUIRE(unit.extent(0) == 0 || unit.extent(0) == flux.extent(0), "prepare_spectra: ", arm,
                ": flux has ", flux.extent(0), " rows, unit ", unit.extent(0));
  const SpectrumBuffer<P> out = buffer.capacity() == 0
                                    ? SpectrumBuffer<P>(exec, flux.extent(0), flux.extent(1))
                                    : buffer.first(flux.extent(0));
  RVFIT_REQUIRE(same(out.flux), "prepare_spectra: ", arm, ": flux is ", flux.extent(0), " x ",
                flux.extent(1), ", the buffer ", out.flux.extent(0), " x ", out.flux.extent(1));
  Kokkos::parallel_for("rvfit::prepare_spectra", teams<P>(exec, static_cast<int>(flux.extent(0))),
                       detail::PrepareSpectra<P>{options, wave, flux, ivar, mask, resolution,
                                                 out.flux, out.weight, unit});
  SpectrumBatch<P> batch =
      make_spectrum_batch<P>(exec, std::move(arm), wave, out.flux, out.weight, resolution, out);
  batch.unit = unit;
  batch.used = options.used;
  return batch;
}

}  // namespace rvfit
