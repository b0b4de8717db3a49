#include "gatehouse/config/lexer.h"

#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>

namespace gatehouse {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

class Lexer {
 public:
  Lexer(std::string_view text, const std::string& file, Problems& problems)
      : text_(text), place_{file, 1}, problems_(problems) {}

  std::vector<Token> read() {
    while (skip_to_word()) {
      Token token;
      token.place = place_;
      token.quoted = peek() == '"' || peek() == '`';
      if (peek() == '`') {
        token.text = read_until('`');
      } else {
        token.text = expand(peek() == '"' ? read_until('"') : read_bare(), token.place);
      }
      tokens_.push_back(std::move(token));
    }
    return std::move(tokens_);
  }

 private:
  char peek() const { return text_[at_]; }
  bool at_end() const { return at_ >= text_.size(); }
  bool at_joined_line() const {
    return peek() == '\\' &&
           (text_.substr(at_ + 1).starts_with('\n') || text_.substr(at_ + 1).starts_with("\r\n"));
  }

  char next() {
    const char c = text_[at_++];
    if (c == '\n') ++place_.line;
    return c;
  }

  bool skip_to_word() {
    while (!at_end()) {
      if (is_blank(peek())) {
        next();
      } else if (at_joined_line()) {
        // The line goes on: words of the next one are counted to this one.
        at_ = text_.find('\n', at_) + 1;
      } else if (peek() == '#') {
        while (!at_end() && peek() != '\n') next();
      } else {
        return true;
      }
    }
    return false;
  }

  std::string read_bare() {
    std::string word;
    while (!at_end() && !is_blank(peek()) && !at_joined_line()) word += next();
    return word;
  }

  std::string read_until(char quote) {
    const Place start = place_;
    std::string word;
    next();
    while (!at_end() && peek() != quote) {
      const bool escapes = quote == '"' && peek() == '\\' && at_ + 1 < text_.size() &&
                           (text_[at_ + 1] == '"' || text_[at_ + 1] == '\\');
      if (escapes) next();
      word += next();
    }
    if (at_end()) {
      problems_.add(start, "a quote that is opened here is not closed");
    } else {
      next();
    }
    return word;
  }

  std::string expand(const std::string& word, const Place& place) {
    std::string result;
    for (std::size_t at = 0; at < word.size();) {
      const std::size_t end = word.find('}', at);
      const bool opens = word.compare(at, 5, "{env.") == 0 || word.compare(at, 2, "{$") == 0 ||
                         word.compare(at, 6, "{file.") == 0;
      if (!opens || end == std::string::npos) {
        result += word[at++];
        continue;
      }
      result += value_of(word.substr(at + 1, end - at - 1), place);
      at = end + 1;
    }
    return result;
  }

  // `what` is "env.NAME", "$NAME", "$NAME:default" or "file.PATH".
  std::string value_of(const std::string& what, const Place& place) {
    if (what.starts_with("file.")) return file_text(what.substr(5), place);
    std::string name = what.substr(what.starts_with('$') ? 1 : 4);
    std::optional<std::string> otherwise;
    if (const std::size_t colon = name.find(':'); what[0] == '$' && colon != std::string::npos) {
      otherwise = name.substr(colon + 1);
      name.resize(colon);
    }
    if (auto value = environment(name)) return *value;
    if (otherwise) return *otherwise;
    problems_.add(place, "the environment variable " + name + " is not set");
    return {};
  }

  std::string file_text(const std::string& path, const Place& place) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
      problems_.add(place, "the file " + path + " cannot be read");
      return {};
    }
    std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
    return text;
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  Place place_;
  std::vector<Token> tokens_;
  Problems& problems_;
};

}  // namespace

std::vector<Token> read_tokens(std::string_view text, const std::string& file, Problems& problems) {
  return Lexer(text, file, problems).read();
}

}  // namespace gatehouse
