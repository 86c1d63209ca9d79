// SPDX-License-Identifier: Apache-2.0
// What is between a browser and its edges: each connection goes to the first edge that takes it, and
// is answered with 502 where none does. It can also stop passing on without closing anything, as a
// network does that has forgotten its connections.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

const PAGE = '<h1>Bad Gateway</h1>';
const BAD_GATEWAY = `HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: ${PAGE.length}\r\nConnection: close\r\n\r\n${PAGE}`;

// The first of `edges` ("host:port") that accepts; null: none does.
async function reach(edges) {
  for (const edge of edges) {
    const [host, port] = edge.split(':');
    const socket = connect(Number(port), host);
    try {
      await once(socket, 'connect');
      return socket;
    } catch {
      // The next one, then.
    }
  }
  return null;
}

// `edges` may be changed by the test meanwhile.
export async function startProxy(edges) {
  const sockets = new Set();
  const pairs = new Set();
  const proxy = { edges, refused: 0 };
  const keep = (socket, other) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => {
      other?.destroy();
      sockets.delete(socket);
    });
  };

  const server = createServer({ pauseOnConnect: true }, async (near) => {
    near.on('error', () => {});
    const far = await reach(proxy.edges);
    keep(near, far);
    if (far) {
      keep(far, near);
      near.pipe(far).pipe(near);
      const pair = { near, far };
      pairs.add(pair);
      far.on('close', () => pairs.delete(pair));
    } else {
      near.once('data', () => {
        proxy.refused += 1;
        near.end(BAD_GATEWAY);
      });
    }
    near.resume();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return Object.assign(proxy, {
    origin: `http://127.0.0.1:${server.address().port}`,
    // Those that are open now; later ones work.
    silence: () => sockets.forEach((socket) => socket.unpipe().pause()),
    // Resolves when the next thing that an edge says was passed on by half. Its connection has then
    // no more to come, and is closed once the promise of `then()` is resolved.
    half: (then) => new Promise((resolve, reject) => {
      let taken = false;
      pairs.forEach(({ near, far }) => far.unpipe(near).on('data', (bytes) => {
        if (taken) return;
        taken = true;
        near.write(bytes.subarray(0, bytes.length / 2));
        then().then(() => near.end()).then(resolve, reject);
      }).resume());
    }),
    async stop() {
      sockets.forEach((socket) => socket.destroy());
      server.close();
      await once(server, 'close');
    },
  });
}
