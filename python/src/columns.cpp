// SPDX-License-Identifier: MIT

#include "columns.hpp"

#include "numpy.hpp"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace rvfit_python {

namespace nb = nanobind;

nb::tuple column_to_python(rvfit::io::Column&& column, std::size_t rows) {
  nb::object array = std::visit(
      [&](auto&& values) -> nb::object {
        using Values = std::decay_t<decltype(values)>;
        if constexpr (std::is_same_v<Values, std::vector<std::string>>) {
          return nb::cast(values);
        } else if constexpr (std::is_same_v<Values, rvfit::io::StoredCells>) {
          return nb::none();
        } else {
          std::vector<std::size_t> shape{rows};
          shape.insert(shape.end(), column.shape.begin(), column.shape.end());
          if constexpr (std::is_same_v<Values, rvfit::io::Flags>) {
            std::vector<std::uint8_t> flags(values.begin(), values.end());
            return to_numpy(std::move(flags), shape);
          } else {
            return to_numpy(std::forward<decltype(values)>(values), shape);
          }
        }
      },
      std::move(column.values));
  return nb::make_tuple(column.name, column.unit, column.comment, array);
}

}  // namespace rvfit_python
