// base: what every room stands on.
// Takes: nothing. Gives: Result and the closed list of error codes, Env (files and time), strict
// configuration, JSON, the PHI-safe log, progress, the PHI class list. Keeps: nothing.
// Must never: know a stage of the flow, or give record text a way into a log or an error.
#pragma once

#include "base/config.h"
#include "base/embedded_data.h"
#include "base/env.h"
#include "base/error.h"
#include "base/json.h"
#include "base/line_io.h"
#include "base/log.h"
#include "base/phi_class.h"
#include "base/progress.h"
#include "base/result.h"
