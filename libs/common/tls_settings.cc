// SPDX-License-Identifier: Apache-2.0
#include "libs/common/tls_settings.h"

#include <optional>
#include <utility>

namespace belfry {

void DeclareTls(Settings& settings, TlsSettings& tls, const std::string& allowed) {
  settings.AddString({.name = "tls_ca", .help = "PEM of the CA that peers are signed by"}, &tls.ca);
  settings.AddString({.name = "tls_cert", .help = "PEM of this service's certificate"}, &tls.cert);
  settings.AddString({.name = "tls_key", .help = "path of the certificate's private key"},
                     &tls.key);
  settings.AddBool({.name = "insecure", .help = "allow " + allowed + " beyond loopback"},
                   &tls.insecure);
  settings.AddRule([&tls]() -> std::optional<ConfigMistake> {
    const bool some = !tls.ca.empty() || !tls.cert.empty() || !tls.key.empty();
    const bool all = !tls.ca.empty() && !tls.cert.empty() && !tls.key.empty();
    if (some == all) {
      return std::nullopt;
    }
    return ConfigMistake{"tls_ca", tls.ca, "all of tls_ca, tls_cert and tls_key, or none"};
  });
}

void RequireProtection(Settings& settings, const TlsSettings& tls, std::string name,
                       const std::string& address) {
  settings.AddRule([&tls, &address, name = std::move(name)]() -> std::optional<ConfigMistake> {
    if (IsLoopback(address) || !tls.ca.empty() || tls.insecure) {
      return std::nullopt;
    }
    return ConfigMistake{name, address,
                         "a loopback address, or tls_ca, tls_cert and tls_key, or insecure"};
  });
}

}  // namespace belfry
