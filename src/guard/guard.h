// guard: rules on what goes in and out of a model, the same online and offline.
// Takes: a policy, a conversation, an answer piece by piece. Gives: whether the question may be
// answered, the text that may leave, and findings with policy, place, score and action. Keeps: what
// could still turn out to be part of something forbidden.
// Must never: let out, in pieces, what it would have stopped in one; write text anywhere.
#pragma once

#include "guard/conversation.h"
#include "guard/finding.h"
#include "guard/guard_options.h"
#include "guard/guardrail.h"
#include "guard/phi_filter.h"
#include "guard/policy/guard_policy.h"
