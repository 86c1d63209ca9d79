// SPDX-License-Identifier: Apache-2.0
// The TLS settings of a service's gRPC and NATS connections, the same in every service, and the
// rules that beyond loopback nothing is unprotected by mistake.
#pragma once

#include <string>

#include "libs/common/config.h"

namespace belfry {

// PEM paths, all three or none, and whether links beyond loopback may do without.
struct TlsSettings {
  std::string ca;
  std::string cert;
  std::string key;
  bool insecure = false;
};

// Declares tls_ca, tls_cert, tls_key and insecure, and that the three go together. `allowed` is
// what `insecure` allows: "plain gRPC". `tls` must outlive settings.Load.
void DeclareTls(Settings& settings, TlsSettings& tls, const std::string& allowed);

// Declares internal_key_file, by which a process proves its role to the store. Load takes none only
// where a certificate proves it. Both must outlive settings.Load.
void DeclareCallerKey(Settings& settings, const TlsSettings& tls, std::string& internal_key_file);

// Load takes `address`, the value of the setting `name`, only when it is on loopback, protected by
// `tls`, or insecure on purpose. Both must outlive settings.Load.
void RequireProtection(Settings& settings, const TlsSettings& tls, std::string name,
                       const std::string& address);

// Load takes `address`, the value of the setting `name`, at which plain HTTP is served, only when
// it is on loopback or insecure on purpose. Both must outlive settings.Load.
void RequireLoopback(Settings& settings, const TlsSettings& tls, std::string name,
                     const std::string& address);

}  // namespace belfry
