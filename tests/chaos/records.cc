#include "chaos/records.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <fstream>
#include <utility>

#include "chaos/words.h"

namespace sojourn::chaos {

std::size_t Records::begin_lineage() {
  lineages_.emplace_back();
  return lineages_.size() - 1;
}

std::size_t Records::begin(std::size_t lineage, std::string client, Question question) {
  ++calls_;
  std::vector<RecordedCall>& calls = lineages_[lineage].calls;
  const auto called = std::chrono::duration_cast<Microseconds>(Clock::now().time_since_epoch());
  calls.push_back({.client = std::move(client), .called = called, .question = std::move(question)});
  return calls.size() - 1;
}

void Records::end(std::size_t number, std::size_t index, Answer answer) {
  Lineage& lineage = lineages_[number];
  lineage.calls[index].answer = std::move(answer);
  learn(lineage, lineage.calls[index]);
}

void Records::learn(Lineage& lineage, const RecordedCall& call) {
  const Answer& answer = *call.answer;
  const bool about_newest = !lineage.ids.empty() && call.question.id == lineage.ids.back();
  if (answer.status == absl::StatusCode::kNotFound && about_newest) lineage.over = true;
  if (answer.status != absl::StatusCode::kOk) return;
  if (call.question.verb == Verb::kRevoke && about_newest) lineage.over = true;
  if (!answer.session) return;
  // Answers may come in another order than that of their calls.
  if (lineage.newest && answer.session->version < lineage.newest->version) return;
  lineage.newest = answer.session;
  if (lineage.ids.empty() || lineage.ids.back() != answer.session->id) {
    lineage.ids.push_back(answer.session->id);
    lineage.over = false;
  }
}

absl::Status Records::save(const std::string& file) const {
  std::ofstream stream(file);
  for (std::size_t number = 0; number < lineages_.size(); ++number) {
    for (const RecordedCall& call : lineages_[number].calls) {
      stream
          << LineWriter("call").number(number).text(call.client).number(call.called.count()).take()
          << '\n'
          << to_line(call.question) << '\n'
          << (call.answer ? to_line(*call.answer) : "unanswered") << '\n';
    }
  }
  stream.close();
  if (!stream) return absl::UnavailableError(file + " cannot be written");
  return absl::OkStatus();
}

absl::StatusOr<Records> Records::load(const std::string& file) {
  std::ifstream stream(file);
  if (!stream) return absl::NotFoundError(file + " cannot be read");
  Records records;
  std::string head;
  std::string asked;
  std::string answered;
  for (int line = 1; std::getline(stream, head); line += 3) {
    std::size_t number = 0;
    std::int64_t called = 0;
    RecordedCall call;
    LineReader reader(head);
    const bool is_call = reader.skip("call") &&
                         reader.number(number).text(call.client).number(called).ok() &&
                         std::getline(stream, asked) && std::getline(stream, answered);
    std::optional<Question> question = is_call ? parse_question(asked) : std::nullopt;
    call.answer = is_call ? parse_answer(answered) : std::nullopt;
    if (!question || (!call.answer && answered != "unanswered") || number > 10'000'000) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s:%d: not a call of a chaos run", file, line));
    }
    call.called = Microseconds(called);
    call.question = *std::move(question);
    if (records.lineages_.size() <= number) records.lineages_.resize(number + 1);
    Lineage& lineage = records.lineages_[number];
    lineage.calls.push_back(std::move(call));
    if (lineage.calls.back().answer) learn(lineage, lineage.calls.back());
    ++records.calls_;
  }
  return records;
}

}  // namespace sojourn::chaos
