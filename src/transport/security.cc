#include "transport/security.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

namespace sojourn::transport {
namespace {

namespace tls = grpc::experimental;

bool is_loopback(const std::string& address) {
  const std::string host = address.substr(0, address.rfind(':'));
  return host == "localhost" || host == "[::1]" || host.rfind("127.", 0) == 0;
}

absl::StatusOr<std::string> read_file(const std::string& option, const std::string& path) {
  if (path.empty()) return absl::FailedPreconditionError("tls: " + option + " is not set");
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file || text.str().empty()) {
    return absl::FailedPreconditionError("tls: " + option + " " + path + " cannot be read");
  }
  return text.str();
}

template <typename T, auto Free>
struct Freed {
  void operator()(T* object) const { Free(object); }
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

std::shared_ptr<tls::FileWatcherCertificateProvider> watch(const TlsOptions& options) {
  return std::make_shared<tls::FileWatcherCertificateProvider>(
      options.key_file, options.certificate_file, options.ca_file,
      static_cast<unsigned>(options.reload_interval.count()));
}

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
  if (options.insecure_beyond_loopback) return absl::OkStatus();
  std::string beyond = is_loopback(listen) ? "" : listen;
  for (const MemberOptions& member : options.members) {
    if (!is_loopback(member.address)) beyond = member.address;
  }
  if (beyond.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError("insecure: " + beyond +
                                    " is not on loopback; plain text there needs "
                                    "insecure_beyond_loopback too");
}

std::string certificate_name(const std::string& member, const std::string& cluster) {
  return member + "." + cluster;
}

absl::Status check_files(const TlsOptions& options) {
  const auto certificate = read_file("certificate_file", options.certificate_file);
  if (!certificate.ok()) return certificate.status();
  const auto key = read_file("key_file", options.key_file);
  if (!key.ok()) return key.status();
  const auto ca = read_file("ca_file", options.ca_file);
  if (!ca.ok()) return ca.status();

  const Certificate parsed = certificate_of(*certificate);
  if (!parsed) {
    return absl::FailedPreconditionError("tls: certificate_file " + options.certificate_file +
                                         " holds no PEM certificate");
  }
  const Key parsed_key = key_of(*key);
  if (!parsed_key) {
    return absl::FailedPreconditionError("tls: key_file " + options.key_file +
                                         " holds no PEM key without a pass phrase");
  }
  if (X509_check_private_key(parsed.get(), parsed_key.get()) != 1) {
    return absl::FailedPreconditionError("tls: key_file " + options.key_file +
                                         " is not the key of certificate_file " +
                                         options.certificate_file);
  }
  if (!certificate_of(*ca)) {
    return absl::FailedPreconditionError("tls: ca_file " + options.ca_file +
                                         " holds no PEM certificate");
  }
  return absl::OkStatus();
}

std::shared_ptr<grpc::ServerCredentials> server_credentials(const StoreOptions& options) {
  if (!options.tls) return grpc::InsecureServerCredentials();
  tls::TlsServerCredentialsOptions credentials(watch(*options.tls));
  credentials.watch_root_certs();
  credentials.watch_identity_key_cert_pairs();
  credentials.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  return tls::TlsServerCredentials(credentials);
}

std::shared_ptr<grpc::ChannelCredentials> channel_credentials(const StoreOptions& options) {
  if (!options.tls) return grpc::InsecureChannelCredentials();
  // The default verifier compares the certificate with the channel's target name: see
  // certificate_name().
  tls::TlsChannelCredentialsOptions credentials;
  credentials.set_certificate_provider(watch(*options.tls));
  credentials.watch_root_certs();
  credentials.watch_identity_key_cert_pairs();
  return tls::TlsCredentials(credentials);
}

}  // namespace sojourn::transport
