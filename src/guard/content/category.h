// Category: what the content classifier tells apart.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace residency::guard {

enum class Category : std::uint8_t {
  kHate,
  kInsults,
  kSexual,
  kViolence,
  kMisconduct,
  kPromptAttack,
  kCrisis,     // someone who may harm himself
  kEmergency,  // someone who needs an ambulance
};

inline constexpr std::size_t kCategoryCount = 8;

inline constexpr std::array<std::string_view, kCategoryCount> kCategoryNames{
    "hate", "insults", "sexual", "violence", "misconduct", "prompt_attack", "crisis", "emergency"};

using CategoryScores = std::array<float, kCategoryCount>;  // 0 to 1

constexpr std::string_view category_name(Category category) {
  return kCategoryNames[static_cast<std::size_t>(category)];
}

constexpr std::optional<Category> category_named(std::string_view name) {
  for (std::size_t i = 0; i < kCategoryCount; ++i) {
    if (kCategoryNames[i] == name) return static_cast<Category>(i);
  }
  return std::nullopt;
}

}  // namespace residency::guard
