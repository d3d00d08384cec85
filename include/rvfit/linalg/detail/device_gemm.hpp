// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The products of devices: C = A B, row-major.
///
/// A team computes a block of C. It goes through the inner index in steps of `depth`: for each, a strip
/// of A and one of B come to team scratch, and each thread adds their product to its 8 x 4 or 8 x 8
/// elements in registers. An element is one sum over the inner index in its order, so that a row of C has
/// the same bits whatever the other rows are.

#include <rvfit/linalg/matrix_ref.hpp>

#include <Kokkos_Core.hpp>

#include <string>

namespace rvfit::detail {

/// @tparam Down, Across  threads of a team that share a block; few on hosts, whose teams are small
template <ExecutionPolicy P, class T, int Down = P::on_host ? 1 : 8,
          int Across = P::on_host ? 2 : 16>
struct TiledGemm {
  using Member = typename P::member_type;

  /// Neighbours that a thread moves by one instruction.
  static constexpr int width = 16 / static_cast<int>(sizeof(T));
  struct alignas(16) Segment {
    T element[width];
  };

  static constexpr int threads = Down * Across;
  static constexpr int row_segments = 8 / width;  ///< of a thread
  static constexpr int column_segments = 2;
  static constexpr int block_rows = Down * row_segments * width;
  static constexpr int block_columns = Across * column_segments * width;
  static constexpr int depth = 16;
  /// Segments from one inner index to the next in scratch; one more for A, whose elements are written
  /// across them: in other banks.
  static constexpr int a_pitch = block_rows / width + 1;
  static constexpr int b_pitch = block_columns / width;

  using TeamPolicy =
      Kokkos::TeamPolicy<typename P::execution_space, Kokkos::LaunchBounds<threads, 1>, SentAlong>;
  using Sums = T[row_segments * width][column_segments * width];

  MatrixRef<const T> a, b;
  MatrixRef<T> c;
  RowsInUse<P> in_use;

  static constexpr std::size_t strip_bytes =
      static_cast<std::size_t>(depth * (a_pitch + b_pitch)) * sizeof(Segment);

  [[nodiscard]] static std::size_t scratch_bytes() { return strip_bytes + alignof(Segment); }
  [[nodiscard]] KOKKOS_FUNCTION int row_blocks() const {
    return (c.rows + block_rows - 1) / block_rows;
  }
  [[nodiscard]] KOKKOS_FUNCTION int column_blocks() const {
    return (c.columns + block_columns - 1) / block_columns;
  }

  [[nodiscard]] TeamPolicy make_policy(const typename P::execution_space& exec) const {
    const int league = row_blocks() * column_blocks();
    int size = threads;  // Kokkos throws where a device's team cannot be as large
    if constexpr (!teams_are_whole) {
      auto policy = teams<P, TeamPolicy>(exec, league);
      policy.set_scratch_size(0, Kokkos::PerTeam(scratch_bytes()));
      const int most = has_team_size<P> ? policy.team_size()
                                        : policy.team_size_max(*this, Kokkos::ParallelForTag{});
      size = Kokkos::min(size, most);
    }
    TeamPolicy sized(exec, league, size);
    sized.set_scratch_size(0, Kokkos::PerTeam(scratch_bytes()));
    return sized;
  }

  KOKKOS_FUNCTION void operator()(const Member& member) const {
    // Neighbouring teams share columns of B.
    const int row = member.league_rank() % row_blocks() * block_rows;
    const int column = member.league_rank() / row_blocks() * block_columns;
    if (row >= in_use(c.rows)) {
      return;
    }
    auto* strips = static_cast<Segment*>(
        member.team_scratch(0).get_shmem_aligned(std::size_t{strip_bytes}, alignof(Segment)));
    Segment* a_strip = strips;
    Segment* b_strip = strips + depth * a_pitch;
    if (teams_are_whole || member.team_size() == threads) {
      Sums sums = {};
      Fetched next;
      fetch(member.team_rank(), row, column, 0, next);
      for (int k = 0; k < a.columns; k += depth) {
        member.team_barrier();
        put(member.team_rank(), next, a_strip, b_strip);
        member.team_barrier();
        if (k + depth < a.columns) {  // on its way while the strips are multiplied
          fetch(member.team_rank(), row, column, k + depth, next);
        }
        add_products(member.team_rank(), a_strip, b_strip, sums);
      }
      store(member.team_rank(), row, column, sums);
    } else {
      multiply_by_few(member, row, column, a_strip, b_strip);
    }
  }

 private:
  /// On devices a team has all the threads that share a block.
  static constexpr bool teams_are_whole = !P::on_host && !has_team_size<P>;

  /// Shares of the block that a thread computes in one pass: where teams are made small, many.
  static constexpr int shares = has_team_size<P> ? threads / 4 : 1;

