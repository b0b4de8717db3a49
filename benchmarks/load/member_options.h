#pragma once

#include <CLI/CLI.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "sojourn/options.h"
#include "sojourn/session.h"

namespace load {

// How a driver's member is to be opened, from the command line.
struct MemberSettings {
  std::string name = "a";
  std::vector<std::string> members = {};  // name=host:port
  std::uint32_t copies = 2;
  std::uint32_t expect = 0;
  std::string tls_directory = {};
  std::size_t memory_mib = 0;
};

inline void add_member_options(CLI::App& app, MemberSettings& settings) {
  app.add_option("--name", settings.name, "this member's name");
  app.add_option("--member", settings.members, "name=host:port of each member");
  app.add_option("--copies", settings.copies, "members that hold each session");
  app.add_option("--expect", settings.expect, "bootstrap_expect");
  app.add_option("--tls", settings.tls_directory, "directory with ca.pem, NAME.pem, NAME.key");
  app.add_option("--memory-mib", settings.memory_mib, "memory_bytes");
}

inline sojourn::StoreOptions store_options(const MemberSettings& settings) {
  sojourn::StoreOptions options;
  options.name = settings.name;
  for (const std::string& member : settings.members) {
    const std::size_t equals = member.find('=');
    if (equals == std::string::npos) throw std::invalid_argument(member + " is not name=host:port");
    options.members.push_back(
        {.name = member.substr(0, equals), .address = member.substr(equals + 1)});
  }
  options.copies = settings.copies;
  options.bootstrap_expect = settings.expect;
  options.memory_bytes = settings.memory_mib << 20;
  if (settings.tls_directory.empty()) {
    options.insecure = true;
  } else {
    const std::string prefix = settings.tls_directory + "/" + settings.name;
    options.tls = sojourn::TlsOptions{.certificate_file = prefix + ".pem",
                                      .key_file = prefix + ".key",
                                      .ca_file = settings.tls_directory + "/ca.pem"};
  }
  return options;
}

// A session whose subject, names and values are `payload` bytes together, each of another subject.
inline sojourn::NewSession session_of(std::size_t number, std::size_t payload) {
  std::string subject = "user" + std::to_string(100'000'000 + number % 100'000'000);
  const std::string name = "token";
  const std::size_t taken = subject.size() + name.size();
  return sojourn::NewSession(std::move(subject))
      .with(name, std::string(payload > taken ? payload - taken : 0, 'x'));
}

}  // namespace load
