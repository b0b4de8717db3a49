// What remote reads, replicated writes and transfers cannot do without: frames over a gRPC stream
// as in stream_benchmark, here with something in them. Both sides write, read and check the frames
// as members do, and have their sessions in a table as members have. Nothing else of a member is
// here: no views and leases, no memory of how calls ended, no lists of who waits, no callers. So
// docs/performance.md holds against it what a member takes beyond that.
//
//   floor_benchmark --work gets --messages 110 [--cores 0,1]
//
//   gets      the asker asks for so many sessions in each frame and makes each of what is answered
//   writes    the asker is the owner: makes so many sessions for each frame and puts them into its
//             table; the other one puts them into its own and acknowledges each
//   transfer  the asker sends all sessions of its table, so many in each frame, to one that has
//   none

#include <absl/synchronization/mutex.h>
#include <grpcpp/create_channel.h>
#include <time.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/random.h"
#include "replication/messages.h"
#include "session/id_draw.h"
#include "streams/channel.h"
#include "streams/queue_stream.h"
#include "table/table.h"
#include "wire/frame.h"
#include "wire/frame_draft.h"

namespace {

using namespace sojourn;
using namespace std::chrono_literals;
using streams::ByteBuffer;
using streams::Clock;

struct Settings {
  std::string work = "gets";
  std::size_t messages = 25;
  int in_flight = 2;
  std::size_t operations = 1'000'000;
  std::size_t sessions = 10'000;
  // See streams/channel.h.
  std::string tls = {};
  std::vector<int> cores = {0, 1};
};

Time now() { return Time(std::chrono::duration_cast<Duration>(Clock::now().time_since_epoch())); }

// 512 bytes of subject, name and value, as those that benchmarks/run makes.
session::RecordRef make_session(std::string_view id, std::size_t number, Time now) {
  static const std::string value(494, 'x');
  const std::string subject = "user" + std::to_string(100'000'000 + number);
  const session::AttributeView attribute = {"token", value};
  return session::Record::make({.id = id,
                                .phase = Phase::kActive,
                                .subject = subject,
                                .lifetime = {.idle = 30min, .absolute = 12h},
                                .version = {.epoch = 3, .sequence = number},
                                .created_at = now,
                                .last_seen = now,
                                .attributes = {&attribute, 1}});
}

// Sessions whose ids both processes know.
std::vector<std::string> fill(table::Table& table, std::size_t sessions) {
  SeededRandom random(1);
  std::vector<std::string> ids;
  ids.reserve(sessions);
  for (std::size_t i = 0; i < sessions; ++i) {
    ids.push_back(session::draw_id(random));
    table.put(make_session(ids.back(), i, now()));
  }
  return ids;
}

node::Envelope envelope_of(node::Message message) {
  return {.cluster = 1, .generation = 1, .epoch = 3, .from = {2}, .message = std::move(message)};
}

// One side, which has a table and writes and reads frames.
class Side {
 public:
  explicit Side(Settings settings) : settings_(std::move(settings)) {}

 protected:
  template <typename Message>
  void add(const Message& message, Time now) {
    if (!draft_.add(message, now, wire::kMessageBytesMax)) {
      throw std::runtime_error("more messages than a frame may have");
    }
  }
  ByteBuffer take_frame(Time now) {
    grpc::Slice slice;
    draft_.finish({.number = ++frames_, .cluster = 1, .from = {2}}, now, [&](std::size_t bytes) {
      slice = grpc::Slice(bytes);
      // Nobody else has it yet.
      return reinterpret_cast<char*>(const_cast<std::uint8_t*>(slice.begin()));
    });
    draft_.clear(wire::kFrameBytesMax);
    return ByteBuffer(&slice, 1);
  }
  // Calls use(frame), whose lookups are views of its bytes.
  static void read_frame(const ByteBuffer& buffer, const std::function<void(wire::Frame&)>& use) {
    const grpc::Slice slice = streams::read(buffer);
    auto frame =
        wire::decode_frame({reinterpret_cast<const char*>(slice.begin()), slice.size()}, now());
    if (!frame.ok()) throw std::runtime_error(frame.status().ToString());
    use(*frame);
  }

  const Settings settings_;
  table::Table table_;

