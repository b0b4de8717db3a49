#include "transport/security.h"

#include "support/catch.h"
#include "support/certificates.h"
#include "unit/transport/participant.h"

namespace sojourn::transport {
namespace {

TEST_CASE("TLS files that cannot be used are named", "[transport]") {
  const support::Certificates certificates("test", {"a", "b"});
  const TlsOptions good = *certificates.secure({}, "a").tls;
  const auto says = [&](const TlsOptions& tls, const std::string& text) {
    const absl::Status status = check_files(tls, "a.test");
    INFO(status);
    CHECK(absl::IsFailedPrecondition(status));
    CHECK(std::string(status.message()).find(text) != std::string::npos);
  };
  CHECK(check_files(good, "a.test").ok());

  TlsOptions tls = good;
  tls.certificate_file = certificates.file("missing.pem");
  says(tls, "tls: certificate_file " + tls.certificate_file + " cannot be read");
  tls = good;
  tls.certificate_file = "";
  says(tls, "tls: certificate_file is not set");
  tls = good;
  tls.certificate_file = certificates.file("a.key");
  says(tls, "a.key holds no PEM certificate");
  tls = good;
  tls.certificate_file = certificates.file("b.pem");
  tls.key_file = certificates.file("b.key");
  says(tls, "b.pem lacks the DNS name a.test");
  tls = good;
  tls.key_file = certificates.file("b.key");
  says(tls, "b.key is not the key of certificate_file " + good.certificate_file);
  tls = good;
  tls.key_file = certificates.file("a.pem");
  says(tls, "a.pem holds no PEM key without a pass phrase");
  tls = good;
  tls.ca_file = certificates.file("a.key");
  says(tls, "tls: ca_file " + tls.ca_file + " holds no PEM certificate");
}

TEST_CASE("plain text must be asked for, and twice beyond loopback", "[transport]") {
  StoreOptions options = options_of("a", {7701, 7702});
  const auto refused = [&](const std::string& listen) {
    return absl::IsInvalidArgument(check_security(options, listen));
  };

  CHECK_FALSE(refused("127.0.0.1:7701"));
  CHECK_FALSE(refused("localhost:7701"));
  CHECK_FALSE(refused("[::1]:7701"));
  CHECK(refused("0.0.0.0:7701"));
  CHECK(refused("10.0.0.1:7701"));
  CHECK(refused("127.0.0.1.example.com:7701"));
  options.members[1].address = "auth-1.auth:7701";
  CHECK(refused("127.0.0.1:7701"));

  options.insecure_beyond_loopback = true;
  CHECK_FALSE(refused("0.0.0.0:7701"));
  options.insecure = false;
  CHECK(refused("127.0.0.1:7701"));

  options.tls = TlsOptions{};
  CHECK_FALSE(refused("0.0.0.0:7701"));
  options.insecure = true;
  CHECK(refused("0.0.0.0:7701"));
}

TEST_CASE("plain text that was not allowed is refused by name", "[transport]") {
  StoreOptions options = options_of("a", {7701, 7702});

  CHECK(check_security(options, "0.0.0.0:7701").message() ==
        "insecure: 0.0.0.0:7701 is not on loopback; plain text there needs "
        "insecure_beyond_loopback too");
}

}  // namespace
}  // namespace sojourn::transport
