// guard: rules on what goes in and out of a model.
// Takes: an answer piece by piece. Gives: the text that may leave. Keeps: what could still turn out
// to be part of something forbidden.
// Must never: let out, in pieces, what it would have stopped in one; write text anywhere.
#pragma once

#include "guard/guard_options.h"
#include "guard/phi_filter.h"
