#pragma once

#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

namespace sojourn::chaos {

// Builds a line of words. An empty text is a hyphen.
class LineWriter {
 public:
  explicit LineWriter(std::string_view first) : line_(first) {}

  template <typename Number>
  LineWriter& number(Number value) {
    line_ += ' ';
    line_ += std::to_string(value);
    return *this;
  }
  LineWriter& text(std::string_view value) {
    line_ += ' ';
    line_ += value.empty() ? "-" : value;
    return *this;
  }

  std::string take() { return std::move(line_); }

 private:
  std::string line_;
};

// Reads a line of words. After the first that does not fit, everything fails.
class LineReader {
 public:
  explicit LineReader(std::string_view line) : stream_(std::string(line)) {}

  // Whether the next word is this one.
  bool skip(std::string_view word) {
    std::string found;
    if (!(stream_ >> found) || found != word) stream_.setstate(std::ios::failbit);
    return ok();
  }
  template <typename Number>
  LineReader& number(Number& value) {
    stream_ >> value;
    return *this;
  }
  template <typename Enumeration>
  LineReader& enumerator(Enumeration& value) {
    int number = 0;
    stream_ >> number;
    value = static_cast<Enumeration>(number);
    return *this;
  }
  LineReader& text(std::string& value) {
    stream_ >> value;
    if (value == "-") value.clear();
    return *this;
  }
  // All that is left, blanks included.
  LineReader& rest(std::string& value) {
    stream_ >> std::ws;
    std::getline(stream_, value);
    if (value == "-") value.clear();
    return *this;
  }

  bool ok() const { return !stream_.fail(); }

 private:
  std::istringstream stream_;
};

}  // namespace sojourn::chaos