  /// The same by a team of a host, or of a test, that has fewer threads.
  KOKKOS_FUNCTION void multiply_by_few(const Member& member, int row, int column, Segment* a_strip,
                                       Segment* b_strip) const {
    for (int first = 0; first < threads; first += shares * member.team_size()) {
      Sums sums[shares] = {};
      for (int k = 0; k < a.columns; k += depth) {
        member.team_barrier();
        Kokkos::parallel_for(Kokkos::TeamThreadRange(member, int{threads}), [&](int thread) {
          Fetched part;
          fetch(thread, row, column, k, part);
          put(thread, part, a_strip, b_strip);
        });
        member.team_barrier();
        for_each_share(member, first, [&](int share, int thread) {
          add_products(thread, a_strip, b_strip, sums[share]);
        });
      }
      for_each_share(member, first,
                     [&](int share, int thread) { store(thread, row, column, sums[share]); });
    }
  }

  template <class Body>
  KOKKOS_FUNCTION static void for_each_share(const Member& member, int first, const Body& body) {
    for (int share = 0; share < shares; ++share) {
      const int thread = first + share * member.team_size() + member.team_rank();
      if (thread < threads) {
        body(share, thread);
      }
    }
  }

  /// Elements of the strips that a thread moves. They are fetched all at once: one after another each would wait
  /// for the memory.
  struct Fetched {
    static constexpr int of_a = (block_rows * depth + threads - 1) / threads;
    static constexpr int of_b = (depth * block_columns + threads - 1) / threads;
    T a[of_a], b[of_b];
  };

  /// Strips that begin at inner index k; zeros outside the matrices.
  KOKKOS_FUNCTION void fetch(int thread, int row, int column, int k, Fetched& out) const {
    for (int m = 0; m < Fetched::of_a; ++m) {
      const int n = m * threads + thread;
      const int i = n / depth, j = n % depth;
      const bool inside = i < block_rows && row + i < c.rows && k + j < a.columns;
      out.a[m] = inside ? a.row(row + i)[k + j] : T(0);
    }
    for (int m = 0; m < Fetched::of_b; ++m) {
      const int n = m * threads + thread;
      const int i = n / block_columns, j = n % block_columns;
      const bool inside = i < depth && k + i < a.columns && column + j < c.columns;
      out.b[m] = inside ? b.row(k + i)[column + j] : T(0);
    }
  }
  KOKKOS_FUNCTION static void put(int thread, const Fetched& in, Segment* a_strip,
                                  Segment* b_strip) {
    for (int m = 0; m < Fetched::of_a; ++m) {
      const int n = m * threads + thread;
      const int i = n / depth, j = n % depth;
      if (i < block_rows) {
        a_strip[j * a_pitch + i / width].element[i % width] = in.a[m];
      }
    }
    for (int m = 0; m < Fetched::of_b; ++m) {
      const int n = m * threads + thread;
      const int i = n / block_columns, j = n % block_columns;
      if (i < depth) {
        b_strip[i * b_pitch + j / width].element[j % width] = in.b[m];
      }
    }
  }

  KOKKOS_FUNCTION static void add_products(int thread, const Segment* a_strip,
                                           const Segment* b_strip, Sums& sums) {
    const int down = thread / Across, across = thread % Across;
    for (int k = 0; k < depth; ++k) {
      Segment left[row_segments], right[column_segments];
      for (int i = 0; i < row_segments; ++i) {
        left[i] = a_strip[k * a_pitch + down + i * Down];
      }
      for (int j = 0; j < column_segments; ++j) {
        right[j] = b_strip[k * b_pitch + across + j * Across];
      }
      for (int i = 0; i < row_segments * width; ++i) {
        for (int j = 0; j < column_segments * width; ++j) {
          sums[i][j] += left[i / width].element[i % width] * right[j / width].element[j % width];
        }
      }
    }
  }

  KOKKOS_FUNCTION void store(int thread, int row, int column, const Sums& sums) const {
    const int down = thread / Across, across = thread % Across;
    for (int i = 0; i < row_segments * width; ++i) {
      const int r = row + (down + i / width * Down) * width + i % width;
      for (int j = 0; j < column_segments * width; ++j) {
        const int s = column + (across + j / width * Across) * width + j % width;
        if (r < c.rows && s < c.columns) {
          c.row(r)[s] = sums[i][j];
        }
      }
    }
  }
};

/// The portable product C = A B. It runs on hosts, too, where tests compare it with others.
template <ExecutionPolicy P, class T>
void device_gemm(const typename P::execution_space& exec, const std::string& label,
                 MatrixRef<const T> a, MatrixRef<const T> b, MatrixRef<T> c,
                 const RowsInUse<P>& in_use = {}) {
  const TiledGemm<P, T> kernel{a, b, c, in_use};
  Kokkos::parallel_for(label, kernel.make_policy(exec), kernel);
}

}  // namespace rvfit::detail
