// SPDX-License-Identifier: Apache-2.0
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <istream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "tests/support/checker/history_jsonl.h"

namespace belfry::test {
namespace {

namespace json = boost::json;

std::optional<EntryId> ParseId(std::string_view text) {
  EntryId id = 0;
  if (text.empty() || text.size() > 20 || (text.size() > 1 && text[0] == '0')) {
    return std::nullopt;
  }
  for (const char c : text) {
    const auto digit = static_cast<EntryId>(c - '0');
    if (c < '0' || c > '9' || id > (~EntryId{0} - digit) / 10) {
      return std::nullopt;
    }
    id = 10 * id + digit;
  }
  return id;
}

// Takes an object's members one by one and remembers the first thing that is wrong. A member that
// may be left out then keeps the value that `into` has.
class Members {
 public:
  explicit Members(const json::value& value, std::string path = {})
      : object_(value.if_object()), path_(std::move(path)) {
    if (object_ == nullptr) {
      Wrong(path_.empty() ? "not an object" : path_ + " is not an object");
    }
  }

  void Text(const char* name, std::string* into, bool needed = true) {
    Take(name, needed, "a string", [into](const json::value& value) {
      const json::string* text = value.if_string();
      if (text != nullptr) {
        into->assign(text->data(), text->size());
      }
      return text != nullptr;
    });
  }
  void Id(const char* name, EntryId* into, bool needed = true) {
    Take(name, needed, "an id as a string",
         [into](const json::value& value) { return TakeId(value, into); });
  }
  template <typename Number>
  void Integer(const char* name, Number* into, bool needed = true) {
    Take(name, needed, "an integer in range", [into](const json::value& value) {
      const std::int64_t* number = value.if_int64();
      if (number == nullptr || !std::in_range<Number>(*number)) {
        return false;
      }
      *into = static_cast<Number>(*number);
      return true;
    });
  }
  void True(const char* name, bool* into) {
    Take(name, false, "true", [into](const json::value& value) {
      return value.is_bool() && (*into = value.get_bool());
    });
  }
  // One of the names of `last + 1` enumerators from 0.
  template <typename Enum>
  void OneOf(const char* name, Enum last, Enum* into) {
    Take(name, true, "one of the names of its kind", [&](const json::value& value) {
      for (int i = 0; value.is_string() && i <= static_cast<int>(last); ++i) {
        *into = static_cast<Enum>(i);
        if (std::string_view(value.get_string()) == NameOf(*into)) {
          return true;
        }
      }
      return false;
    });
  }
  // Each element by `take`, which gives whether it could.
  template <typename TakeElement>
  void Array(const char* name, bool needed, const char* what, TakeElement take) {
    Take(name, needed, what, [&](const json::value& value) {
      const json::array* array = value.if_array();
      if (array == nullptr) {
        return false;
      }
      for (const json::value& element : *array) {
        if (!take(element)) {
          return false;
        }
      }
      return true;
    });
  }

  static bool TakeId(const json::value& value, EntryId* into) {
    const json::string* text = value.if_string();
    const auto id = text == nullptr ? std::nullopt : ParseId(*text);
    if (id) {
      *into = *id;
    }
    return id.has_value();
  }

  void Wrong(std::string what) {
    if (wrong_.empty()) {
      wrong_ = std::move(what);
    }
  }
  // What is wrong, a member that nobody took included; empty if nothing is.
  std::string Finish() {
    if (object_ == nullptr) {
      return wrong_;
    }
    for (const auto& member : *object_) {
      if (!taken_.contains(member.key())) {
        Wrong("unknown member \"" + path_ + std::string(member.key()) + "\"");
      }
    }
    return wrong_;
  }

 private:
  template <typename TakeValue>
  void Take(const char* name, bool needed, const std::string& what, TakeValue take) {
    taken_.insert(name);
    if (object_ == nullptr) {
      return;
    }
    const json::value* value = object_->if_contains(name);
    const std::string full = "\"" + path_ + name + "\"";
    if (value == nullptr) {
      if (needed) {
        Wrong(full + " is missing");
      }
    } else if (!take(*value)) {
      Wrong(full + " must be " + what);
    }
  }