 private:
  wire::FrameDraft draft_;
  std::uint64_t frames_ = 0;
};

class Server : public Side {
 public:
  explicit Server(const Settings& settings) : Side(settings) {
    if (settings.work == "gets") fill(table_, settings.sessions);
    // As a member sees to it that there is room for what a transfer brings.
    if (settings.work == "transfer") {
      table_.expect(settings.sessions);
      table_.make_room(0, ~std::uint64_t{0}, settings.sessions);
    }
  }

  ByteBuffer answer(const ByteBuffer& buffer) {
    const Time now = ::now();
    read_frame(buffer, [&](wire::Frame& frame) {
      find(frame.lookups, now);
      put(frame.envelopes, now);
    });
    return take_frame(now);
  }

 private:
  void find(const std::vector<replication::Lookup>& lookups, Time now) {
    keys_.clear();
    for (const replication::Lookup& lookup : lookups) keys_.emplace_back(lookup.id);
    table_.prefetch(keys_);
    for (std::size_t i = 0; i < lookups.size(); ++i) {
      table::Found found = table_.find(
          keys_[i], [now] { return Moment(now); }, lookups[i].touch, Time::min());
      if (!found) throw std::runtime_error("a session is missing");
      add(replication::Found{.number = lookups[i].number,
                             .result = {.record = std::move(found.record),
                                        .last_seen = found.last_seen}},
          now);
    }
  }

  void put(std::vector<node::Envelope>& envelopes, Time now) {
    for (node::Envelope& envelope : envelopes) {
      if (auto* replicate = std::get_if<replication::Replicate>(&envelope.message)) {
        for (const replication::Entry& entry : replicate->entries) records_.push_back(entry.record);
        add(envelope_of(replication::ReplicateAck{replicate->segment, replicate->version}), now);
      } else if (auto* chunk = std::get_if<replication::Chunk>(&envelope.message)) {
        for (replication::Copy& copy : chunk->copies) records_.push_back(std::move(copy.record));
        add(envelope_of(replication::ChunkAck{chunk->segment, chunk->transfer, chunk->index}), now);
      }
    }
    texts_.clear();
    for (const session::RecordRef& record : records_) texts_.push_back(record->id());
    keys_.clear();
    for (std::size_t i = 0; i < records_.size(); ++i) {
      keys_.emplace_back(texts_[i].text(), records_[i]->packed_id());
      table_.prefetch_put(*records_[i], keys_[i]);
    }
    for (std::size_t i = 0; i < records_.size(); ++i) table_.put(records_[i], keys_[i]);
    records_.clear();
  }

  // Of one frame.
  std::vector<table::Key> keys_;
  std::vector<session::IdText> texts_;
  std::vector<session::RecordRef> records_;
};

class Asker : public Side {
 public:
  explicit Asker(const Settings& settings) : Side(settings) {
    if (settings.work != "writes") ids_ = fill(table_, settings.sessions);
    if (settings.work != "transfer") return;
    table_.for_each(0, ~std::uint64_t{0}, [this](const session::Record& record, Time) {
      sent_.push_back(session::RecordRef::share(record));
    });
  }

  std::optional<ByteBuffer> make() {
    if (asked_ >= operations()) return std::nullopt;
    const Time now = ::now();
    if (settings_.work == "gets") {
      ask(now);
    } else if (settings_.work == "writes") {
      write(now);
    } else {
      send(now);
    }
    return take_frame(now);
  }

  void answered(const ByteBuffer& buffer) {
    read_frame(buffer, [&](wire::Frame& frame) {
      for (const replication::Found& found : frame.found) {
        if (!found.result.record) throw std::runtime_error("a session did not come");
      }
      for (const node::Envelope& envelope : frame.envelopes) {
        if (std::holds_alternative<replication::ChunkAck>(envelope.message)) {
          answered_ += settings_.messages - 1;
        }
      }
      answered_ += frame.messages();
    });
  }

  std::size_t operations() const {
    return settings_.work == "transfer" ? sent_.size() : settings_.operations;
  }
  std::size_t answered() const { return answered_; }

 private:
  void ask(Time now) {
    for (std::size_t i = 0; i < settings_.messages; ++i) {
      add(
          replication::Lookup{
              .number = ++asked_, .time_left = 1s, .id = ids_[asked_ * 7919 % ids_.size()]},
          now);
    }
  }

  void write(Time now) {
    for (std::size_t i = 0; i < settings_.messages; ++i) {
      std::string id = session::draw_id(random_);
      session::RecordRef record = make_session(id, ++asked_, now);
      add(envelope_of(replication::Replicate{.segment = {9},
                                             .version = record->version(),
                                             .committed = record->version(),
                                             .operation = {{7}, asked_},
                                             .entries = replication::entries_of(id, record)}),
          now);
      table_.put(record, table::Key(id));
    }
  }

