// SPDX-License-Identifier: Apache-2.0
// Any bytes to the server's own connection: cut pattern (one byte), then what the peer sends.
// However they are cut, the same requests are read, whole, clean and once, and each is answered.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "libs/common/ascii.h"
#include "libs/http/request_head.h"
#include "tests/fuzz/harness/target.h"
#include "tests/fuzz/support/http_peer.h"

namespace belfry::fuzz {
namespace {

using http::Method;
using http::Request;

http::ServerLimits Limits() {
  constexpr std::chrono::hours kNever{24};
  http::ServerLimits limits;
  // Small, so that inputs reach them.
  limits.header_bytes_max = 512;
  limits.body_bytes_max = 256;
  limits.header_timeout = limits.body_timeout = limits.write_timeout = limits.idle_timeout = kNever;
  return limits;
}

bool Same(const Request& a, const Request& b) {
  return a.method == b.method && a.method_name == b.method_name &&
         a.minor_version == b.minor_version && a.target == b.target && a.path == b.path &&
         a.query == b.query && a.headers == b.headers && a.body == b.body &&
         a.remote_address == b.remote_address;
}

std::size_t Count(const Request& request, std::string_view name) {
  return static_cast<std::size_t>(
      std::count_if(request.headers.begin(), request.headers.end(),
                    [name](const auto& header) { return EqualsWithoutCase(header.first, name); }));
}

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7F;
  });
}

// `request` as a client would have to write it to be understood so, but for its body.
std::string Rewritten(const Request& request) {
  std::string bytes = request.method_name + " " + request.target + " HTTP/1." +
                      std::to_string(request.minor_version) + "\r\n";
  for (const auto& [name, value] : request.headers) {
    bytes += name + ": " + value + "\r\n";
  }
  return bytes + "\r\n";
}

void CheckHygiene(const Request& request) {
  const std::string bytes = Rewritten(request);
  const std::size_t hosts = Count(request, "Host");
  BELFRY_PROMISE(hosts == 1 || (hosts == 0 && request.minor_version == 0), bytes);
  BELFRY_PROMISE(Count(request, "Transfer-Encoding") == 0, bytes);
  BELFRY_PROMISE(Count(request, "Content-Length") <= 1, bytes);
  // Without a length it came in chunks, which HTTP/1.0 does not know.
  const auto length = request.Header("Content-Length");
  const std::size_t sent =
      length ? std::strtoull(std::string(*length).c_str(), nullptr, 10) : request.body.size();
  constexpr std::size_t kByteOrderMark = 3;
  BELFRY_PROMISE(request.body.size() == sent || request.body.size() + kByteOrderMark == sent,
                 bytes);
  BELFRY_PROMISE(length || request.body.empty() || request.minor_version == 1, bytes);
  const std::string coding(request.Header("Content-Encoding").value_or("identity"));
  BELFRY_PROMISE(request.body.empty() || coding.empty() || EqualsWithoutCase(coding, "identity"),
                 bytes);
  BELFRY_PROMISE(request.body.size() <= Limits().body_bytes_max, bytes);
  BELFRY_PROMISE(request.target.starts_with('/') && request.path.starts_with('/'), bytes);
  BELFRY_PROMISE(!HasControl(request.target) && request.target.find(' ') == std::string::npos,
                 bytes);
  BELFRY_PROMISE(request.path.find('\0') == std::string::npos, bytes);
  std::size_t head_bytes = 0;
  for (const auto& [name, value] : request.headers) {
    BELFRY_PROMISE(
        !name.empty() && !HasControl(name) && name.find_first_of(" :\t") == std::string::npos,
        bytes);
    BELFRY_PROMISE(!HasControl(value), bytes);
    head_bytes += name.size() + value.size() + 3;
  }
  BELFRY_PROMISE(head_bytes <= Limits().header_bytes_max, bytes);
}

// What was read is read the same by another reader.
void CheckReadsTheSameAgain(const Request& request) {
  const std::string bytes = Rewritten(request);
  const auto parsed = http::ParseRequestHead(bytes);
  const auto* head = std::get_if<http::RequestHead>(&parsed);
  BELFRY_PROMISE(head != nullptr, bytes);
  Request again = head->request;
  again.body = request.body;
  again.remote_address = request.remote_address;
  BELFRY_PROMISE(Same(again, request), bytes);
  BELFRY_PROMISE(!head->chunked, bytes);
  BELFRY_PROMISE(head->content_length == 0 || head->content_length >= request.body.size(), bytes);
}

struct Answer {
  int status = 0;
  std::string body;
};

