// deploy: which model answers under which name, and why it may.
// Takes: an adapter or merged model artifact, the base it stands on, and the report of its gate.
// Gives: Deployments with rising versions; promote and rollback between them; base verification.
// Keeps: one record per name (kind "deployment") and one artifact per distinct deployment.
// Must never: make a model active whose gate did not pass without a named person's reason, change
// a version once written, or hold text from data.
#pragma once

#include "deploy/base_check.h"
#include "deploy/deployment.h"
#include "deploy/endpoint_settings.h"
#include "deploy/registry.h"
