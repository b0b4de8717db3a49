#include "integration/gatehouse/cluster.h"

#include <asio/io_context.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "gatehouse/application.h"
#include "gatehouse/http/form.h"
#include "gatehouse/users/password.h"
#include "support/ports.h"

namespace gatehouse::test {
namespace {

std::string config_text(const std::vector<int>& peer_ports, const std::string& sojourn_line) {
  std::string members;
  for (std::size_t i = 0; i < peer_ports.size(); ++i) {
    members +=
        "member auth-" + std::to_string(i) + " 127.0.0.1:" + std::to_string(peer_ports[i]) + "\n";
  }
  // A low cost, since here only the right password is to be told from the wrong one.
  return R"({
	trusted_proxies 127.0.0.1
	grace_period 2s
	security {
		local identity store localdb {
			user ana {
				name Ana Mendes
				email ana@example.com
				password ")" +
         *hash_password("open sesame", 4) + R"("
				roles user dash
			}
			user ben {
				password ")" +
         *hash_password("swordfish", 4) + R"("
				roles user
			}
			user ada {
				password ")" +
         *hash_password("xyzzy", 4) + R"("
				roles authp/admin
			}
		}
		authentication portal main {
			enable identity store localdb
			console on
			crypto key sign-verify 0123456789abcdef0123456789abcdef
			trust login redirect uri domain exact app.example.com path prefix /
			trust logout redirect uri domain exact app.example.com path /bye
		}
		authorization policy members {
			set auth url https://auth.example.com/auth
			allow roles user
		}
		authorization policy dashboard {
			set auth url https://auth.example.com/auth
			allow roles dash
		}
	}
	sojourn {
		insecure
)" + members +
         sojourn_line +
         R"(
	}
}
127.0.0.1:0 {
	route /auth* {
		authenticate with main
	}
	route /verify* {
		authorize with members
	}
	route /verify/dashboard* {
		authorize with dashboard
	}
}
)";
}

}  // namespace

class Cluster::Node {
 public:
  Node(const std::string& config, const std::string& name) {
    Problems problems;
    Config read = read_config(config, "Caddyfile", {.node = name}, problems);
    if (!problems.empty()) throw std::runtime_error(problems.lines().front());
    auto application = Application::start(io_, std::move(read));
    if (!application.ok()) throw std::runtime_error(std::string(application.status().message()));
    application_ = *std::move(application);
    port_ = application_->endpoints().front().port();
    thread_ = std::jthread([this] { io_.run(); });
  }
  ~Node() { stop(); }

  void stop() {
    if (!application_) return;
    application_->stop([] {});
    thread_.join();
    application_.reset();
  }

  int port() const { return port_; }
  bool is_ready() const { return Browser().get(port_, "/readyz").status == 200; }

 private:
  asio::io_context io_;
  std::unique_ptr<Application> application_;
  int port_ = 0;
  std::jthread thread_;
};

Cluster::Cluster(int members, int started) {
  // Where too few are there to answer anything, nobody should wait for it for long.
  const std::string config = config_text(sojourn::support::free_ports(members),
                                         started < members ? "timeouts 300ms 300ms" : "");
  for (int i = 0; i < started; ++i) {
    nodes_.push_back(std::make_unique<Node>(config, "auth-" + std::to_string(i)));
  }
  if (started < members) return;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  for (const auto& node : nodes_) {
    while (!node->is_ready()) {
      if (std::chrono::steady_clock::now() > deadline)
        throw std::runtime_error("a gatehouse is not ready");
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
}

Cluster::~Cluster() = default;

int Cluster::port(int i) const { return nodes_[static_cast<std::size_t>(i)]->port(); }
void Cluster::stop(int i) { nodes_[static_cast<std::size_t>(i)]->stop(); }
int Cluster::next() { return port(turn_++ % static_cast<int>(nodes_.size())); }

std::string Cluster::begin(Browser& browser, const std::string& user) {
  if (browser.post(next(), "/auth/login", "username=" + percent_encode(user)).status != 303)
    return {};
  return browser.get(next(), "/auth/password").csrf_token();
}

bool Cluster::sign_in(Browser& browser, const std::string& user, const std::string& password) {
  const std::string token = begin(browser, user);
  const Answer answer = browser.post(
      next(), "/auth/password", "csrf_token=" + token + "&password=" + percent_encode(password));
  return answer.status == 303 && answer.header("Location") == "/auth/portal" &&
         browser.get(next(), "/auth/portal").status == 200;
}

std::int64_t Cluster::counter(int i, const std::string& pointer) const {
  const auto json = nlohmann::json::parse(Browser().get(port(i), "/status").body);
  return json.at(nlohmann::json::json_pointer(pointer)).get<std::int64_t>();
}

}  // namespace gatehouse::test
