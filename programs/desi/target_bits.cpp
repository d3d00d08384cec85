// SPDX-License-Identifier: MIT

#include "target_bits.hpp"

#include "name_pattern.hpp"

#include <algorithm>

namespace rvfit_desi {
namespace {

/// The surveys that know a bit.
enum Survey : unsigned { cmx = 1, sv1 = 2, sv2 = 4, sv3 = 8, main = 16 };

struct TargetBit {
  const char* name;
  int bit;
  unsigned surveys;
};

constexpr TargetBit known_bits[] = {
    {"STD_GAIA", 0, cmx},
    {"SV0_STD_FAINT", 1, cmx},
    {"SV0_STD_BRIGHT", 2, cmx},
    {"STD_TEST", 3, cmx},
    {"STD_CALSPEC", 4, cmx},
    {"STD_DITHER", 5, cmx},
    {"SV0_MWS_CLUSTER", 6, cmx},
    {"SV0_MWS_CLUSTER_VERYBRIGHT", 7, cmx},
    {"SV0_BGS", 8, cmx},
    {"SV0_MWS", 9, cmx},
    {"SV0_LRG", 10, cmx},
    {"SV0_ELG", 11, cmx},
    {"SV0_QSO", 12, cmx},
    {"SV0_WD", 13, cmx},
    {"SV0_QSO_Z5", 14, cmx},
    {"BACKUP_BRIGHT", 16, cmx},
    {"BACKUP_FAINT", 17, cmx},
    {"M31_STD_BRIGHT", 18, cmx},
    {"M31_H2PN", 19, cmx},
    {"M31_GC", 20, cmx},
    {"M31_QSO", 21, cmx},
    {"M31_VAR", 22, cmx},
    {"M31_BSPL", 23, cmx},
    {"M31_M31cen", 24, cmx},
    {"M31_M31out", 25, cmx},
    {"ORI_STD_BRIGHT", 26, cmx},
    {"ORI_QSO", 27, cmx},
    {"ORI_ORI", 28, cmx},
    {"ORI_HA", 29, cmx},
    {"ROS_STD_BRIGHT", 30, cmx},
    {"ROS_QSO", 31, cmx},
    {"ROS_ROSM17", 38, cmx},
    {"ROS_ROS1", 39, cmx},
    {"ROS_HA", 40, cmx},
    {"ROS_ROS2", 41, cmx},
    {"M33_STD_BRIGHT", 42, cmx},
    {"M33_H2PN", 43, cmx},
    {"M33_GC", 44, cmx},
    {"M33_QSO", 45, cmx},
    {"M33_M33cen", 46, cmx},
    {"M33_M33out", 47, cmx},
    {"MINI_SV_LRG", 53, cmx},
    {"MINI_SV_ELG", 54, cmx},
    {"MINI_SV_QSO", 55, cmx},
    {"MINI_SV_BGS_BRIGHT", 56, cmx},
    {"SV0_MWS_FAINT", 57, cmx},
    {"STD_DITHER_GAIA", 58, cmx},
    {"LGE", 3, main},
    {"ELG_VLO", 7, main},
    {"ELG_VLO_NORTH", 12, main},
    {"LGE_NORTH", 13, main},
    {"ELG_VLO_SOUTH", 20, main},
    {"LGE_SOUTH", 21, main},
    {"LRG", 0, main | sv1 | sv2 | sv3},
    {"ELG", 1, main | sv1 | sv2 | sv3},
    {"QSO", 2, main | sv1 | sv2 | sv3},
    {"STD_WD", 34, main | sv1 | sv2 | sv3},
    {"NO_TARGET", 49, main | sv1 | sv2 | sv3},
    {"BRIGHT_OBJECT", 50, main | sv1 | sv2 | sv3},
    {"IN_BRIGHT_OBJECT", 51, main | sv1 | sv2 | sv3},
    {"NEAR_BRIGHT_OBJECT", 52, main | sv1 | sv2 | sv3},
    {"BGS_ANY", 60, main | sv1 | sv2 | sv3},
    {"MWS_ANY", 61, main | sv1 | sv2 | sv3},
    {"SCND_ANY", 62, main | sv1 | sv2 | sv3},
    {"SKY", 32, main | sv1 | sv2 | sv3 | cmx},
    {"STD_FAINT", 33, main | sv1 | sv2 | sv3 | cmx},
    {"STD_BRIGHT", 35, main | sv1 | sv2 | sv3 | cmx},
    {"BAD_SKY", 36, main | sv1 | sv2 | sv3 | cmx},
    {"SUPP_SKY", 37, main | sv1 | sv2 | sv3 | cmx},
    {"QSO_HIZ", 4, main | sv2 | sv3},
    {"LRG_NORTH", 8, main | sv2 | sv3},
    {"ELG_NORTH", 9, main | sv2 | sv3},
    {"QSO_NORTH", 10, main | sv2 | sv3},
    {"LRG_SOUTH", 16, main | sv2 | sv3},
    {"ELG_SOUTH", 17, main | sv2 | sv3},
    {"QSO_SOUTH", 18, main | sv2 | sv3},
    {"ELG_LOP", 5, main | sv3},
    {"ELG_HIP", 6, main | sv3},
    {"ELG_LOP_NORTH", 11, main | sv3},
    {"ELG_LOP_SOUTH", 19, main | sv3},
    {"LRG_OPT", 3, sv1},
    {"LRG_IR", 4, sv1},
    {"LRG_SV_OPT", 5, sv1},
    {"LRG_SV_IR", 6, sv1},
    {"LOWZ_FILLER", 7, sv1},
    {"ELG_SV_GTOT", 8, sv1},
    {"ELG_SV_GFIB", 9, sv1},
    {"ELG_FDR_GTOT", 10, sv1},
    {"ELG_FDR_GFIB", 11, sv1},
    {"QSO_COLOR_4PASS", 12, sv1},
    {"QSO_RF_4PASS", 13, sv1},
    {"QSO_COLOR_8PASS", 14, sv1},
    {"QSO_RF_8PASS", 15, sv1},
    {"QSO_HZ_F", 16, sv1},
    {"QSO_Z5", 17, sv1},
    {"LRG_OPT_NORTH", 18, sv1},
    {"LRG_IR_NORTH", 19, sv1},
    {"LRG_SV_OPT_NORTH", 20, sv1},
    {"LRG_SV_IR_NORTH", 21, sv1},
    {"LOWZ_FILLER_NORTH", 22, sv1},
    {"LRG_OPT_SOUTH", 23, sv1},
    {"LRG_IR_SOUTH", 24, sv1},
    {"LRG_SV_OPT_SOUTH", 25, sv1},
    {"LRG_SV_IR_SOUTH", 26, sv1},
    {"LOWZ_FILLER_SOUTH", 27, sv1},
    {"ELG_SV_GTOT_NORTH", 28, sv1},
    {"ELG_SV_GFIB_NORTH", 29, sv1},
    {"ELG_FDR_GTOT_NORTH", 30, sv1},
    {"ELG_FDR_GFIB_NORTH", 31, sv1},
    {"ELG_SV_GTOT_SOUTH", 38, sv1},
    {"ELG_SV_GFIB_SOUTH", 39, sv1},
    {"ELG_FDR_GTOT_SOUTH", 40, sv1},
    {"ELG_FDR_GFIB_SOUTH", 41, sv1},
    {"QSO_COLOR_4PASS_NORTH", 42, sv1},
    {"QSO_RF_4PASS_NORTH", 43, sv1},
    {"QSO_COLOR_8PASS_NORTH", 44, sv1},
    {"QSO_RF_8PASS_NORTH", 45, sv1},
    {"QSO_HZ_F_NORTH", 46, sv1},
    {"QSO_Z5_NORTH", 47, sv1},
    {"QSO_COLOR_4PASS_SOUTH", 48, sv1},
    {"QSO_RF_4PASS_SOUTH", 53, sv1},
    {"QSO_COLOR_8PASS_SOUTH", 54, sv1},
    {"QSO_RF_8PASS_SOUTH", 55, sv1},
    {"QSO_HZ_F_SOUTH", 56, sv1},
    {"QSO_Z5_SOUTH", 57, sv1},
    {"LRG_LOWDENS", 3, sv3},
    {"ELG_HIP_NORTH", 12, sv3},
    {"LRG_LOWDENS_NORTH", 13, sv3},
    {"ELG_HIP_SOUTH", 20, sv3},
    {"LRG_LOWDENS_SOUTH", 21, sv3},
};

}  // namespace

const std::vector<std::string>& target_columns() {
  static const std::vector<std::string> columns{"CMX_TARGET", "SV1_DESI_TARGET", "SV2_DESI_TARGET",
                                                "SV3_DESI_TARGET", "DESI_TARGET"};
  return columns;
}

std::vector<std::string> target_names() {
  std::vector<std::string> names;
  for (const TargetBit& known : known_bits) {
    names.emplace_back(known.name);
  }
  return names;
}

std::int64_t target_bits(const std::string& column, const std::vector<std::string>& expressions) {
  const auto& columns = target_columns();
  const auto place = std::find(columns.begin(), columns.end(), column) - columns.begin();
  const unsigned survey = 1U << static_cast<unsigned>(place);
  std::int64_t bits = 0;
  for (const std::string& text : expressions) {
    const NamePattern expression(text);
    for (const TargetBit& known : known_bits) {
      if ((known.surveys & survey) != 0 && expression.matches(known.name)) {
        bits |= std::int64_t{1} << known.bit;
      }
    }
  }
  return bits;
}

std::vector<std::string> without_match(const std::vector<std::string>& expressions) {
  std::vector<std::string> unmatched;
  for (const std::string& text : expressions) {
    const NamePattern expression(text);
    const auto is_match = [&](const TargetBit& known) { return expression.matches(known.name); };
    if (std::none_of(std::begin(known_bits), std::end(known_bits), is_match)) {
      unmatched.push_back(text);
    }
  }
  return unmatched;
}

}  // namespace rvfit_desi
