// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// All broadening stages and the spline's coefficients in one pass. Stages and spline are symmetric filters on the
/// template's uniform grid, so that their product is one, whose taps are the convolution of their kernels h_s:
///
///   coefficients = (h_1 * h_2 * .. * spline) * T,   d/dwidth_s: (h_1 * .. dh_s .. * spline) * T
///
/// Lanes 0 .. n of in (value and labels) give lanes 0 .. n of out; lane n + s of out is the tangent by the
/// width number s of those that are on.

#include <rvfit/core/tile.hpp>
#include <rvfit/linalg/gemm.hpp>
#include <rvfit/stages/broadening_stages.hpp>
#include <rvfit/stages/spline.hpp>
#include <rvfit/stages/symmetric_filter.hpp>

namespace rvfit {

namespace detail {

/// Rows of taps of one team: S stages that reach `reach` together.
template <class Real>
struct BroadeningScratch {
  int stride;      ///< of rows of kernels
  double* kernel;  ///< (1 + S, stride)  product of the stages' kernels so far, and its tangents
  double* other;   ///< (1 + S, stride)  the product before
  double* stage;   ///< (4, stride)      kernel of one stage, its tangent, and two rows of work
  double* spline;  ///< (spline_reach + 1)
  Real* taps;      ///< (1 + S, stride + spline_reach)  with the spline

  [[nodiscard]] static std::size_t doubles(int stages, int reach) {
    const std::size_t rows = 1 + static_cast<std::size_t>(stages);
    return (2 * rows + 4) * static_cast<std::size_t>(reach + 1) + spline_reach<Real> + 1;
  }
  [[nodiscard]] static std::size_t bytes(int stages, int reach) {
    const std::size_t rows = 1 + static_cast<std::size_t>(stages);
    return doubles(stages, reach) * sizeof(double) +
           rows * static_cast<std::size_t>(reach + 1 + spline_reach<Real>) * sizeof(Real) +
           2 * sizeof(double);
  }

  template <class Member>
  KOKKOS_FUNCTION BroadeningScratch(const Member& member, int stages, int reach)
      : stride(reach + 1) {
    const int rows = 1 + stages;
    const int numbers = (2 * rows + 4) * stride + spline_reach<Real> + 1;
    kernel = static_cast<double*>(
        member.team_scratch(0).get_shmem(static_cast<std::size_t>(numbers) * sizeof(double)));
    other = kernel + rows * stride;
    stage = other + rows * stride;
    spline = stage + 4 * stride;
    taps = static_cast<Real*>(member.team_scratch(0).get_shmem(
        static_cast<std::size_t>(rows * (stride + spline_reach<Real>)) * sizeof(Real)));
  }
};

/// One team broadens all lanes of one spectrum.
template <ExecutionPolicy P, class Stages>
struct BroadenKernel {
  using Real = typename P::real_type;
  using Member = typename P::member_type;
  using Scratch = BroadeningScratch<Real>;
  static constexpr int spline_taps = spline_reach<Real>;

  Tile<P> tile;
  Matrix<const double, P> theta;
  ActiveStages<Stages> stages;
  int max_reach;  ///< of all stages at their largest widths
  int lanes_in;
  int lanes_out;
  MatrixRef<const Real> in;
  MatrixRef<Real> out;

  KOKKOS_FUNCTION void operator()(const Member& member) const {
    const int t = member.league_rank();
    const int b = tile.fit(t);
    if (b < 0) {
      return;
    }
    Scratch scratch(member, stages.count, max_reach);
    const int reach = multiply_stages(member, b, scratch);
    const int last = reach + spline_taps;
    multiply_spline(member, reach, scratch);
    for (int lane = 0; lane < lanes_out; ++lane) {
      const int width = lane - lanes_in;  // number of the width that the lane is a tangent by
      symmetric_filter<P>(member, width < 0 ? scratch.taps : row(scratch, 1 + width), last,
                          in.row(t * lanes_in + (width < 0 ? lane : 0)), in.columns,
                          out.row(t * lanes_out + lane) + spline_padding);
    }
    member.team_barrier();
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, lanes_out),
                         [&](int lane) { spline_ends(out.row(t * lanes_out + lane), in.columns); });
  }

 private:
  /// Row r of the taps with the spline.
  KOKKOS_FUNCTION Real* row(const Scratch& scratch, int r) const {
    return scratch.taps + r * (scratch.stride + spline_taps);
  }

