// Rendering of chat templates as llama.cpp does it.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "model/tokenizer.h"

namespace residency::model {

/// Renders `messages` with the model's template string. kInvalidInput where the model has none or
/// llama.cpp does not know it; kInvalidArgument where there are no messages or one has no role.
Result<std::string> render_chat_template(const std::string& chat_template,
                                         const std::vector<TemplateMessage>& messages,
                                         bool add_assistant);

}  // namespace residency::model
