// NameMaker: invented names of several kinds of language, from syllables.
#pragma once

#include <string>

#include "deid/tagger/genre_maker.h"

namespace residency::deid {

/// One to four syllables of one kind of language, its first letter a capital.
std::string invent_name(TagRandom& random, bool family);
/// "Oakvale", "Santa Lorema", "Nordhaven".
std::string invent_town(TagRandom& random);
/// "Alvarne Systems", "Brightwell & Sons", "Quorix Ltd".
std::string invent_company(TagRandom& random, const std::string& family);
std::string invent_date(TagRandom& random);
std::string invent_phone(TagRandom& random);
std::string invent_id(TagRandom& random);
/// Street with its number, in the order of several countries.
std::string invent_street(TagRandom& random, const std::string& name);

}  // namespace residency::deid
