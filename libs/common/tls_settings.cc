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

void DeclareCallerKey(Settings& settings, const TlsSettings& tls, std::string& internal_key_file) {
  settings.AddString({.name = "internal_key_file",
                      .help = "this process's key for the store; read again on SIGHUP"},
                     &internal_key_file);
  settings.AddRule([&tls, &internal_key_file]() -> std::optional<ConfigMistake> {
    if (!internal_key_file.empty() || !tls.ca.empty()) {
      return std::nullopt;
    }
    return ConfigMistake{"internal_key_file", "",
                         "a file with this process's key for the store (belfry internal-keys new "
                         "makes it), or tls_ca, tls_cert and tls_key"};
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

void RequireLoopback(Settings& settings, const TlsSettings& tls, std::string name,
                     const std::string& address) {
  settings.AddRule([&tls, &address, name = std::move(name)]() -> std::optional<ConfigMistake> {
    if (IsLoopback(address) || tls.insecure) {
      return std::nullopt;
    }
    return ConfigMistake{name, address, "a loopback address, or insecure: it serves plain HTTP"};
  });
}

}  // namespace belfry