  const json::object* object_;
  const std::string path_;
  std::set<std::string_view> taken_;
  std::string wrong_;
};

class Reader {
 public:
  // What is wrong with the line; empty if nothing is.
  std::string Take(const std::string& text) {
    json::error_code error;
    const json::value value = json::parse(text, error);
    if (error) {
      return "not JSON: " + error.message();
    }
    Members line(value);
    std::string type;
    line.Text("type", &type);
    if (!has_header_) {
      TakeHeader(type, line);
    } else if (type == "publish") {
      TakePublish(line);
    } else if (type == "event" || type == "left" || type == "client") {
      TakeClientLine(type, line);
    } else if (type == "log") {
      TakeLog(line);
    } else if (type == "stored" || type == "retired") {
      TakeStored(line, type == "retired");
    } else if (type == "joined") {
      Joined& joined = history_.joined.emplace_back();
      line.Text("project", &joined.project);
      line.Text("user", &joined.user_id);
      line.Id("id", &joined.id);
    } else if (type == "trouble") {
      Trouble& trouble = history_.troubles.emplace_back();
      line.Text("what", &trouble.what);
      line.Integer("from_us", &trouble.from_us);
      line.Integer("to_us", &trouble.to_us);
    } else {
      line.Wrong("unknown type " + Quoted(type));
    }
    return line.Finish();
  }

  bool has_header() const { return has_header_; }
  History TakeHistory() { return std::move(history_); }

 private:
  void TakeHeader(const std::string& type, Members& line) {
    int version = 0;
    line.Integer("version", &version);
    if (type != "history") {
      line.Wrong("the first line must be of type \"history\"");
    }
    if (version != kHistoryVersion) {
      line.Wrong("version " + std::to_string(version) + " is unknown");
    }
    has_header_ = true;
  }

  void TakePublish(Members& line) {
    Publish& publish = history_.publishes.emplace_back();
    line.Text("tag", &publish.tag);
    line.Text("project", &publish.project);
    line.Text("user", &publish.user_id, false);
    line.OneOf("outcome", Publish::Outcome::kRejected, &publish.outcome);
    line.Array("ids", true, "a list of ids as strings", [&publish](const json::value& value) {
      return Members::TakeId(value, &publish.ids.emplace_back());
    });
    line.Integer("asked_us", &publish.asked_us);
    line.Integer("answered_us", &publish.answered_us);
    line.Integer("expires_us", &publish.expires_us, false);
    if (!tags_.insert(publish.tag).second) {
      line.Wrong("two publishes with one tag");
    }
    const bool acknowledged = publish.outcome == Publish::Outcome::kAcknowledged;
    if (acknowledged == publish.ids.empty()) {
      line.Wrong("\"ids\" do not fit \"outcome\"");
    }
  }

  void TakeClientLine(const std::string& type, Members& line) {
    std::string name, project, user;
    line.Text("client", &name);
    line.Text("project", &project);
    line.Text("user", &user);
    const auto [at, fresh] = clients_.try_emplace({name, project, user}, history_.clients.size());
    if (fresh) {
      history_.clients.push_back({name, project, user});
    }
    ClientHistory& client = history_.clients[at->second];
    if (type == "left") {
      client.left = true;
    }
    if (type == "event") {
      TakeEvent(line, &client.events.emplace_back());
    }
  }

  static void TakeEvent(Members& line, StreamEvent* event) {
    line.Integer("connection", &event->connection, false);
    line.Integer("at_us", &event->at_us);
    line.OneOf("kind", StreamEvent::Kind::kClosed, &event->kind);
    line.Id("cursor", &event->cursor, false);
    line.Id("oldest", &event->oldest, false);
    line.Integer("unread", &event->unread, false);
    line.Id("up_to", &event->up_to, false);
    line.Text("text", &event->text, false);
    line.True("resumed", &event->resumed);
    std::string wrong;
    line.Array("told", false, "a list", [event, &wrong](const json::value& value) {
      Members members(value, "told.");
      Told& told = event->told.emplace_back();
      members.Id("id", &told.id);
      members.Text("tag", &told.tag);
      members.Text("project", &told.project);
      members.Text("user", &told.user_id, false);
      members.Id("broadcast", &told.broadcast_id, false);
      if (wrong.empty()) {
        wrong = members.Finish();
      }
      return true;
    });
    if (!wrong.empty()) {
      line.Wrong(wrong);
    }
  }

