// The text inside XML narratives: C-CDA's section text and FHIR's XHTML div.
#pragma once

#include <pugixml.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace residency::ingest {

/// The deepest element that is looked into.
inline constexpr int kXmlDepthMax = 256;

/// One run of characters, and what parts it from the one before: nothing, a line end or a tab.
struct NarrativePiece {
  pugi::xml_node node;
  std::string_view before;
};

/// The runs of characters below `root`, in order: paragraphs, list items, rows and the like stand
/// on lines of their own, cells are parted by tabs.
std::vector<NarrativePiece> narrative_pieces(pugi::xml_node root);

/// The pieces as one text.
std::string narrative_text(pugi::xml_node root);

/// How deeply elements are nested below `node`; kXmlDepthMax + 1 where it is more than that.
int xml_depth(pugi::xml_node node);

/// An element's name without its prefix.
std::string_view local_name(pugi::xml_node node);

}  // namespace residency::ingest
