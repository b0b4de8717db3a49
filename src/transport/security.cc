#include "transport/security.h"

#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>

#include "transport/address.h"

namespace sojourn::transport {
namespace {

namespace tls = grpc::experimental;

// A name may lead anywhere, whatever it looks like.
bool is_loopback(const std::string& address) {
  const std::optional<HostAndPort> parsed = HostAndPort::parse(address);
  if (!parsed) return false;
  if (parsed->host == "localhost") return true;
  const std::optional<asio::ip::tcp::endpoint> numeric = parsed->numeric();
  return numeric && numeric->address().is_loopback();
}

absl::Status unusable(const std::string& option, const std::string& path, const std::string& why) {
  return absl::FailedPreconditionError("tls: " + option + " " + path + " " + why);
}

absl::StatusOr<std::string> read_file(const std::string& option, const std::string& path) {
  if (path.empty()) return absl::FailedPreconditionError("tls: " + option + " is not set");
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file || text.str().empty()) return unusable(option, path, "cannot be read");
  return text.str();
}

template <typename T, auto free>
struct Freed {
  void operator()(T* object) const { free(object); }
};
using Bio = std::unique_ptr<BIO, Freed<BIO, BIO_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509, X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, EVP_PKEY_free>>;

Bio bio_of(const std::string& pem) {
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

Certificate certificate_of(const std::string& pem) {
  return Certificate(PEM_read_bio_X509(bio_of(pem).get(), nullptr, nullptr, nullptr));
}

Key key_of(const std::string& pem) {
  // No prompt for a pass phrase: a server has nobody to ask.
  const auto no_phrase = [](char*, int, int, void*) { return 0; };
  return Key(PEM_read_bio_PrivateKey(bio_of(pem).get(), nullptr, no_phrase, nullptr));
}

bool carries(X509* certificate, const std::string& name) {
  constexpr unsigned kExactly = X509_CHECK_FLAG_NO_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
  return X509_check_host(certificate, name.data(), name.size(), kExactly, nullptr) == 1;
}

// The same rules for the side that dials as has_certificate() is for the one that accepts: without
// them any certificate of the authority would do.
class NameVerifier final : public tls::ExternalCertificateVerifier {
 public:
  using Accepted = std::function<bool(std::string_view dns_name)>;

  // `wanted` says in words which DNS name a certificate must carry.
  NameVerifier(std::string wanted, Accepted accepted)
      : wanted_(std::move(wanted)), accepted_(std::move(accepted)) {}

  bool Verify(tls::TlsCustomVerificationCheckRequest* request, std::function<void(grpc::Status)>,
              grpc::Status* status) override {
    const std::vector<grpc::string_ref> names = request->dns_names();
    const bool found =
        std::any_of(names.begin(), names.end(), [this](const grpc::string_ref& name) {
          return accepted_(std::string_view(name.data(), name.size()));
        });
    *status = found ? grpc::Status::OK
                    : grpc::Status(grpc::StatusCode::UNAUTHENTICATED,
                                   "the certificate lacks the DNS name " + wanted_);
    return true;
  }

  void Cancel(tls::TlsCustomVerificationCheckRequest*) override {}

 private:
  const std::string wanted_;
  const Accepted accepted_;
};

}  // namespace

absl::Status check_security(const StoreOptions& options, const std::string& listen) {
  if (options.tls) {
    if (options.insecure) return absl::InvalidArgumentError("insecure: is set together with tls");
    if (options.tls->reload_interval < std::chrono::seconds(1)) {
      return absl::InvalidArgumentError("tls: reload_interval is less than 1 s");
    }
    return absl::OkStatus();
  }
  if (!options.insecure) {
    return absl::InvalidArgumentError(
        "tls: is not set; set insecure for plain text between members on loopback");
  }
  if (absl::Status status = check_dialled(options, listen); !status.ok()) return status;
  for (const MemberOptions& member : options.members) {
    if (absl::Status status = check_dialled(options, member.address); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status check_dialled(const StoreOptions& options, const std::string& address) {
  if (options.tls || options.insecure_beyond_loopback || address.empty() || is_loopback(address)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError("insecure: " + address +
                                    " is not on loopback; plain text there needs "
                                    "insecure_beyond_loopback too");
}

std::string certificate_name(const std::string& member, const std::string& cluster) {
  return member + "." + cluster;
}

absl::Status check_files(const TlsOptions& options, const std::string& own_certificate_name) {
  const auto certificate = read_file("certificate_file", options.certificate_file);
  if (!certificate.ok()) return certificate.status();
  const auto key = read_file("key_file", options.key_file);
  if (!key.ok()) return key.status();
  const auto ca = read_file("ca_file", options.ca_file);
  if (!ca.ok()) return ca.status();

  const Certificate parsed = certificate_of(*certificate);
  if (!parsed) {
    return unusable("certificate_file", options.certificate_file, "holds no PEM certificate");
  }
  const Key parsed_key = key_of(*key);
  if (!parsed_key) {
    return unusable("key_file", options.key_file, "holds no PEM key without a pass phrase");
  }
  if (X509_check_private_key(parsed.get(), parsed_key.get()) != 1) {
    return unusable("key_file", options.key_file,
                    "is not the key of certificate_file " + options.certificate_file);
  }
  if (!own_certificate_name.empty() && !carries(parsed.get(), own_certificate_name)) {
    return unusable("certificate_file", options.certificate_file,
                    "lacks the DNS name " + own_certificate_name);
  }
  if (!certificate_of(*ca)) return unusable("ca_file", options.ca_file, "holds no PEM certificate");
  return absl::OkStatus();
}

bool has_certificate(const grpc::AuthContext& peer, const std::string& name) {
  const auto names = peer.FindPropertyValues("x509_subject_alternative_name");
  return std::any_of(names.begin(), names.end(),
                     [&](const grpc::string_ref& found) { return found == name; });
}

Credentials::Credentials(const StoreOptions& options) {
  if (!options.tls) return;
  files_ = std::make_shared<tls::FileWatcherCertificateProvider>(
      options.tls->key_file, options.tls->certificate_file, options.tls->ca_file,
      static_cast<unsigned>(options.tls->reload_interval.count()));
}

std::shared_ptr<grpc::ServerCredentials> Credentials::server() const {
  if (!files_) return grpc::InsecureServerCredentials();
  tls::TlsServerCredentialsOptions options(files_);
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  return tls::TlsServerCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> Credentials::client(const std::string& name) const {
  return client(tls::ExternalCertificateVerifier::Create<NameVerifier>(
      name, [name](std::string_view dns_name) { return dns_name == name; }));
}

std::shared_ptr<grpc::ChannelCredentials> Credentials::client_of_any(
    const std::string& cluster) const {
  const std::string ending = certificate_name("", cluster);
  return client(tls::ExternalCertificateVerifier::Create<NameVerifier>(
      certificate_name("<member>", cluster),
      [ending](std::string_view dns_name) { return dns_name.ends_with(ending); }));
}

std::shared_ptr<grpc::ChannelCredentials> Credentials::client(
    std::shared_ptr<tls::CertificateVerifier> verifier) const {
  if (!files_) return grpc::InsecureChannelCredentials();
  tls::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(files_);
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_check_call_host(false);
  options.set_certificate_verifier(std::move(verifier));
  return tls::TlsCredentials(options);
}

}  // namespace sojourn::transport