// The final answers in order. `asked`: what they answer, as far as it got to a handler.
std::vector<Answer> ReadAnswers(std::string_view bytes, const std::vector<Request>& asked) {
  std::vector<Answer> answers;
  while (!bytes.empty()) {
    const std::size_t head = bytes.find("\r\n\r\n");
    BELFRY_PROMISE(bytes.starts_with("HTTP/1.1 ") && head != std::string_view::npos, bytes);
    Answer answer;
    answer.status = std::atoi(std::string(bytes.substr(9, 3)).c_str());
    constexpr std::string_view kLength = "\r\nContent-Length: ";
    const std::size_t length_at = bytes.find(kLength);
    std::size_t length = 0;
    if (length_at < head) {
      length = std::strtoull(std::string(bytes.substr(length_at + kLength.size(), 9)).c_str(),
                             nullptr, 10);
    }
    const bool to_head =
        answers.size() < asked.size() && asked[answers.size()].method == Method::kHead;
    if (to_head) {
      length = 0;
    }
    bytes.remove_prefix(head + 4);
    BELFRY_PROMISE(length <= bytes.size(), bytes);
    answer.body = bytes.substr(0, length);
    bytes.remove_prefix(length);
    if (answer.status == 100) {
      continue;
    }
    answers.push_back(std::move(answer));
  }
  return answers;
}

// One status for each request that a handler got (unless it took the socket), then at most one
// refusal, and nothing after it.
int CheckAnswers(const HttpPeer& peer) {
  const auto answers = ReadAnswers(peer.answers(), peer.requests());
  const std::size_t handled = peer.requests().size() - (peer.taken() ? 1 : 0);
  BELFRY_PROMISE(answers.size() == handled || (answers.size() == handled + 1 && !peer.taken()),
                 peer.answers());
  for (std::size_t i = 0; i < handled; ++i) {
    const int expected = peer.requests()[i].path == "/drop" ? 500 : 200;
    BELFRY_PROMISE(answers[i].status == expected, peer.answers());
  }
  if (answers.size() == handled) {
    return 0;
  }
  const Answer& refusal = answers.back();
  constexpr std::array<int, 7> kRefusals = {400, 413, 415, 417, 431, 501, 505};
  BELFRY_PROMISE(std::find(kRefusals.begin(), kRefusals.end(), refusal.status) != kRefusals.end(),
                 peer.answers());
  BELFRY_PROMISE(
      refusal.body.find("\"status\":" + std::to_string(refusal.status)) != std::string::npos &&
          refusal.body.find("\"reason\":\"") != std::string::npos,
      refusal.body);
  return refusal.status;
}

void Play(HttpPeer& peer, std::string_view bytes, std::uint8_t pattern, bool cut) {
  if (cut) {
    for (Pieces pieces(bytes, pattern); !pieces.empty();) {
      if (!peer.Send(pieces.Next())) {
        break;
      }
    }
  } else {
    (void)peer.Send(bytes);
  }
  peer.End();
  BELFRY_PROMISE(peer.open() == 0, bytes);
}

// The server ends while bytes are still coming: nobody is called back, nothing is left.
void ShutHalfWay(std::string_view bytes, std::uint8_t pattern) {
  HttpPeer peer(Limits());
  (void)peer.Send(bytes.substr(0, bytes.size() * (pattern & 15U) / 16));
  const std::size_t heard = peer.requests().size();
  peer.Shut();
  (void)peer.Send(bytes.substr(0, 16));
  BELFRY_PROMISE(peer.requests().size() == heard && peer.open() == 0, bytes);
}

}  // namespace

void Try(std::string_view input) {
  Input parts(input);
  const std::uint8_t pattern = parts.Byte();
  const std::string_view bytes = parts.Rest();

  HttpPeer whole(Limits());
  Play(whole, bytes, pattern, false);
  HttpPeer cut(Limits());
  Play(cut, bytes, pattern, true);

  const int whole_refusal = CheckAnswers(whole);
  const int cut_refusal = CheckAnswers(cut);
  BELFRY_PROMISE(whole.requests().size() == cut.requests().size(), bytes);
  for (std::size_t i = 0; i < whole.requests().size(); ++i) {
    BELFRY_PROMISE(Same(whole.requests()[i], cut.requests()[i]), bytes);
    CheckHygiene(whole.requests()[i]);
    CheckReadsTheSameAgain(whole.requests()[i]);
  }
  // A head that is both too large and malformed may be called either.
  const auto plain = [](int status) { return status == 431 ? 400 : status; };
  BELFRY_PROMISE(plain(whole_refusal) == plain(cut_refusal), bytes, whole.answers(), cut.answers());
  if ((pattern & 0x80U) != 0) {
    ShutHalfWay(bytes, pattern);
  }
}

}  // namespace belfry::fuzz
