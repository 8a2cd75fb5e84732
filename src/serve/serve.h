// serve: a deployment that answers.
// Takes: Deployments, their adapters from the workspace, an engine, guardrails; chat requests.
// Gives: answers, whole or as they are generated, with counts; the OpenAI and Bedrock wire forms as
// pure functions; endpoints in processes of their own.
// Keeps: one engine and one bounded queue per endpoint, in memory only.
// Must never: know HTTP, write what is asked or answered anywhere, or let text out unfiltered.
#pragma once

#include "serve/chat.h"
#include "serve/endpoint.h"
#include "serve/endpoint_table.h"
#include "serve/guardrail.h"
#include "serve/openai_chat.h"
#include "serve/output_filter.h"
