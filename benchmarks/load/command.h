#pragma once

#include <cstdio>
#include <functional>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>

namespace load {

// What a driver is told to do: one line of its standard input, a verb and words `name=value`. So a
// driver stays as it is, with its connections and its sessions, from one round to the next.
class Command {
 public:
  explicit Command(const std::string& line) {
    std::istringstream words(line);
    words >> verb_;
    for (std::string word; words >> word;) {
      const std::size_t equals = word.find('=');
      if (equals == std::string::npos) throw std::invalid_argument(word + " has no value");
      values_[word.substr(0, equals)] = word.substr(equals + 1);
    }
  }

  const std::string& verb() const { return verb_; }

  std::string text(const std::string& name, const std::string& otherwise = "") const {
    const auto found = values_.find(name);
    return found == values_.end() ? otherwise : found->second;
  }
  double number(const std::string& name, double otherwise) const {
    const auto found = values_.find(name);
    return found == values_.end() ? otherwise : std::stod(found->second);
  }
  std::size_t count(const std::string& name, std::size_t otherwise) const {
    const auto found = values_.find(name);
    return found == values_.end() ? otherwise : std::stoull(found->second);
  }

 private:
  std::string verb_;
  std::map<std::string, std::string> values_;
};

using Verbs = std::map<std::string, std::function<nlohmann::json(const Command&)>>;

// Obeys until the input ends, answering each command with one line of JSON; a command that fails
// with {"error": why}.
inline void obey(const Verbs& verbs) {
  for (std::string line; std::getline(std::cin, line);) {
    nlohmann::json answer;
    try {
      const Command command(line);
      const auto found = verbs.find(command.verb());
      if (found == verbs.end()) throw std::invalid_argument("no such command: " + command.verb());
      answer = found->second(command);
    } catch (const std::exception& error) {
      answer = {{"error", error.what()}};
    }
    std::printf("%s\n", answer.dump().c_str());
    std::fflush(stdout);
  }
}

}  // namespace load