  void send(Time now) {
    replication::Chunk chunk = {.segment = {9}, .transfer = 1};
    for (std::size_t i = 0; i < settings_.messages && asked_ < sent_.size(); ++i) {
      const session::RecordRef& record = sent_[asked_++];
      chunk.copies.push_back({record, record->last_seen()});
    }
    add(envelope_of(std::move(chunk)), now);
  }

  SeededRandom random_{1};
  std::vector<std::string> ids_;
  std::vector<session::RecordRef> sent_;
  std::size_t asked_ = 0;
  std::size_t answered_ = 0;
};

double processor_seconds(pid_t process) {
  clockid_t clock{};
  timespec time{};
  if (clock_getcpuclockid(process, &clock) != 0) throw std::runtime_error("no clock of a process");
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// Measures when a tenth of the operations have been carried out.
void ask(const Settings& settings, int port, pid_t server) {
  Asker asker(settings);
  grpc::ChannelArguments arguments;
  for (const auto& [name, value] : streams::transport_arguments(true)) {
    arguments.SetInt(name, value);
  }
  const auto credentials = streams::channel_credentials(settings.tls, arguments);
  const auto channel =
      grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(port), credentials, arguments);
  std::size_t before = 0;
  Clock::time_point begin;
  double asker_before = 0;
  double server_before = 0;
  streams::ask_by_queue(channel,
                        {.in_flight = settings.in_flight,
                         .make = [&] { return asker.make(); },
                         .answered =
                             [&](const ByteBuffer& frame) {
                               asker.answered(frame);
                               if (before > 0 || asker.answered() < asker.operations() / 10) return;
                               before = asker.answered();
                               begin = Clock::now();
                               asker_before = processor_seconds(getpid());
                               server_before = processor_seconds(server);
                             },
                         .goes_on = [&] { return asker.answered() < asker.operations(); }});
  const double took = std::chrono::duration<double>(Clock::now() - begin).count();
  const auto count = static_cast<double>(asker.answered() - before);
  if (before == 0 || count == 0) throw std::runtime_error("too few operations to measure");
  std::printf(
      "{\"work\": \"%s\", \"messages\": %zu, \"per_second\": %.0f, \"asker_cpu_us\": %.3f, "
      "\"server_cpu_us\": %.3f}\n",
      settings.work.c_str(), settings.messages, count / took,
      (processor_seconds(getpid()) - asker_before) / count * 1e6,
      (processor_seconds(server) - server_before) / count * 1e6);
}

void serve(const Settings& settings, int pipe) {
  Server server(settings);
  int port = 0;
  grpc::ServerBuilder builder;
  for (const auto& [name, value] : streams::transport_arguments(false)) {
    builder.AddChannelArgument(name, value);
  }
  builder.AddListeningPort("127.0.0.1:0", streams::server_credentials(settings.tls), &port);
  streams::serve_by_queue(
      builder, [&] { streams::tell(pipe, port); },
      [&](const ByteBuffer& frame) { return server.answer(frame); });
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app("What remote reads, replicated writes and transfers cannot do without");
  app.add_option("--work", settings.work, "gets, writes or transfer")
      ->check(CLI::IsMember({"gets", "writes", "transfer"}))
      ->capture_default_str();
  app.add_option("--messages", settings.messages, "sessions of one frame")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--in-flight", settings.in_flight, "frames on their way at one time")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("--operations", settings.operations, "how many gets or writes")
      ->check(CLI::Range(1000, 100'000'000))
      ->capture_default_str();
  app.add_option("--sessions", settings.sessions, "that there are to be got or transferred")
      ->check(CLI::Range(1000, 100'000'000))
      ->capture_default_str();
  app.add_option("--tls", settings.tls, "a directory with ca.pem, a.pem and a.key")
      ->check(CLI::ExistingDirectory);
  app.add_option("--cores", settings.cores, "of the asker and of the server")
      ->delimiter(',')
      ->expected(2);
  CLI11_PARSE(app, argc, argv);
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  return streams::run(
      "floor_benchmark", settings.cores, [&](int pipe) { serve(settings, pipe); },
      [&](int port, pid_t server) { ask(settings, port, server); });
}
