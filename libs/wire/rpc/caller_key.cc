// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/rpc/caller_key.h"

#include <algorithm>
#include <vector>

#include "libs/common/file.h"
#include "libs/common/names.h"
#include "libs/wire/crypto/certificate.h"

namespace belfry::wire {
namespace {

constexpr std::size_t kFileBytesMax = 512;

// gRPC takes no other bytes in metadata.
bool IsPrintable(char c) { return c > ' ' && c <= '~'; }

Result<std::string> ReadAuthorization(const std::string& path) {
  auto text = ReadKeysFile(path, "belfry internal-keys new >" + path, kFileBytesMax);
  if (!text.ok()) {
    return Fail(Wrap("load the internal key", std::move(text.error())));
  }
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) {
    text->pop_back();
  }
  const std::size_t dot = text->find('.');
  if (dot == std::string::npos || !IsKeyId(std::string_view(*text).substr(0, dot)) ||
      dot + 1 == text->size() || !std::all_of(text->begin(), text->end(), IsPrintable)) {
    return Fail(Code::kInvalidArgument,
                "load the internal key from " + path +
                    ": not one line \"<id>.<secret>\"; belfry internal-keys new makes one");
  }
  return "Bearer " + *text;
}

}  // namespace

Result<std::shared_ptr<CallerKey>> CallerKey::Load(std::string path) {
  auto authorization = ReadAuthorization(path);
  if (!authorization.ok()) {
    return Fail(std::move(authorization.error()));
  }
  return std::shared_ptr<CallerKey>(new CallerKey(std::move(path), std::move(*authorization)));
}

Status CallerKey::Reload() {
  auto authorization = ReadAuthorization(path_);
  if (!authorization.ok()) {
    return Fail(std::move(authorization.error()));
  }
  const MutexLock lock(mutex_);
  authorization_ = std::move(*authorization);
  return {};
}

std::string CallerKey::Authorization() const {
  const MutexLock lock(mutex_);
  return authorization_;
}

Result<std::shared_ptr<CallerKey>> LoadProof(const std::string& key_file, const TlsFiles& tls,
                                             Role role) {
  if (!key_file.empty()) {
    auto key = CallerKey::Load(key_file);
    return key.ok() ? std::move(key) : Fail(Wrap("internal_key_file", std::move(key.error())));
  }
  if (!tls.enabled()) {
    return Fail(Code::kInvalidArgument, "internal_key_file: neither an internal key nor TLS");
  }
  const auto pem = ReadFile(tls.cert);
  const auto uris =
      pem.ok() ? UrisOfCertificate(*pem) : Result<std::vector<std::string>>(Fail(pem.error()));
  if (!uris.ok()) {
    return Fail(Code::kInvalidArgument, "tls_cert: " + tls.cert + ": " + uris.error().message);
  }
  if (!RolesOfUris(*uris).Has(role)) {
    return Fail(Code::kInvalidArgument,
                "tls_cert: " + tls.cert + " has no URI " + std::string(kRoleUri) +
                    std::string(RoleName(role)) +
                    " in its SAN: take one that has it, or set internal_key_file");
  }
  return std::shared_ptr<CallerKey>();
}

}  // namespace belfry::wire
