// tokenize() and preview(): one example to tokens, and which of them are trained.
#include <algorithm>
#include <fmt/format.h>

#include "base/json.h"
#include "dataset/packing.h"

namespace residency::dataset {
namespace {

struct Rendered {
  std::string prompt;
  std::string completion;
};

Result<Rendered> render(const Example& example, const model::Tokenizer& tokenizer) {
  if (example.format == Format::kCompletion) {
    return Rendered{example.messages[0].content, example.messages[1].content};
  }
  std::vector<model::TemplateMessage> messages;
  messages.reserve(example.messages.size());
  for (const Message& message : example.messages) {
    messages.push_back({message.role, message.content});
  }
  RESIDENCY_TRY(auto whole, tokenizer.render_chat(messages, false));
  messages.pop_back();
  RESIDENCY_TRY(auto prompt, tokenizer.render_chat(messages, true));
  if (!whole.starts_with(prompt)) {
    return invalid_input("chat template does not end the prompt where the answer begins: " +
                         example.id);
  }
  std::string completion = whole.substr(prompt.size());
  return Rendered{std::move(prompt), std::move(completion)};
}

/// The prompt's tokens as the serving runtime sees them: one BOS at most, whether the template
/// writes it or the tokenizer adds it.
std::vector<std::int32_t> encode_prompt(const std::string& prompt,
                                        const model::Tokenizer& tokenizer) {
  auto tokens = tokenizer.encode(prompt, tokenizer.add_bos(), true);
  if (tokens.size() >= 2 && tokenizer.bos() >= 0 && tokens[0] == tokenizer.bos() &&
      tokens[1] == tokenizer.bos()) {
    tokens.erase(tokens.begin());
  }
  return tokens;
}

/// The completion's tokens after `prompt`. Where the whole text's tokens begin with the prompt's,
/// the rest is the completion (a tokenizer that marks word starts then sees the space where it is);
/// where the boundary would be merged over, the completion is encoded alone, as generation does.
std::vector<std::int32_t> encode_completion(const Rendered& rendered,
                                            const std::vector<std::int32_t>& prompt,
                                            const model::Tokenizer& tokenizer) {
  auto whole = encode_prompt(rendered.prompt + rendered.completion, tokenizer);
  if (whole.size() > prompt.size() && std::equal(prompt.begin(), prompt.end(), whole.begin())) {
    whole.erase(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(prompt.size()));
    return whole;
  }
  return tokenizer.encode(rendered.completion, false, true);
}

/// Ends at the token that ends the turn: the template's own, or added where it writes none.
void end_turn(std::vector<std::int32_t>& completion, std::int32_t end) {
  if (end < 0) return;
  const auto last = std::find(completion.rbegin(), completion.rend(), end);
  if (last == completion.rend()) {
    completion.push_back(end);
  } else {
    completion.erase(last.base(), completion.end());
  }
}

/// Tokens and which of them are trained.
struct Parts {
  std::vector<std::int32_t> tokens;
  std::vector<std::uint8_t> loss;
  std::size_t size() const { return tokens.size(); }
  std::size_t trained() const {
    return static_cast<std::size_t>(std::count(loss.begin(), loss.end(), std::uint8_t{1}));
  }
  void add(const std::vector<std::int32_t>& more, bool is_trained) {
    tokens.insert(tokens.end(), more.begin(), more.end());
    loss.resize(tokens.size(), is_trained ? 1 : 0);
  }
};

Result<Parts> encode_last_turn(const Example& example, const model::Tokenizer& tokenizer) {
  RESIDENCY_TRY(const auto rendered, render(example, tokenizer));
  const auto prompt = encode_prompt(rendered.prompt, tokenizer);
  auto completion = encode_completion(rendered, prompt, tokenizer);
  end_turn(completion, tokenizer.end_of_turn());
  if (prompt.empty() || completion.empty()) {
    return invalid_input("prompt or completion has no tokens: " + example.id);
  }
  Parts parts;
  parts.add(prompt, false);
  parts.add(completion, true);
  return parts;
}

bool says_weights(const Example& example) {
  return std::any_of(example.messages.begin(), example.messages.end(),
                     [](const Message& message) { return message.weight != TurnWeight::kUnsaid; });
}

/// Every assistant's message that is to be trained, each where generation would have begun and up
/// to the token that ends its turn.
Result<Parts> encode_turns(const Example& example, const model::Tokenizer& tokenizer) {
  Parts parts;
  std::string before;  // what is rendered so far
  std::vector<model::TemplateMessage> messages;
  for (const Message& message : example.messages) {
    if (message.weight == TurnWeight::kTrained) {
      RESIDENCY_TRY(const std::string prompt, tokenizer.render_chat(messages, true));
      messages.push_back({message.role, message.content});
      RESIDENCY_TRY(const std::string whole, tokenizer.render_chat(messages, false));
      if (!prompt.starts_with(before) || !whole.starts_with(prompt)) {
        return invalid_input(
            "the chat template writes earlier turns anew, so that they cannot be trained together; "
            "train the last turn alone: " +
            example.id);
      }
      const std::string between = prompt.substr(before.size());
      parts.add(before.empty() ? encode_prompt(between, tokenizer)
                               : tokenizer.encode(between, false, true),
                false);
      const auto answer = tokenizer.encode(whole.substr(prompt.size()), false, true);
      auto trained = answer;
      end_turn(trained, tokenizer.end_of_turn());
      parts.add(trained, true);
      // What the template writes after the turn's end belongs to the next prompt.
      if (trained.size() < answer.size())
        parts.add({answer.begin() + static_cast<std::ptrdiff_t>(trained.size()), answer.end()},
                  false);
      before = whole;
      continue;
    }
    messages.push_back({message.role, message.content});
  }
  while (!parts.loss.empty() && parts.loss.back() == 0) {
    parts.loss.pop_back();
    parts.tokens.pop_back();
  }
  if (parts.tokens.empty()) return invalid_input("no message is trained: " + example.id);
  return parts;
}

Result<Parts> encode(const Example& example, const model::Tokenizer& tokenizer) {
  if (example.format == Format::kChat && says_weights(example))
    return encode_turns(example, tokenizer);
  return encode_last_turn(example, tokenizer);
}

std::size_t next_code_point(const std::string& text, std::size_t at) {
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
  return at;
}

/// The smallest cut of the last user message's start with which the example fits; no tokens where
/// none does. The template around the message stays whole.
Result<Parts> cut_prompt(const Example& example, const model::Tokenizer& tokenizer,
                         std::size_t tokens_max) {
  Example shorter = example;
  const auto user = std::find_if(shorter.messages.rbegin(), shorter.messages.rend(),
                                 [](const Message& message) { return message.role == "user"; });
  if (user == shorter.messages.rend()) return Parts{};
  const std::string text = user->content;
  std::size_t low = 0;  // does not fit
  std::size_t high = text.size();
  Parts best;
  while (low + 1 < high) {
    const std::size_t middle = low + (high - low) / 2;
    user->content = text.substr(next_code_point(text, middle));
    if (user->content.empty()) {
      high = middle;
      continue;
    }
    RESIDENCY_TRY(auto parts, encode(shorter, tokenizer));
    if (parts.size() <= tokens_max) {
      best = std::move(parts);
      high = middle;
    } else {
      low = middle;
    }
  }
  return best;
}

}  // namespace

std::string TruncationReport::to_json() const {
  return dump_json({{"too_long", too_long == TooLong::kDrop ? "drop" : "cut_prompt"},
                    {"examples", examples},
                    {"kept_whole", kept_whole},
                    {"cut", cut},
                    {"dropped", dropped},
                    {"prompt_tokens_cut", prompt_tokens_cut},
                    {"tokens", tokens},
                    {"loss_tokens", loss_tokens},
                    {"longest_tokens", longest_tokens}});
}

Result<TokenizedExample> tokenize(const Example& example, const model::Tokenizer& tokenizer,
                                  std::size_t tokens_max, TruncationReport& report) {
  if (tokens_max < 2 || tokens_max > kSequenceTokensMax) {
    return invalid_argument(
        fmt::format("tokens_max must be from 2 to {}: {}", kSequenceTokensMax, tokens_max));
  }
  RESIDENCY_TRY_VOID(check_example(example));
  if (example.format == Format::kLabelled || example.format == Format::kText)
    return invalid_input("is no conversation: " + example.id);
  RESIDENCY_TRY(auto parts, encode(example, tokenizer));
  const std::size_t whole = parts.size();
  ++report.examples;
  report.longest_tokens = std::max(report.longest_tokens, whole);
  TokenizedExample tokenized;
  tokenized.id = example.id;
  if (whole > tokens_max) {
    const bool can_cut = report.too_long == TooLong::kCutPrompt && !says_weights(example) &&
                         parts.trained() < tokens_max;
    Parts shorter;
    if (can_cut) {
      RESIDENCY_TRY(shorter, cut_prompt(example, tokenizer, tokens_max));
    }
    if (shorter.size() == 0) {
      ++report.dropped;
      return tokenized;
    }
    ++report.cut;
    report.prompt_tokens_cut += whole - shorter.size();
    parts = std::move(shorter);
  } else {
    ++report.kept_whole;
  }
  report.tokens += parts.size();
  report.loss_tokens += parts.trained();
  tokenized.tokens = std::move(parts.tokens);
  tokenized.loss = std::move(parts.loss);
  return tokenized;
}

Result<std::vector<TokenizedExample>> tokenize_text(const Example& example,
                                                    const model::Tokenizer& tokenizer,
                                                    std::size_t tokens_max,
                                                    TruncationReport& report) {
  if (tokens_max < 2 || tokens_max > kSequenceTokensMax) {
    return invalid_argument(
        fmt::format("tokens_max must be from 2 to {}: {}", kSequenceTokensMax, tokens_max));
  }
  RESIDENCY_TRY_VOID(check_example(example));
  if (example.format != Format::kText) return invalid_input("is no bare text: " + example.id);
  auto tokens = tokenizer.encode(example.messages.front().content, tokenizer.add_bos(), false);
  if (tokenizer.end_of_turn() >= 0) tokens.push_back(tokenizer.end_of_turn());
  ++report.examples;
  ++report.kept_whole;
  report.longest_tokens = std::max(report.longest_tokens, tokens.size());
  std::vector<TokenizedExample> parts;
  // A part begins with the last token of the one before, so that every token is a target once.
  for (std::size_t first = 0; first + 1 < tokens.size(); first += tokens_max - 1) {
    const std::size_t end = std::min(tokens.size(), first + tokens_max);
    TokenizedExample part;
    part.id = example.id;
    part.tokens.assign(tokens.begin() + static_cast<std::ptrdiff_t>(first),
                       tokens.begin() + static_cast<std::ptrdiff_t>(end));
    part.loss.assign(part.tokens.size(), 1);
    report.tokens += part.tokens.size();
    report.loss_tokens += part.tokens.size() - 1;
    parts.push_back(std::move(part));
  }
  return parts;
}

std::string preview(const TokenizedExample& example, const model::Tokenizer& tokenizer) {
  std::string text;
  std::vector<std::int32_t> untrained;
  const auto flush = [&] {
    text += tokenizer.decode(untrained, true);
    untrained.clear();
  };
  for (std::size_t i = 0; i < example.tokens.size(); ++i) {
    if (example.loss[i] == 0) {
      untrained.push_back(example.tokens[i]);
      continue;
    }
    flush();
    text += "\u27e6" + tokenizer.decode({example.tokens[i]}, true) + "\u27e7";
  }
  flush();
  return text;
}

}  // namespace residency::dataset
