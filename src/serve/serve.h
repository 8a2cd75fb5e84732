// serve: a deployment that answers.
// Takes: a Deployment, its adapter from the workspace, an engine, an output filter; chat requests.
// Gives: answers, whole or as they are generated, with counts; the OpenAI wire forms as pure
// functions.
// Keeps: one engine and one bounded queue per endpoint, in memory only.
// Must never: know HTTP, write what is asked or answered anywhere, or let text out unfiltered.
#pragma once

#include "serve/chat.h"
#include "serve/endpoint.h"
#include "serve/endpoint_table.h"
#include "serve/openai_chat.h"
#include "serve/output_filter.h"
