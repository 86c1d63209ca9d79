# SPDX-License-Identifier: Apache-2.0
# Varnish in front of the edges: `varnishd -a :8080 -p listen_depth=4096 -f varnish.vcl`. TLS ends before
# it. After an edge's restart its streams come back together: the kernel's own bound, not Varnish's 1024.
vcl 4.1;

import directors;
import std;

backend edge_1 {
  .host = "edge-1";
  .port = "8080";
  .connect_timeout = 2s;
  .first_byte_timeout = 1h;
  .between_bytes_timeout = 1h;  # heartbeats come every 20 s; an hour leaves the deciding to the edge
}

backend edge_2 {
  .host = "edge-2";
  .port = "8080";
  .connect_timeout = 2s;
  .first_byte_timeout = 1h;
  .between_bytes_timeout = 1h;
}

sub vcl_init {
  new edges = directors.round_robin();
  edges.add_backend(edge_1);
  edges.add_backend(edge_2);
}

sub vcl_recv {
  set req.backend_hint = edges.backend();
  # Set, not appended: what a client claims about itself is dropped here.
  set req.http.X-Forwarded-For = client.ip;
  return (pass);
}

sub vcl_backend_fetch {
  set bereq.backend = edges.backend();
}

# An EventSource gives up for good on any status but 200. While no edge answers, it is told so on a
# stream that ends at once, and comes back by itself.
sub vcl_backend_error {
  if (bereq.retries < 1) {
    return (retry);  # at the other edge
  }
  if (bereq.url ~ "^/v1/stream([?]|$)") {
    set beresp.status = 200;
    set beresp.http.Content-Type = "text/event-stream; charset=utf-8";
    set beresp.http.Cache-Control = "no-cache, no-transform";
    set beresp.http.Vary = "Origin";
    # The same origins as in edge_cors_origins.
    if (bereq.http.Origin == "https://app.example.com") {
      set beresp.http.Access-Control-Allow-Origin = bereq.http.Origin;
      set beresp.http.Access-Control-Allow-Credentials = "true";
    }
    synthetic("retry: " + std.integer(real=std.random(2000, 6500)) + """
event: bye
data: {"reason":"overloaded"}

""");
    return (deliver);
  }
}
