// Augment: makes of one note the many forms that real notes take.
#pragma once

#include "deid/tagger/genre_maker.h"

namespace residency::deid {

/// A variant of `example`: names and places exchanged for others, capitals lost or everywhere,
/// labels dropped, lines broken, letters misread, a part cut out. Spans move with their text.
TagExample augment(const TagExample& example, const GenreMaker& maker, TagRandom& random);

}  // namespace residency::deid
