// SPDX-License-Identifier: MIT

/// @file
/// Changes FITS files as FITS files: cards of a header, blocks of 2880 bytes, and now and then any byte.
/// Bytes alone would break the first keyword, and no file would get past that.

#include "targets.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace rvfit::fuzz {
namespace {

constexpr std::size_t block_bytes = 2880;
constexpr std::size_t card_bytes = 80;

constexpr const char* counts[] = {"0",
                                  "1",
                                  "-1",
                                  "2",
                                  "3",
                                  "8",
                                  "80",
                                  "1000",
                                  "2880",
                                  "65536",
                                  "2147483647",
                                  "2147483648",
                                  "4294967296",
                                  "-2147483648",
                                  "999999999999",
                                  "9223372036854775807",
                                  "-9223372036854775808",
                                  "99999999999999999999",
                                  "1.5",
                                  "-0.0",
                                  "1E308",
                                  "1E-400",
                                  "NAN",
                                  "T",
                                  "F",
                                  "''",
                                  "'x'"};
constexpr const char* formats[] = {
    "'D'",           "'E'",   "'J'",    "'K'",      "'I'",     "'B'",    "'L'",
    "'X'",           "'8X'",  "'A'",    "'16A'",    "'0A'",    "'0D'",   "'5E'",
    "'C'",           "'M'",   "'1PE'",  "'1QD(5)'", "'PA(3)'", "'1S'",   "'99999999999D'",
    "'2147483647E'", "'-1J'", "'12A4'", "'4A0'",    "'I10'",   "'F8.3'", "''"};
constexpr const char* keywords[] = {
    "SIMPLE",   "XTENSION", "BITPIX", "NAXIS",    "NAXIS1",  "NAXIS2",   "NAXIS3",  "PCOUNT",
    "GCOUNT",   "TFIELDS",  "TFORM1", "TFORM2",   "TFORM3",  "TTYPE1",   "TTYPE2",  "TTYPE3",
    "TSCAL1",   "TZERO1",   "TNULL1", "TDIM1",    "TUNIT1",  "THEAP",    "EXTNAME", "EXTVER",
    "BSCALE",   "BZERO",    "BLANK",  "ZIMAGE",   "ZBITPIX", "ZNAXIS",   "ZNAXIS1", "ZTILE1",
    "ZCMPTYPE", "ZTABLE",   "GROUPS", "CONTINUE", "END",     "CHECKSUM", "DATASUM", "INHERIT"};

using Random = std::minstd_rand;

[[nodiscard]] std::size_t below(Random& random, std::size_t count) {
  return std::uniform_int_distribution<std::size_t>(0, count - 1)(random);
}

template <class List>
[[nodiscard]] std::string_view any_of(Random& random, const List& list) {
  return list[below(random, std::size(list))];
}

/// Whether a block begins with a card, "KEYWORD = ".
[[nodiscard]] bool is_header(const std::uint8_t* block) {
  return std::all_of(block, block + 8,
                     [](std::uint8_t c) {
                       return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ' ||
                              c == '-' || c == '_';
                     }) &&
         *block != ' ';
}

/// Places of cards that are not blank, in all headers.
[[nodiscard]] std::vector<std::size_t> cards_of(const std::vector<std::uint8_t>& file) {
  std::vector<std::size_t> places;
  for (std::size_t block = 0; block + block_bytes <= file.size(); block += block_bytes) {
    if (is_header(&file[block])) {
      for (std::size_t card = block; card < block + block_bytes; card += card_bytes) {
        if (file[card] != ' ') {
          places.push_back(card);
        }
      }
    }
  }
  return places;
}

/// "KEYWORD =                VALUE", 80 characters.
void write_card(std::uint8_t* card, std::string_view keyword, std::string_view value) {
  std::array<char, card_bytes + 1> text{};
  std::snprintf(text.data(), text.size(), "%-8.8s= %20.*s%50s", std::string(keyword).c_str(),
                static_cast<int>(value.size()), std::string(value).c_str(), "");
  std::memcpy(card, text.data(), card_bytes);
}

void change_card(std::vector<std::uint8_t>& file, Random& random) {
  const std::vector<std::size_t> places = cards_of(file);
  if (places.empty()) {
    return;
  }
  std::uint8_t* card = &file[places[below(random, places.size())]];
  const std::string_view keyword(reinterpret_cast<const char*>(card), 8);
  const auto value = [&] {
    return keyword.starts_with("TFORM") ? any_of(random, formats) : any_of(random, counts);
  };
  switch (below(random, 7)) {
    case 0:
    case 1:
      write_card(card, keyword, value());
      break;
    case 2:  // another number close by
      LLVMFuzzerMutate(card + 10, 20, 20);
      break;
    case 3:
      std::memcpy(card, std::string(any_of(random, keywords)).append(8, ' ').data(), 8);
      break;
    case 4:
      write_card(card, any_of(random, keywords), any_of(random, counts));
      break;
    case 5:
      std::memset(card, ' ', card_bytes);
      break;
    default:
      std::memcpy(card, &file[places[below(random, places.size())]], card_bytes);
  }
}

/// Repeat, move, drop, or cut off blocks.
void change_blocks(std::vector<std::uint8_t>& file, std::size_t max_size, Random& random) {
  const std::size_t blocks = file.size() / block_bytes;
  if (blocks < 2) {
    return;
  }
  const std::size_t from = block_bytes * below(random, blocks);
  const std::size_t to = block_bytes * below(random, blocks);
  const auto at = [&](std::size_t place) {
    return file.begin() + static_cast<std::ptrdiff_t>(place);
  };
  switch (below(random, 5)) {
    case 0:
      if (file.size() + block_bytes <= max_size) {
        const std::vector<std::uint8_t> block(at(from), at(from + block_bytes));
        file.insert(at(to), block.begin(), block.end());
      }
      break;
    case 1:
      std::copy_n(at(from), block_bytes, at(to));
      break;
    case 2:
      file.erase(at(from), at(from + block_bytes));
      break;
    case 3:
      file.resize(from + block_bytes);
      break;
    default:
      file.resize(1 + below(random, file.size()));
  }
}

void change_bytes(std::vector<std::uint8_t>& file, Random& random) {
  const std::size_t first = below(random, file.size());
  const std::size_t count = std::min<std::size_t>(1 + below(random, 16), file.size() - first);
  if (below(random, 2) == 0) {
    LLVMFuzzerMutate(&file[first], count, count);
  } else {  // NaN, infinity, the largest and the smallest number
    constexpr std::uint8_t patterns[] = {0x00, 0x7f, 0x80, 0xff};
    std::fill_n(&file[first], count, patterns[below(random, std::size(patterns))]);
  }
}

}  // namespace

std::size_t change_fits(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed) {
  Random random(seed);
  if (size == 0 || below(random, 50) == 0) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  std::vector<std::uint8_t> file(data, data + size);
  for (std::size_t changes = 1 + below(random, 4); changes > 0 && !file.empty(); --changes) {
    const std::size_t kind = below(random, 10);
    if (kind < 6) {
      change_card(file, random);
    } else if (kind < 8) {
      change_bytes(file, random);
    } else {
      change_blocks(file, max_size, random);
    }
  }
  std::copy(file.begin(), file.end(), data);
  return file.size();
}

}  // namespace rvfit::fuzz
