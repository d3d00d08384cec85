// SPDX-License-Identifier: MIT

#include "merge.hpp"

#include "log.hpp"
#include "text_output.hpp"
#include <rvfit/io/fits/fits_input.hpp>
#include <rvfit/io/fits/fits_output.hpp>
#include <rvfit/io/fits/text.hpp>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>

namespace rvfit_programs {
namespace {

namespace io = rvfit::io;

/// Rows that say nothing.
template <class Values>
void append_nothing(Values& values, std::size_t rows) {
  if constexpr (std::is_same_v<Values, io::StoredCells>) {
    const bool floats = values.format.find_first_of("EDCM") != std::string::npos;
    values.bytes.insert(values.bytes.end(), rows * values.row_bytes, floats ? 0xff : 0x00);  // NaN
  } else if constexpr (std::is_same_v<Values, std::vector<std::string>> ||
                       std::is_same_v<Values, io::Flags>) {
    values.resize(values.size() + rows);
  } else {
    using Value = typename Values::value_type;
    values.insert(values.end(), rows,
                  std::is_floating_point_v<Value> ? std::numeric_limits<Value>::quiet_NaN()
                                                  : static_cast<Value>(-1));
  }
}

template <class Values>
constexpr bool is_numeric =
    std::is_same_v<Values, std::vector<double>> || std::is_same_v<Values, std::vector<float>> ||
    std::is_same_v<Values, std::vector<std::int32_t>> ||
    std::is_same_v<Values, std::vector<std::int64_t>>;

/// Rows of a column below those of its namesake.
void append(io::Column& to, const io::Column& from) {
  const auto refuse = [&] {
    throw io::IoError("column " + to.name + " is of another kind than in the files before");
  };
  std::visit(
      [&](auto& upper, const auto& lower) {
        using Upper = std::decay_t<decltype(upper)>;
        using Lower = std::decay_t<decltype(lower)>;
        if constexpr (std::is_same_v<Upper, io::StoredCells> &&
                      std::is_same_v<Lower, io::StoredCells>) {
          if (upper.format != lower.format || upper.cards.size() != lower.cards.size()) {
            refuse();
          }
          upper.bytes.insert(upper.bytes.end(), lower.bytes.begin(), lower.bytes.end());
        } else if constexpr (std::is_same_v<Upper, Lower>) {
          upper.insert(upper.end(), lower.begin(), lower.end());
        } else if constexpr (is_numeric<Upper> && is_numeric<Lower>) {
          std::vector<double> all(upper.begin(), upper.end());
          all.insert(all.end(), lower.begin(), lower.end());
          to.values = std::move(all);
        } else {
          refuse();
        }
      },
      to.values, from.values);
}

/// Every column of RVTAB, with its comment.
[[nodiscard]] std::vector<io::Column> columns_of(io::FitsInput& part) {
  std::vector<io::Column> columns;
  const auto count = part.require_keyword<std::int64_t>("RVTAB", "TFIELDS");
  for (std::int64_t n = 1; n <= count; ++n) {
    const std::string number = std::to_string(n);
    const auto name = part.require_keyword<std::string>("RVTAB", "TTYPE" + number);
    columns.push_back(part.read_any_column("RVTAB", name));
    if (std::holds_alternative<std::vector<std::string>>(columns.back().values)) {
      columns.back().shape = {part.column_width("RVTAB", name)};
    }
    columns.back().comment = part.keyword<std::string>("RVTAB", "TCOMM" + number).value_or("");
  }
  return columns;
}

/// Names of parameters, in the header of RVTAB.
[[nodiscard]] std::vector<io::Keyword> parameters_of(io::FitsInput& part) {
  std::vector<io::Keyword> keywords;
  for (int p = 0;; ++p) {
    const std::string name = "PARAM" + std::to_string(p);
    const auto parameter = part.keyword<std::string>("RVTAB", name);
    if (!parameter) {
      return keywords;
    }
    keywords.push_back(
        {name, *parameter, "parameter of bit and covariance row " + std::to_string(p)});
  }
}

void remove_parts(const std::string& parts) {
  // Under another name first: what a kill leaves of them is not taken for parts.
  const std::string done = parts + ".done";
  std::error_code ignored;
  std::filesystem::rename(parts, done, ignored);
  std::filesystem::remove_all(done, ignored);
}

}  // namespace

void StackedColumns::add(std::vector<io::Column> columns, std::size_t rows) {
  std::vector<bool> filled(columns_.size(), false);
  for (io::Column& column : columns) {
    const auto [found, is_new] = place_.emplace(io::upper_case(column.name), columns_.size());
    if (!is_new) {
      append(columns_[found->second], column);
      filled[found->second] = true;
      continue;
    }
    io::Column whole = io::take(column, {});
    std::visit([&](auto& values) { append_nothing(values, rows_); }, whole.values);
    append(whole, column);
    columns_.push_back(std::move(whole));
    filled.push_back(true);
  }
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    if (!filled[c]) {
      std::visit([&](auto& values) { append_nothing(values, rows); }, columns_[c].values);
    }
  }
  rows_ += rows;
}

