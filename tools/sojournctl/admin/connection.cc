#include "sojournctl/admin/connection.h"

#include <algorithm>
#include <utility>

#include "transport/address.h"
#include "transport/channel.h"

namespace sojournctl {
namespace {

using sojourn::transport::Credentials;

sojourn::StoreOptions store_options(const ConnectionOptions& options) {
  sojourn::StoreOptions store;
  store.cluster = options.cluster;
  store.insecure = options.insecure;
  if (!options.insecure) {
    store.tls = {
        .certificate_file = options.certificate, .key_file = options.key, .ca_file = options.ca};
  }
  return store;
}

absl::Status check_address(const ConnectionOptions& options, const std::string& address) {
  if (!sojourn::transport::HostAndPort::parse(address)) {
    return absl::InvalidArgumentError("'" + address + "' is not HOST:PORT");
  }
  if (sojourn::transport::check_dialled(store_options(options), address).ok()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      "--insecure: " + address +
      " is not on this machine, and plain text is taken from the same machine only");
}

}  // namespace

absl::Status check(const ConnectionOptions& options) {
  if (options.targets.empty()) {
    return absl::InvalidArgumentError("--target: which member to ask, HOST:PORT, is needed");
  }
  const bool has_files =
      !options.ca.empty() || !options.certificate.empty() || !options.key.empty();
  if (options.insecure && has_files) {
    return absl::InvalidArgumentError(
        "--insecure: there are certificates, which it has no use for");
  }
  for (const std::string& target : options.targets) {
    if (absl::Status status = check_address(options, target); !status.ok()) return status;
  }
  if (options.insecure) return absl::OkStatus();
  if (options.ca.empty() || options.certificate.empty() || options.key.empty()) {
    return absl::InvalidArgumentError(
        "--ca, --cert and --key are needed, or --insecure for members on this machine that talk in "
        "plain text");
  }
  return sojourn::transport::check_files(*store_options(options).tls, "");
}

absl::Status status_of(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

absl::StatusOr<Connection> Connection::dial(std::shared_ptr<const ConnectionOptions> options,
                                            std::shared_ptr<const Credentials> credentials,
                                            const std::string& address, const std::string& name) {
  Connection connection;
  // Names of the view are checked against certificates; of a target only the cluster is known.
  const auto channel_credentials =
      name.empty()
          ? credentials->client_of_any(options->cluster)
          : credentials->client(sojourn::transport::certificate_name(name, options->cluster));
  connection.options_ = std::move(options);
  connection.credentials_ = std::move(credentials);
  connection.address_ = address;
  connection.stub_ =
      v1::Administration::NewStub(sojourn::transport::make_channel(address, channel_credentials));
  absl::StatusOr<v1::Snapshot> snapshot =
      connection.call<v1::StatusRequest, v1::Snapshot>(&Stub::Status, {});
  if (!snapshot.ok()) return snapshot.status();
  connection.snapshot_ = *std::move(snapshot);
  return connection;
}

absl::StatusOr<Connection> Connection::open(const ConnectionOptions& given) {
  const auto options = std::make_shared<const ConnectionOptions>(given);
  const auto credentials = std::make_shared<const Credentials>(store_options(given));
  std::string reasons;
  for (const std::string& target : given.targets) {
    absl::StatusOr<Connection> connection = dial(options, credentials, target, "");
    if (connection.ok() || absl::IsPermissionDenied(connection.status())) return connection;
    reasons +=
        (reasons.empty() ? "" : "; ") + target + ": " + std::string(connection.status().message());
  }
  return absl::UnavailableError("no member answers: " + reasons);
}

absl::StatusOr<Connection> Connection::to_member(const std::string& name) const {
  // Before the first view a member knows nobody, not even itself.
  v1::MemberStatus self;
  self.set_name(this->name());
  self.set_address(address_);
  if (snapshot_.members().empty() && name == self.name()) {
    return to_member(self, options_->timeout);
  }
  const auto member =
      std::find_if(snapshot_.members().begin(), snapshot_.members().end(),
                   [&](const v1::MemberStatus& each) { return each.name() == name; });
  if (member != snapshot_.members().end()) return to_member(*member, options_->timeout);
  return absl::NotFoundError("there is no member " + name + " in view " +
                             std::to_string(snapshot_.epoch()) + " of member " + this->name());
}

absl::StatusOr<Connection> Connection::to_member(const v1::MemberStatus& member,
                                                 std::chrono::milliseconds timeout) const {
  if (absl::Status status = check_address(*options_, member.address()); !status.ok()) {
    return status;
  }
  auto options = std::make_shared<ConnectionOptions>(*options_);
  options->timeout = timeout;
  absl::StatusOr<Connection> connection =
      dial(std::move(options), credentials_, member.address(), member.name());
  if (connection.ok() || absl::IsPermissionDenied(connection.status())) return connection;
  return absl::UnavailableError("member " + member.name() + " at " + member.address() +
                                " does not answer: " + std::string(connection.status().message()));
}

}  // namespace sojournctl
