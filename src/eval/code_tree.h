// The tree that ICD-10-CM codes hang in.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace residency::eval {

/// "E11.65" -> "E00-E89": the chapter as the ICD-10-CM tabular list names it; "" for what no
/// chapter holds. Source: ICD-10-CM, FY 2021, table of contents (public domain).
std::string code_chapter(std::string_view code);

/// The code, what stands above it digit by digit down to its category, and its chapter: "E11.65",
/// "E11.6", "E11", "E00-E89". Sets of these compare codes by how near they are (Kiritchenko et al.,
/// Functional Annotation of Genes Using Hierarchical Text Categorization, 2005).
std::vector<std::string> code_and_above(std::string_view code);

}  // namespace residency::eval