  void TakeLog(Members& line) {
    StoredLog& log = history_.stored.emplace_back();
    line.Integer("partition", &log.partition);
    line.Id("floor", &log.floor);
    line.Array("lost", true, "a list of pairs of ids", [&log](const json::value& value) {
      const json::array* pair = value.if_array();
      auto& [from, to] = log.lost.emplace_back();
      return pair != nullptr && pair->size() == 2 && Members::TakeId((*pair)[0], &from) &&
             Members::TakeId((*pair)[1], &to) && from < to;
    });
    line.Array("floors", false, "a list of pairs of a time and an id",
               [&log](const json::value& value) {
                 const json::array* pair = value.if_array();
                 auto& [at_us, floor] = log.floors.emplace_back();
                 if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_int64()) {
                   return false;
                 }
                 at_us = (*pair)[0].as_int64();
                 return Members::TakeId((*pair)[1], &floor);
               });
    line.Integer("read_us", &log.read_us, false);
    if (!logs_.try_emplace(log.partition, history_.stored.size() - 1).second) {
      line.Wrong("two logs of one partition");
    }
  }

  void TakeStored(Members& line, bool retired) {
    Stored stored;
    line.Integer("partition", &stored.partition);
    line.Id("id", &stored.id);
    line.Id("prev", &stored.prev);
    line.Text("tag", &stored.tag, false);
    line.Text("project", &stored.project, false);
    line.Text("user", &stored.user_id, false);
    line.Id("broadcast", &stored.broadcast_id, false);
    line.Integer("expires_us", &stored.expires_us, false);
    line.Text("notification_kind", &stored.kind, false);
    TakeChange(line, stored.change);
    const auto log = logs_.find(stored.partition);
    if (log == logs_.end()) {
      return line.Wrong("no \"log\" line of that partition came before");
    }
    StoredLog& of = history_.stored[log->second];
    (retired ? of.retired : of.entries).push_back(std::move(stored));
  }

  static void TakeChange(Members& line, StateChange& change) {
    std::string op;
    line.Text("op", &op, false);
    for (auto number = static_cast<int>(StateOp::kRead);
         number <= static_cast<int>(StateOp::kReplaced); ++number) {
      if (op == NameOf(static_cast<StateOp>(number))) {
        change.op = static_cast<StateOp>(number);
      }
    }
    if (!op.empty() && change.op == StateOp::kUnspecified) {
      line.Wrong("\"op\" must be an operation");
    }
    line.Array("ids", false, "a list of ids", [&change](const json::value& value) {
      return Members::TakeId(value, &change.ids.emplace_back());
    });
    line.Id("up_to", &change.up_to, false);
    line.Text("kind", &change.kind, false);
    line.True("only_read", &change.only_read);
    line.Array("muted_kinds", false, "a list of texts", [&change](const json::value& value) {
      const json::string* kind = value.if_string();
      change.muted_kinds.emplace_back(kind == nullptr ? "" : *kind);
      return kind != nullptr;
    });
  }

  History history_;
  bool has_header_ = false;
  std::set<std::string> tags_;
  std::map<std::tuple<std::string, std::string, std::string>, std::size_t> clients_;
  std::map<Partition, std::size_t> logs_;
};

}  // namespace

Result<History> ReadHistory(std::istream& in) {
  Reader reader;
  std::size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (const std::string wrong = reader.Take(line); !wrong.empty()) {
      return Fail(Code::kInvalidArgument, "line " + std::to_string(number) + ": " + wrong);
    }
  }
  if (in.bad()) {
    return Fail(Code::kInvalidArgument, "cannot be read to its end");
  }
  if (!reader.has_header()) {
    return Fail(Code::kInvalidArgument, "line 1: is missing");
  }
  return reader.TakeHistory();
}

}  // namespace belfry::test
