#include "gatehouse/config/directive.h"

#include <cstddef>
#include <utility>

namespace gatehouse {
namespace {

constexpr int kDepthMax = 16;

class Parser {
 public:
  Parser(std::vector<Token> tokens, Problems& problems)
      : tokens_(std::move(tokens)), problems_(problems) {}

  std::vector<Directive> read() {
    std::vector<Directive> lines = read_lines(0);
    while (at_ < tokens_.size()) {
      problems_.add(tokens_[at_].place, "a '}' that closes nothing");
      ++at_;
      for (Directive& line : read_lines(0)) lines.push_back(std::move(line));
    }
    return lines;
  }

 private:
  // Until a '}' that it leaves unread, or the end.
  std::vector<Directive> read_lines(int depth) {
    std::vector<Directive> lines;
    while (at_ < tokens_.size() && !tokens_[at_].is_brace('}')) lines.push_back(read_line(depth));
    return lines;
  }

  Directive read_line(int depth) {
    Directive directive;
    directive.place = tokens_[at_].place;
    const int line = directive.place.line;
    while (at_ < tokens_.size() && tokens_[at_].place.line == line && !tokens_[at_].is_brace('{')) {
      if (tokens_[at_].is_brace('}')) {
        problems_.add(directive.place, "a '}' must stand on a line of its own");
        return directive;
      }
      directive.words.push_back(tokens_[at_++]);
    }
    if (at_ < tokens_.size() && tokens_[at_].place.line == line) read_block(directive, depth);
    return directive;
  }

  void read_block(Directive& directive, int depth) {
    directive.has_block = true;
    ++at_;  // the opening brace
    if (at_ < tokens_.size() && tokens_[at_].place.line == directive.place.line) {
      problems_.add(directive.place, "a '{' must end its line");
    }
    if (depth == kDepthMax) {
      problems_.add(directive.place, "blocks are nested too deeply");
      at_ = tokens_.size();
      return;
    }
    directive.block = read_lines(depth + 1);
    if (at_ == tokens_.size()) {
      problems_.add(directive.place, "the block that is opened here is not closed");
      return;
    }
    const int line = tokens_[at_++].place.line;  // the closing brace
    if (at_ < tokens_.size() && tokens_[at_].place.line == line) {
      problems_.add(tokens_[at_].place, "nothing may follow a '}' on its line");
    }
  }

  const std::vector<Token> tokens_;
  Problems& problems_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<Directive> read_directives(std::string_view text, const std::string& file,
                                       Problems& problems) {
  return Parser(read_tokens(text, file, problems), problems).read();
}

}  // namespace gatehouse
