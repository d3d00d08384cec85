// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Rotation and spline coefficients in one pass. Both are symmetric filters on the template's
/// uniform grid, so that their product is one, whose taps are the convolution of the two kernels:
///
///   coefficients = (W(vsini) * spline) * T,     d/dvsini: (dW/dvsini * spline) * T
///
/// Pack: 0 .. n in (value and labels) give lanes 0 .. n out; lane n + 1 out is d/dvsini.

#include <rvfit/core/tile.hpp>
#include <rvfit/linalg/gemm.hpp>
#include <rvfit/stages/rotation.hpp>
#include <rvfit/stages/spline.hpp>
#include <rvfit/stages/symmetric_filter.hpp>

namespace rvfit {

namespace detail {

/// One team broadens all lanes of one spectrum.
template <ExecutionPolicy P>
struct BroadenKernel {
  using Real = typename P::real_type;
  static constexpr int spline_taps = spline_reach<Real>;

  Tile<P> tile;
  Matrix<const double, P> theta;
  int vsini;              ///< its column in theta
  double radius_per_kms;  ///< 1 / (c step) [pixels / (km/s)]
  int max_reach;          ///< of the rotation kernel at the largest vsini
  int lanes_in;
  int lanes_out;
  MatrixRef<const Real> in;
  MatrixRef<Real> out;

  /// Taps of rotation and of the product, of values and of derivatives.
  [[nodiscard]] static std::size_t scratch_bytes(int max_reach) {
    return 2 * static_cast<std::size_t>(max_reach + 1) * sizeof(double) +
           2 * static_cast<std::size_t>(max_reach + spline_taps + 1) * sizeof(Real) +
           2 * sizeof(double);
  }

  KOKKOS_FUNCTION void operator()(const typename P::member_type& member) const {
    const int t = member.league_rank();
    const int b = tile.fit(t);
    if (b < 0) {
      return;
    }
    // A vsini that is NaN has made the objective NaN already; here it must only index safely.
    const double radius = Kokkos::fmax(theta(b, vsini), 0.0) * radius_per_kms;
    const int reach = Kokkos::min(rotation_reach(radius), max_reach);
    const int last = reach + spline_taps;
    auto* rotation = static_cast<double*>(member.team_scratch(0).get_shmem(
        2 * static_cast<std::size_t>(max_reach + 1) * sizeof(double)));
    auto* taps = static_cast<Real*>(member.team_scratch(0).get_shmem(
        2 * static_cast<std::size_t>(max_reach + spline_taps + 1) * sizeof(Real)));
    double* rotation_slope = rotation + reach + 1;
    Real* taps_slope = taps + last + 1;

    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, reach + 1), [&](int k) {
      const RotationTap tap = rotation_tap(k, radius);
      rotation[k] = tap.value;
      rotation_slope[k] = tap.slope * radius_per_kms;
    });
    member.team_barrier();
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, last + 1), [&](int k) {
      double value = 0.0, slope = 0.0;
      for (int j = -reach; j <= reach; ++j) {
        const int distance = Kokkos::abs(k - j);
        const double tap = distance <= spline_taps ? spline_tap(distance) : 0.0;
        value += rotation[Kokkos::abs(j)] * tap;
        slope += rotation_slope[Kokkos::abs(j)] * tap;
      }
      taps[k] = static_cast<Real>(value);
      taps_slope[k] = static_cast<Real>(slope);
    });
    member.team_barrier();
    for (int lane = 0; lane < lanes_out; ++lane) {
      const bool derivative = lane == lanes_in;
      symmetric_filter<P>(member, derivative ? taps_slope : taps, last,
                          in.row(t * lanes_in + (derivative ? 0 : lane)), in.columns,
                          out.row(t * lanes_out + lane) + spline_padding);
    }
    member.team_barrier();
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, lanes_out),
                         [&](int lane) { spline_ends(out.row(t * lanes_out + lane), in.columns); });
  }
};

}  // namespace detail

/// Broaden a tile of templates and turn it into spline coefficients.
///
/// @param[in]  exec   instance the work is enqueued on; the call does not fence
/// @param[in]  tile   T entries
/// @param[in]  theta  (B, P)                   column `vsini` >= 0                   [km/s]
/// @param[in]  step   of the grid in ln(wavelength)
/// @param[in]  max_vsini  bound of vsini                                             [km/s]
/// @param[in]  in     (T, lanes_in, N)         templates and label tangents  [template flux]
/// @param[out] out    (T, lanes_out, N + 2)    coefficients c_{-1} .. c_N    [template flux];
///                                             lanes_out is lanes_in (values only) or one more
/// @throws InvalidArgument  extents differ
template <ExecutionPolicy P>
void broaden(const typename P::execution_space& exec, const Tile<P>& tile,
             const Matrix<const double, P>& theta, int vsini, double step, double max_vsini,
             int lanes_in, int lanes_out, MatrixRef<const typename P::real_type> in,
             MatrixRef<typename P::real_type> out) {
  using Kernel = detail::BroadenKernel<P>;
  RVFIT_REQUIRE(out.columns == in.columns + 2 * spline_padding, "broaden: in has ", in.columns,
                " pixels, out has ", out.columns, ", two more wanted");
  RVFIT_REQUIRE(in.rows >= tile.size * lanes_in && out.rows >= tile.size * lanes_out,
                "broaden: ", tile.size, " entries of ", lanes_in, " and ", lanes_out,
                " lanes in arrays of ", in.rows, " and ", out.rows, " rows");
  const double radius_per_kms = 1.0 / (speed_of_light * step);
  const int max_reach = rotation_reach(max_vsini * radius_per_kms);
  typename P::team_policy policy(exec, tile.size, Kokkos::AUTO);
  policy.set_scratch_size(0, Kokkos::PerTeam(Kernel::scratch_bytes(max_reach)));
  Kokkos::parallel_for(
      "rvfit::broaden", policy,
      Kernel{tile, theta, vsini, radius_per_kms, max_reach, lanes_in, lanes_out, in, out});
}

}  // namespace rvfit
