#include "chaos/cluster.h"

#include <absl/strings/str_format.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "support/ports.h"

namespace sojourn::chaos {
namespace {

constexpr int kPortInNamespace = 7400;
constexpr std::chrono::seconds kReportAgeMax{1};

}  // namespace

Cluster::Cluster(asio::io_context& context, ClusterOptions options, Network* network)
    : context_(context), options_(std::move(options)), network_(network) {
  const std::size_t count = options_.members + (options_.witness ? 1 : 0);
  const std::vector<int> ports = support::free_ports(static_cast<int>(count));
  for (std::size_t member = 0; member < count; ++member) {
    const std::string address =
        network_ != nullptr
            ? absl::StrFormat("%s:%d", Network::address_of(member), kPortInNamespace)
            : absl::StrFormat("127.0.0.1:%d", ports[member]);
    members_.push_back({.name = absl::StrFormat("auth-%d", member + 1), .address = address});
  }
}

std::optional<std::size_t> Cluster::find(const std::string& name) const {
  for (std::size_t member = 0; member < size(); ++member) {
    if (members_[member].name == name) return member;
  }
  return std::nullopt;
}

std::vector<std::string> Cluster::arguments(std::size_t member) const {
  std::string list;
  for (std::size_t other = 0; other < size(); ++other) {
    if (!list.empty()) list += ',';
    list += members_[other].name + '=' + members_[other].address;
    if (is_witness(other)) list += "/0";
  }
  return {options_.program,
          "--name",
          members_[member].name,
          "--members",
          list,
          "--copies",
          std::to_string(options_.copies),
          "--segments",
          std::to_string(options_.segments),
          "--lease",
          std::to_string(options_.lease.count())};
}

absl::Status Cluster::start(std::size_t index) {
  Member& member = members_[index];
  absl::StatusOr<std::unique_ptr<Process>> process = Process::start(
      context_,
      {.arguments = arguments(index),
       .log_file = options_.directory + "/" + member.name + ".log",
       .network_namespace = network_ != nullptr ? network_->namespace_of(index) : -1},
      {.line = [this, index](std::string_view line) { take_line(index, line); },
       .exit = [this, index](int status) { take_exit(index, status); }});
  if (!process.ok()) return process.status();
  member = {.name = member.name, .address = member.address, .process = process->get()};
  processes_.push_back(*std::move(process));
  return absl::OkStatus();
}

void Cluster::kill(std::size_t member) {
  members_[member].killed = true;
  members_[member].process->signal(SIGKILL);
}

void Cluster::stop(std::size_t member) { members_[member].process->signal(SIGSTOP); }

void Cluster::resume(std::size_t member) { members_[member].process->signal(SIGCONT); }

void Cluster::terminate(std::size_t member) { members_[member].process->signal(SIGTERM); }

bool Cluster::takes_requests(std::size_t index) const {
  const Member& member = members_[index];
  return member.process != nullptr && member.was_ready && !member.drained && !member.killed &&
         !is_witness(index);
}

std::vector<std::size_t> Cluster::all_running() const {
  std::vector<std::size_t> all;
  for (std::size_t member = 0; member < size(); ++member) {
    if (running(member)) all.push_back(member);
  }
  return all;
}

std::vector<std::size_t> Cluster::all_that_take_requests() const {
  std::vector<std::size_t> all;
  for (std::size_t member = 0; member < size(); ++member) {
    if (takes_requests(member)) all.push_back(member);
  }
  return all;
}

void Cluster::ask(std::size_t index, Question question, AnswerHandler handler) {
  Member& member = members_[index];
  question.number = ++last_number_;
  member.waiting.emplace(question.number, std::move(handler));
  member.process->send(to_line(question));
}

void Cluster::fill(std::size_t index, Fill fill) {
  members_[index].filled.reset();
  members_[index].process->send(to_line(fill));
}

void Cluster::take_line(std::size_t index, std::string_view line) {
  Member& member = members_[index];
  if (std::optional<Answer> answer = parse_answer(line)) {
    take_answer(member, *std::move(answer));
  } else if (std::optional<Report> report = parse_report(line)) {
    member.report = *std::move(report);
    member.reported = Clock::now();
    member.was_ready |= member.report.ready;
  } else if (std::optional<Drained> drained = parse_drained(line)) {
    member.drained = *std::move(drained);
    if (member.drained->status != absl::StatusCode::kOk) {
      complaints_.push_back(absl::StrFormat("%s: drain ended with %s: %s", member.name,
                                            absl::StatusCodeToString(member.drained->status),
                                            member.drained->message));
    }
  } else if (const std::optional<Filled> filled = parse_filled(line)) {
    member.filled = *filled;
  } else {
    complaints_.push_back(member.name + " said what is not understood");
  }
}

void Cluster::take_answer(Member& member, Answer answer) {
  auto waiting = member.waiting.extract(answer.number);
  if (!waiting.empty()) waiting.mapped()(std::move(answer));
}

void Cluster::take_exit(std::size_t index, int status) {
  Member& member = members_[index];
  const bool by_request = member.killed || (member.drained && status == 0);
  if (!by_request) {
    complaints_.push_back(absl::StrFormat("%s ended by itself: %s; see %s/%s.log", member.name,
                                          describe_exit(status), options_.directory, member.name));
  }
  member.process = nullptr;
  auto waiting = std::exchange(member.waiting, {});
  for (auto& [number, handler] : waiting) handler(std::nullopt);
}

bool Cluster::converged() const {
  const std::vector<std::size_t> running = all_running();
  return std::all_of(running.begin(), running.end(), [&](std::size_t index) {
    const Member& member = members_[index];
    return member.report.ready && member.report.safe && member.report.members == running.size() &&
           member.report.epoch == members_[running.front()].report.epoch &&
           Clock::now() - member.reported < kReportAgeMax;
  });
}

std::string Cluster::describe() const {
  std::string text;
  for (const Member& member : members_) {
    text += absl::StrFormat("  %s: ", member.name);
    if (member.process == nullptr) {
      text += "not running\n";
      continue;
    }
    text += absl::StrFormat(
        "%s, %s, epoch %d of %d members, %d sessions; said %d ms ago: %s\n",
        member.report.ready ? "ready" : "not ready", member.report.safe ? "safe" : "not safe",
        member.report.epoch, member.report.members, member.report.sessions,
        std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - member.reported)
            .count(),
        member.report.reason);
  }
  return text;
}

}  // namespace sojourn::chaos