bool is_merged(const Options& options) {
  return options.skip_existing && std::filesystem::exists(options.merge) &&
         !std::filesystem::exists(options.merge + ".parts");
}

Options begin_parts(Options options) {
  const std::string parts = options.merge + ".parts";
  std::error_code ignored;
  std::filesystem::remove_all(parts + ".done", ignored);
  const std::string note = parts + "/command.txt";
  make_folder_of(note);
  io::remove_left_overs(parts);
  if (std::filesystem::exists(note)) {
    std::ifstream file(note);
    const std::string command{std::istreambuf_iterator<char>(file), {}};
    if (command != options.command + "\n") {
      throw io::IoError(parts + ": has tables of a run that did not end, of another command (" +
                        note + "); repeat that one, or remove the folder");
    }
  } else {
    write_text(note, options.command + "\n");
  }
  options.outputs.parts = parts;
  options.skip_existing = true;
  return options;
}

void merge_parts(const Options& options, const std::vector<std::string>& files,
                 const std::vector<io::Keyword>& header) {
  StackedColumns stacked;
  std::vector<io::Keyword> parameters;
  std::vector<std::string> file_of_row;
  std::size_t missing = 0;
  for (const std::string& file : files) {
    const std::string path = options.outputs.table(file);
    if (!std::filesystem::exists(path)) {
      ++missing;
      continue;
    }
    io::FitsInput part(path);
    const std::size_t rows = part.row_count("RVTAB");
    std::vector<io::Column> columns = columns_of(part);
    for (io::Column& column : columns) {
      if (io::upper_case(column.name) == "INFILE") {
        column.name = "IN_INFILE";
      }
    }
    try {
      stacked.add(std::move(columns), rows);
    } catch (const io::IoError& error) {
      throw io::IoError(options.merge + ": " + file + ": " + error.what());
    }
    file_of_row.insert(file_of_row.end(), rows, file);
    if (parameters.empty()) {
      parameters = parameters_of(part);
    }
  }
  std::vector<io::Column> columns = stacked.take();
  if (columns.empty()) {
    return;
  }
  columns.insert(columns.begin(), {"INFILE", "", "File that was fitted", std::move(file_of_row)});
  make_folder_of(options.merge);
  io::FitsOutput table(options.merge);
  table.write_keywords(header);
  table.write_keywords({{"NFILES", static_cast<std::int64_t>(files.size() - missing), "files"},
                        {"NMISSING", static_cast<std::int64_t>(missing), "files without rows"}});
  table.write_table("RVTAB", columns);
  table.write_keywords(parameters);
  table.commit();
  if (missing == 0) {
    remove_parts(options.outputs.parts);
  } else {
    log(LogLevel::warning, options.merge + ": " + std::to_string(missing) + " of " +
                               std::to_string(files.size()) +
                               " files are not in it; the same command tries them again");
  }
}

}  // namespace rvfit_programs
