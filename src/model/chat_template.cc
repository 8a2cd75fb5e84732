#include "model/chat_template.h"

#include <exception>
#include <llama.h>

namespace residency::model {

Result<std::string> render_chat_template(const std::string& chat_template,
                                         const std::vector<TemplateMessage>& messages,
                                         bool add_assistant) {
  if (chat_template.empty()) return invalid_input("model has no chat template");
  if (messages.empty()) return invalid_argument("chat has no messages");
  std::vector<llama_chat_message> turns;
  turns.reserve(messages.size());
  std::size_t bytes = 256;
  for (const auto& message : messages) {
    if (message.role.empty()) return invalid_argument("chat message has no role");
    // llama.cpp takes C strings: a NUL inside would cut the message silently.
    if (message.content.find('\0') != std::string::npos ||
        message.role.find('\0') != std::string::npos) {
      return invalid_argument("chat message holds a NUL byte");
    }
    turns.push_back({message.role.c_str(), message.content.c_str()});
    bytes += message.content.size() + message.role.size() + 64;
  }
  constexpr std::size_t kChatBytesMax = 512u << 20;
  if (bytes > kChatBytesMax) return invalid_argument("chat is larger than 512 MiB");
  std::string text(bytes, '\0');
  try {
    const auto render = [&] {
      return llama_chat_apply_template(chat_template.c_str(), turns.data(), turns.size(),
                                       add_assistant, text.data(),
                                       static_cast<std::int32_t>(text.size()));
    };
    std::int32_t length = render();
    if (length < 0) return invalid_input("model's chat template is not one that llama.cpp knows");
    if (static_cast<std::size_t>(length) > text.size()) {
      text.resize(static_cast<std::size_t>(length));
      length = render();
    }
    text.resize(static_cast<std::size_t>(length));
  } catch (const std::exception&) {
    return invalid_input("model's chat template cannot be rendered");
  }
  return text;
}

}  // namespace residency::model
