#include "integration/gatehouse/browser.h"

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>
#include <sstream>

#include "gatehouse/http/request.h"

namespace gatehouse::test {
namespace {

Answer parse(const std::string& bytes) {
  Answer answer;
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string::npos) return answer;
  answer.body = bytes.substr(end + 4);
  std::istringstream lines(bytes.substr(0, end + 2));
  std::string line;
  std::getline(lines, line);
  answer.status = std::stoi(line.substr(9));
  while (std::getline(lines, line)) {
    const std::size_t colon = line.find(": ");
    answer.headers.emplace_back(line.substr(0, colon),
                                line.substr(colon + 2, line.size() - colon - 3));
  }
  return answer;
}

}  // namespace

std::string Answer::header(const std::string& name) const {
  for (const auto& [key, value] : headers) {
    if (equal_ignoring_case(key, name)) return value;
  }
  return {};
}

std::string Answer::csrf_token() const {
  const std::string start = "name=\"csrf_token\" value=\"";
  const std::size_t at = body.find(start);
  if (at == std::string::npos) return {};
  return body.substr(at + start.size(), body.find('"', at + start.size()) - at - start.size());
}

Answer Browser::get(int port, const std::string& path, const Headers& headers) {
  return send(port, "GET", path, headers, "");
}

Answer Browser::post(int port, const std::string& path, const std::string& form,
                     const Headers& headers) {
  Headers all = headers;
  all.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  return send(port, "POST", path, all, form);
}

Answer Browser::send(int port, const std::string& method, const std::string& path,
                     const Headers& headers, const std::string& body) {
  std::string bytes = method + " " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n";
  for (const auto& [name, value] : headers) bytes += name + ": " + value + "\r\n";
  std::string jar;
  for (const auto& [name, value] : cookies) jar += (jar.empty() ? "" : "; ") + name + "=" + value;
  if (!jar.empty()) bytes += "Cookie: " + jar + "\r\n";
  bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;

  asio::io_context io;
  asio::ip::tcp::socket socket(io);
  socket.connect({asio::ip::make_address("127.0.0.1"), static_cast<std::uint16_t>(port)});
  asio::write(socket, asio::buffer(bytes));
  std::string received;
  asio::error_code end;
  asio::read(socket, asio::dynamic_buffer(received), end);

  Answer answer = parse(received);
  for (const auto& [name, value] : answer.headers) {
    if (!equal_ignoring_case(name, "Set-Cookie")) continue;
    const std::string pair = value.substr(0, value.find(';'));
    const std::size_t equals = pair.find('=');
    if (equals + 1 == pair.size())
      cookies.erase(pair.substr(0, equals));
    else
      cookies[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return answer;
}

}  // namespace gatehouse::test
