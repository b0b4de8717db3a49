#include "chaos/message.h"

#include "chaos/words.h"

namespace sojourn::chaos {
namespace {

// "name=value,name,...": a name alone is erased.
std::string join(const std::vector<Patch::Step>& steps) {
  std::string text;
  for (const Patch::Step& step : steps) {
    if (!text.empty()) text += ',';
    text += step.name;
    if (step.value) text += '=' + *step.value;
  }
  return text;
}

std::vector<Patch::Step> split(const std::string& text) {
  std::vector<Patch::Step> steps;
  std::istringstream stream(text);
  for (std::string word; std::getline(stream, word, ',');) {
    const std::size_t equals = word.find('=');
    Patch::Step step = {.name = word.substr(0, equals)};
    if (equals != std::string::npos) step.value = word.substr(equals + 1);
    steps.push_back(std::move(step));
  }
  return steps;
}

void write(LineWriter& line, const Seen& session) {
  std::vector<Patch::Step> attributes;
  for (const auto& [name, value] : session.attributes) attributes.push_back({name, value});
  line.text(session.id)
      .number(static_cast<int>(session.phase))
      .text(session.subject)
      .text(join(attributes))
      .number(session.lifetime.idle.count())
      .number(session.lifetime.absolute.count())
      .number(session.version.epoch)
      .number(session.version.sequence);
}

void read(LineReader& line, Seen& session) {
  std::string attributes;
  std::int64_t idle = 0;
  std::int64_t absolute = 0;
  line.text(session.id)
      .enumerator(session.phase)
      .text(session.subject)
      .text(attributes)
      .number(idle)
      .number(absolute)
      .number(session.version.epoch)
      .number(session.version.sequence);
  for (const Patch::Step& step : split(attributes)) {
    session.attributes[step.name] = step.value.value_or("");
  }
  session.lifetime = {std::chrono::seconds(idle), std::chrono::seconds(absolute)};
}

template <typename Message>
std::optional<Message> if_ok(const LineReader& line, Message& message) {
  if (!line.ok()) return std::nullopt;
  return std::move(message);
}

}  // namespace

std::string_view name_of(Verb verb) {
  switch (verb) {
    case Verb::kCreate:
      return "create";
    case Verb::kGet:
      return "get";
    case Verb::kPatch:
      return "patch";
    case Verb::kAuthenticate:
      return "authenticate";
    case Verb::kRotate:
      return "rotate";
    case Verb::kRevoke:
      return "revoke";
  }
  return "?";
}

std::string to_line(const Question& question) {
  return LineWriter("ask")
      .number(question.number)
      .number(static_cast<int>(question.verb))
      .text(question.id)
      .text(question.subject)
      .text(join(question.steps))
      .number(question.timeout.count())
      .take();
}

std::optional<Question> parse_question(std::string_view text) {
  LineReader line(text);
  Question question;
  if (!line.skip("ask")) return std::nullopt;
  std::string steps;
  std::int64_t timeout = 0;
  line.number(question.number)
      .enumerator(question.verb)
      .text(question.id)
      .text(question.subject)
      .text(steps)
      .number(timeout);
  question.steps = split(steps);
  question.timeout = std::chrono::milliseconds(timeout);
  return if_ok(line, question);
}

std::string to_line(const Answer& answer) {
  LineWriter line("answer");
  line.number(answer.number)
      .number(answer.began.count())
      .number(answer.ended.count())
      .number(static_cast<int>(answer.status))
      .number(answer.session.has_value() ? 1 : 0);
  if (answer.session) write(line, *answer.session);
  return line.text(answer.owner).text(answer.message).take();
}

std::optional<Answer> parse_answer(std::string_view text) {
  LineReader line(text);
  Answer answer;
  if (!line.skip("answer")) return std::nullopt;
  std::int64_t began = 0;
  std::int64_t ended = 0;
  int has_session = 0;
  line.number(answer.number)
      .number(began)
      .number(ended)
      .enumerator(answer.status)
      .number(has_session);
  answer.began = Microseconds(began);
  answer.ended = Microseconds(ended);
  if (has_session != 0) read(line, answer.session.emplace());
  line.text(answer.owner).rest(answer.message);
  return if_ok(line, answer);
}

std::string to_line(const Report& report) {
  return LineWriter("report")
      .number(report.ready ? 1 : 0)
      .number(report.safe ? 1 : 0)
      .number(report.epoch)
      .number(report.members)
      .text(report.oldest)
      .number(report.sessions)
      .text(report.reason)
      .take();
}

std::optional<Report> parse_report(std::string_view text) {
  LineReader line(text);
  Report report;
  if (!line.skip("report")) return std::nullopt;
  line.number(report.ready)
      .number(report.safe)
      .number(report.epoch)
      .number(report.members)
      .text(report.oldest)
      .number(report.sessions)
      .rest(report.reason);
  return if_ok(line, report);
}

std::string to_line(const Drained& drained) {
  return LineWriter("drained")
      .number(static_cast<int>(drained.status))
      .text(drained.message)
      .take();
}

std::optional<Drained> parse_drained(std::string_view text) {
  LineReader line(text);
  Drained drained;
  if (!line.skip("drained")) return std::nullopt;
  line.enumerator(drained.status).rest(drained.message);
  return if_ok(line, drained);
}

std::string to_line(const Filled& filled) {
  return LineWriter("filled").number(filled.made).number(filled.failed).take();
}

std::optional<Filled> parse_filled(std::string_view text) {
  LineReader line(text);
  Filled filled;
  if (!line.skip("filled")) return std::nullopt;
  line.number(filled.made).number(filled.failed);
  return if_ok(line, filled);
}

std::string to_line(const Fill& fill) {
  return LineWriter("fill").number(fill.count).number(fill.bytes).take();
}

std::optional<Fill> parse_fill(std::string_view text) {
  LineReader line(text);
  Fill fill;
  if (!line.skip("fill")) return std::nullopt;
  line.number(fill.count).number(fill.bytes);
  return if_ok(line, fill);
}

}  // namespace sojourn::chaos
