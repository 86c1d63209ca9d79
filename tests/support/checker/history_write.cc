// SPDX-License-Identifier: Apache-2.0
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "libs/common/text.h"
#include "tests/support/checker/history_jsonl.h"

namespace belfry::test {
namespace {

// One JSON object, built member by member. Defaults are left out by the Add...If functions.
class Object {
 public:
  explicit Object(std::string_view type = {}) {
    if (!type.empty()) {
      Add("type", type);
    }
  }

  Object& Add(std::string_view name, std::string_view text) {
    Name(name);
    AppendJsonString(text, &text_);
    return *this;
  }
  Object& AddNumber(std::string_view name, std::int64_t number) {
    return AddRaw(name, std::to_string(number));
  }
  Object& AddId(std::string_view name, EntryId id) {
    return AddRaw(name, "\"" + std::to_string(id) + "\"");
  }
  Object& AddRaw(std::string_view name, std::string_view json) {
    Name(name);
    text_ += json;
    return *this;
  }
  Object& AddIf(std::string_view name, std::string_view text) {
    return text.empty() ? *this : Add(name, text);
  }
  Object& AddNumberIf(std::string_view name, std::int64_t number) {
    return number == 0 ? *this : AddNumber(name, number);
  }
  Object& AddIdIf(std::string_view name, EntryId id) { return id == 0 ? *this : AddId(name, id); }

  std::string Take() { return std::move(text_) + "}"; }

 private:
  void Name(std::string_view name) {
    if (text_.size() > 1) {
      text_ += ",";
    }
    text_ += "\"";
    text_ += name;
    text_ += "\":";
  }

  std::string text_ = "{";
};

std::string TextValue(const std::string& text) {
  std::string json;
  AppendJsonString(text, &json);
  return json;
}

template <typename Items, typename Write>
std::string Array(const Items& items, Write write) {
  std::string text = "[";
  for (const auto& item : items) {
    if (text.size() > 1) {
      text += ",";
    }
    text += write(item);
  }
  return text + "]";
}

std::string IdText(EntryId id) { return "\"" + std::to_string(id) + "\""; }

std::string LineFor(const Publish& publish) {
  return Object("publish")
      .Add("tag", publish.tag)
      .Add("project", publish.project)
      .AddIf("user", publish.user_id)
      .Add("outcome", NameOf(publish.outcome))
      .AddRaw("ids", Array(publish.ids, IdText))
      .AddNumber("asked_us", publish.asked_us)
      .AddNumber("answered_us", publish.answered_us)
      .AddNumberIf("expires_us", publish.expires_us)
      .Take();
}

std::string TextOf(const Told& told) {
  return Object()
      .AddId("id", told.id)
      .Add("tag", told.tag)
      .Add("project", told.project)
      .AddIf("user", told.user_id)
      .AddIdIf("broadcast", told.broadcast_id)
      .Take();
}

Object ClientLine(std::string_view type, const ClientHistory& client) {
  Object line(type);
  line.Add("client", client.name).Add("project", client.project).Add("user", client.user_id);
  return line;
}

std::string LineFor(const ClientHistory& client, const StreamEvent& event) {
  Object line = ClientLine("event", client);
  line.AddNumberIf("connection", static_cast<std::int64_t>(event.connection))
      .AddNumber("at_us", event.at_us)
      .Add("kind", NameOf(event.kind))
      .AddIdIf("cursor", event.cursor)
      .AddIdIf("oldest", event.oldest)
      .AddIf("text", event.text);
  if (event.unread >= 0) {
    line.AddNumber("unread", event.unread).AddId("up_to", event.up_to);
  }
  if (event.resumed) {
    line.AddRaw("resumed", "true");
  }
  if (!event.told.empty()) {
    line.AddRaw("told", Array(event.told, TextOf));
  }
  return line.Take();
}

std::string LineFor(const StoredLog& log) {
  const auto interval = [](const std::pair<EntryId, EntryId>& lost) {
    return "[" + IdText(lost.first) + "," + IdText(lost.second) + "]";
  };
  const auto floor = [](const std::pair<std::int64_t, EntryId>& since) {
    return "[" + std::to_string(since.first) + "," + IdText(since.second) + "]";
  };
  Object line("log");
  line.AddNumber("partition", log.partition)
      .AddId("floor", log.floor)
      .AddRaw("lost", Array(log.lost, interval));
  if (!log.floors.empty()) {
    line.AddRaw("floors", Array(log.floors, floor));
  }
  return line.AddNumberIf("read_us", log.read_us).Take();
}

std::string LineFor(const Stored& stored, std::string_view type) {
  const StateChange& change = stored.change;
  Object line(type);
  line.AddNumber("partition", stored.partition)
      .AddId("id", stored.id)
      .AddId("prev", stored.prev)
      .AddIf("tag", stored.tag)
      .AddIf("project", stored.project)
      .AddIf("user", stored.user_id)
      .AddIdIf("broadcast", stored.broadcast_id)
      .AddNumberIf("expires_us", stored.expires_us)
      .AddIf("notification_kind", stored.kind)
      .AddIf("op", NameOf(change.op));
  if (!change.ids.empty()) {
    line.AddRaw("ids", Array(change.ids, IdText));
  }
  line.AddIdIf("up_to", change.up_to).AddIf("kind", change.kind);
  if (change.only_read) {
    line.AddRaw("only_read", "true");
  }
  if (!change.muted_kinds.empty()) {
    line.AddRaw("muted_kinds", Array(change.muted_kinds, TextValue));
  }
  return line.Take();
}

std::string LineFor(const Joined& joined) {
  return Object("joined")
      .Add("project", joined.project)
      .Add("user", joined.user_id)
      .AddId("id", joined.id)
      .Take();
}

std::string LineFor(const Trouble& trouble) {
  return Object("trouble")
      .Add("what", trouble.what)
      .AddNumber("from_us", trouble.from_us)
      .AddNumber("to_us", trouble.to_us)
      .Take();
}

}  // namespace

void WriteHistory(const History& history, std::ostream& out) {
  out << Object("history").AddNumber("version", kHistoryVersion).Take() << '\n';
  for (const Publish& publish : history.publishes) {
    out << LineFor(publish) << '\n';
  }
  for (const ClientHistory& client : history.clients) {
    // A client of which nothing is known but its name.
    if (client.events.empty()) {
      out << ClientLine("client", client).Take() << '\n';
    }
    for (const StreamEvent& event : client.events) {
      out << LineFor(client, event) << '\n';
    }
    if (client.left) {
      out << ClientLine("left", client).Take() << '\n';
    }
  }
  for (const StoredLog& log : history.stored) {
    out << LineFor(log) << '\n';
    for (const Stored& stored : log.entries) {
      out << LineFor(stored, "stored") << '\n';
    }
    for (const Stored& stored : log.retired) {
      out << LineFor(stored, "retired") << '\n';
    }
  }
  for (const Joined& joined : history.joined) {
    out << LineFor(joined) << '\n';
  }
  for (const Trouble& trouble : history.troubles) {
    out << LineFor(trouble) << '\n';
  }
}

}  // namespace belfry::test
