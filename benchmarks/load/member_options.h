#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include "sojourn/options.h"

namespace load {

// How a driver's member is to be opened, from the command line.
struct MemberSettings {
  std::string name = "a";
  std::vector<std::string> members = {};  // name=host:port
  std::uint32_t copies = 2;
  std::uint32_t expect = 0;
  std::uint32_t capacity = 1;
  bool patient = false;
  std::string tls_directory = {};
  std::size_t memory_mib = 0;
  std::size_t calls_in_flight = 0;
  int busy_poll_us = 0;
};

inline void add_member_options(CLI::App& app, MemberSettings& settings) {
  app.add_option("--name", settings.name, "this member's name");
  app.add_option("--member", settings.members, "name=host:port of each member");
  app.add_option("--copies", settings.copies, "members that hold each session");
  app.add_option("--expect", settings.expect, "bootstrap_expect");
  app.add_option("--capacity", settings.capacity, "this member's; 0 for a witness");
  app.add_flag("--patient", settings.patient,
               "be slow to take members for dead: for machines that are busy with other things");
  app.add_option("--tls", settings.tls_directory, "directory with ca.pem, NAME.pem, NAME.key");
  app.add_option("--calls-in-flight", settings.calls_in_flight, "calls_in_flight_max");
  app.add_option("--busy-poll-us", settings.busy_poll_us, "busy_poll");
  app.add_option("--memory-mib", settings.memory_mib, "memory_bytes");
}

inline sojourn::StoreOptions store_options(const MemberSettings& settings) {
  sojourn::StoreOptions options;
  options.name = settings.name;
  for (const std::string& member : settings.members) {
    const std::size_t equals = member.find('=');
    if (equals == std::string::npos) throw std::invalid_argument(member + " is not name=host:port");
    const std::string name = member.substr(0, equals);
    options.members.push_back({.name = name,
                               .address = member.substr(equals + 1),
                               .capacity = name == settings.name ? settings.capacity : 1});
  }
  options.copies = settings.copies;
  options.bootstrap_expect = settings.expect;
  if (settings.patient) {
    options.heartbeat_interval = std::chrono::seconds(1);
    options.lease = std::chrono::seconds(5);
  }
  if (settings.calls_in_flight > 0) options.calls_in_flight_max = settings.calls_in_flight;
  options.busy_poll = std::chrono::microseconds(settings.busy_poll_us);
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

}  // namespace load
