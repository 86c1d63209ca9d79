// SPDX-License-Identifier: Apache-2.0
// Requests as proxies, libraries and people at a terminal send them, to the edge and to ingest.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';

import { Stack } from '../../support/node/stack.mjs';

let stack;

before(async () => {
  stack = await Stack.start({ keys: { inbox: ['inbox'] } });
});

after(() => stack?.stop());

// Sends exactly `text` and, if `halfClose`, ends its side; all that comes until the other side ends.
function exchange(address, text, { halfClose = false } = {}) {
  const [host, port] = address.split(':');
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect({ host, port, allowHalfOpen: true }, () => {
      socket.write(text);
      if (halfClose) socket.end();
    });
    socket.setTimeout(10_000, () => reject(new Error(`no end of: ${answer}`)));
    socket.on('data', (data) => { answer += data; });
    socket.on('end', () => { socket.destroy(); resolve(answer); });
    socket.on('error', reject);
  });
}

const status = (answer) => Number(answer.slice(9, 12));
const lines = (...all) => `${all.join('\r\n')}\r\n\r\n`;
const bearer = (token) => `Authorization: Bearer ${token}`;

function publish(body, fields = []) {
  return lines('POST /v1/notify HTTP/1.1', 'Host: belfry', bearer(stack.apiKey), 'Content-Type: application/json',
    'Connection: close', ...fields) + body;
}

test('a body in chunks is published', async () => {
  const body = JSON.stringify({ userId: 'alice', title: 'in chunks' });
  const answer = await fetch(`http://${stack.ingest.http}/v1/notify`, {
    method: 'POST', duplex: 'half', headers: { authorization: `Bearer ${stack.apiKey}`, 'content-type': 'application/json' },
    body: new ReadableStream({
      start(controller) {
        for (const piece of [body.slice(0, 7), body.slice(7)]) controller.enqueue(new TextEncoder().encode(piece));
        controller.close();
      },
    }),
  });
  assert.equal(answer.status, 201, await answer.text());
  const change = await exchange(stack.edges[0].http, lines('POST /v1/notifications/read-all HTTP/1.1', 'Host: belfry',
    bearer(stack.token('alice')), 'Content-Type: application/json', 'Transfer-Encoding: chunked', 'Connection: close')
    + 'b\r\n{"upTo":"1"\r\n1\r\n}\r\n0\r\n\r\n');
  assert.equal(status(change), 200, change);
});

test('both framings at once are refused, and a packed body by its name', async () => {
  const both = await exchange(stack.ingest.http, publish('0\r\n\r\n', ['Content-Length: 5', 'Transfer-Encoding: chunked']));
  assert.equal(status(both), 400);
  const packed = await exchange(stack.ingest.http, publish('xxx', ['Content-Length: 3', 'Content-Encoding: gzip']));
  assert.equal(status(packed), 415);
  assert.match(packed, /gzip/);
  assert.match(packed, /\r\nAccept-Encoding: identity\r\n/);
});

test('a byte order mark before JSON and spaces after Bearer do no harm', async () => {
  const body = `\u{feff}${JSON.stringify({ userId: 'alice', title: 'marked' })}`;
  const head = publish(body, [`Content-Length: ${Buffer.byteLength(body)}`]).replace('Bearer ', 'bearer   ');
  const answer = await exchange(stack.ingest.http, head);
  assert.equal(status(answer), 201, answer);
});

test('a client that has ended its side gets its answer', async () => {
  const body = JSON.stringify({ userId: 'alice', title: 'half closed' });
  const answer = await exchange(stack.ingest.http, publish(body, [`Content-Length: ${body.length}`]), { halfClose: true });
  assert.equal(status(answer), 201, answer);
});

test('HTTP/1.0, URLs as targets and HEAD are understood', async () => {
  const edge = stack.edges[0].http;
  const token = bearer(stack.token('alice'));
  assert.equal(status(await exchange(edge, lines('GET /v1/counts HTTP/1.0', token))), 200);
  assert.equal(status(await exchange(edge, lines('OPTIONS /v1/stream HTTP/1.0'))), 204, 'as HAProxy checks');
  const url = [`GET http://${edge}/v1/counts HTTP/1.1`, token, 'Connection: close'];
  assert.equal(status(await exchange(edge, lines(...url, `Host: ${edge}`))), 200);
  assert.equal(status(await exchange(edge, lines(...url, 'Host: elsewhere'))), 400);
  for (const [address, path, fields] of [
    [edge, '/widget.js', {}], [edge, '/v1/counts', { authorization: `Bearer ${stack.token('alice')}` }],
    [edge, '/v1/stream', { authorization: `Bearer ${stack.token('alice')}` }],
    [stack.ingest.http, '/v1/users/alice/counts', { authorization: `Bearer ${stack.keys.inbox}` }],
  ]) {
    const answer = await fetch(`http://${address}${path}`, { method: 'HEAD', headers: fields });
    assert.equal(answer.status, 200, path);
  }
});

test('an unknown method is named', async () => {
  const answer = await exchange(stack.edges[0].http, lines('BREW /v1/counts HTTP/1.1', 'Host: belfry', 'Connection: close'));
  assert.equal(status(answer), 405);
  assert.match(answer, /not BREW/);
  assert.match(answer, /\r\nAllow: GET, HEAD\r\n/);
});