  /// scratch.kernel = h_1 * h_2 * .. and its tangents; returns how far it reaches.
  KOKKOS_FUNCTION int multiply_stages(const Member& member, int b, Scratch& scratch) const {
    int reach = 0;
    Kokkos::single(Kokkos::PerTeam(member), [&] { scratch.kernel[0] = 1.0; });
    member.team_barrier();
    stages.for_each([&](auto stage, int number, int place) {
      using Stage = decltype(stage);
      // A width that is NaN has made the objective NaN already; here it must only index safely.
      const double asked = Kokkos::fmax(theta(b, stages.first_column + number), 0.0);
      const double width = Kokkos::fmin(asked * stages.pixels_per_kms, stages.largest[place]);
      const int own = Stage::template reach<Real>(width);
      const int stride = scratch.stride;
      const KernelTaps h{scratch.stage, scratch.stage + stride, scratch.stage + 2 * stride};
      Stage::template fill<Real>(member, width, h);
      Kokkos::kokkos_swap(scratch.kernel, scratch.other);
      const double* before = scratch.other;
      double* product = scratch.kernel;
      const double per_kms = stages.pixels_per_kms;
      Kokkos::parallel_for(Kokkos::TeamThreadRange(member, reach + own + 1), [&](int k) {
        product[k] = convolved(k, h.value, own, before, reach);
        product[(1 + number) * stride + k] = per_kms * convolved(k, h.slope, own, before, reach);
        for (int s = 1; s <= number; ++s) {
          product[s * stride + k] = convolved(k, h.value, own, before + s * stride, reach);
        }
      });
      member.team_barrier();
      reach += own;
    });
    return reach;
  }

  /// scratch.taps = the product and its tangents, with the spline.
  KOKKOS_FUNCTION void multiply_spline(const Member& member, int reach,
                                       const Scratch& scratch) const {
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, spline_taps + 1),
                         [&](int k) { scratch.spline[k] = spline_tap(k); });
    member.team_barrier();
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, reach + spline_taps + 1), [&](int k) {
      for (int s = 0; s <= stages.count; ++s) {
        row(scratch, s)[k] = static_cast<Real>(
            convolved(k, scratch.kernel + s * scratch.stride, reach, scratch.spline, spline_taps));
      }
    });
    member.team_barrier();
  }
};

}  // namespace detail

/// Broaden a tile of templates and turn it into spline coefficients.
///
/// @param[in]  exec    instance the work is enqueued on; the call does not fence
/// @param[in]  tile    T entries
/// @param[in]  theta   (B, P)                   widths of the stages, >= 0            [km/s]
/// @param[in]  stages  that are on, S of them; a width beyond its upper bound acts like that
/// @param[in]  in      (T, lanes_in, N)         templates and label tangents  [template flux]
/// @param[out] out     (T, lanes_out, N + 2)    coefficients c_{-1} .. c_N    [template flux];
///                                              lanes_out is lanes_in (no tangents by widths) or
///                                              lanes_in + S
/// @throws InvalidArgument  extents differ, or kernels that do not fit the team's scratch
template <ExecutionPolicy P, class Stages>
void broaden(const typename P::execution_space& exec, const Tile<P>& tile,
             const Matrix<const double, P>& theta, const ActiveStages<Stages>& stages, int lanes_in,
             int lanes_out, MatrixRef<const typename P::real_type> in,
             MatrixRef<typename P::real_type> out) {
  using Kernel = detail::BroadenKernel<P, Stages>;
  RVFIT_REQUIRE(out.columns == in.columns + 2 * spline_padding, "broaden: in has ", in.columns,
                " pixels, out has ", out.columns, ", two more wanted");
  RVFIT_REQUIRE(in.rows >= tile.size * lanes_in && out.rows >= tile.size * lanes_out,
                "broaden: ", tile.size, " entries of ", lanes_in, " and ", lanes_out,
                " lanes in arrays of ", in.rows, " and ", out.rows, " rows");
  RVFIT_REQUIRE(lanes_out == lanes_in || lanes_out == lanes_in + stages.count,
                "broaden: ", lanes_in, " lanes in, ", lanes_out, " out, with ", stages.count,
                " stages");
  const int max_reach = stages.template max_reach<typename P::real_type>();
  const auto bytes = static_cast<int>(Kernel::Scratch::bytes(stages.count, max_reach));
  RVFIT_REQUIRE(bytes <= P::team_policy::scratch_size_max(0), "broaden: kernels of ", max_reach,
                " pixels want ", bytes, " bytes of team scratch, there are ",
                P::team_policy::scratch_size_max(0));
  // Profiles of several stages want more registers than a thread of a full block of a GPU can have.
  using SmallTeams =
      Kokkos::TeamPolicy<typename P::execution_space, Kokkos::LaunchBounds<256, 1>, SentAlong>;
  auto policy = teams<P, SmallTeams>(exec, tile.size);
  policy.set_scratch_size(0, Kokkos::PerTeam(bytes));
  Kokkos::parallel_for("rvfit::broaden", policy,
                       Kernel{tile, theta, stages, max_reach, lanes_in, lanes_out, in, out});
}

}  // namespace rvfit
