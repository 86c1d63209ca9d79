// SPDX-License-Identifier: Apache-2.0
// What a stream must be behind a proxy: each event at once, resumed, refused as the edge refuses it,
// and while no edge answers, a stream that says so instead of an error for which an EventSource
// gives up.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { Stack, until } from '../../support/node/stack.mjs';
import { installed, path, proxies } from './proxies.mjs';

const name = process.env.BELFRY_PROXY;
const dir = mkdtempSync(join(tmpdir(), 'belfry-proxy-'));
const page = 'https://app.example.com'; // as in the examples
const program = { apache: 'apache2', varnish: 'varnishd' }[name] ?? name;
if (!installed(program)) {
  console.log(`${program} is not installed`);
  process.exit(77); // ctest takes it for skipped
}

let stack;
let proxy;
let listen;
let said = '';

const freeAddress = () => new Promise((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(`127.0.0.1:${port}`));
  });
});

before(async () => {
  stack = await Stack.start({ edges: 2, edgeArgs: ['--edge-cors-origins', page] });
  listen = await freeAddress();
  const spare = await freeAddress();
  const { args, env } = proxies[name]({ dir, listen, spare, edges: stack.edges.map(({ http }) => http) });
  proxy = spawn(program, args, { env: { ...process.env, PATH: path, ...env } });
  proxy.stderr.on('data', (data) => { said += data; });
  proxy.stdout.on('data', (data) => { said += data; });
  await until(`${name} answers`, async () => {
    assert.equal(proxy.exitCode, null, said);
    return fetch(`http://${listen}/widget.js`).then((answer) => answer.ok, () => false);
  });
});

after(async () => {
  if (proxy) {
    const gone = new Promise((resolve) => proxy.once('exit', resolve));
    proxy.kill('SIGTERM');
    await gone;
  }
  await stack?.stop();
  rmSync(dir, { recursive: true, force: true });
});

// Asks for alice's stream; what has come of it is in `text`.
async function open({ cursor, token = stack.token('alice') } = {}) {
  const stop = new AbortController();
  const answer = await fetch(`http://${listen}/v1/stream`, {
    signal: stop.signal,
    headers: { authorization: `Bearer ${token}`, origin: page, ...(cursor && { 'last-event-id': cursor }) },
  });
  const stream = { answer, text: '', ended: false, stop: () => stop.abort() };
  (async () => {
    for await (const piece of answer.body) stream.text += Buffer.from(piece).toString();
  })().catch(() => {}).finally(() => { stream.ended = true; });
  return stream;
}

function mayBeReadByThePage(answer) {
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type'), /^text\/event-stream/);
  assert.equal(answer.headers.get('access-control-allow-origin'), page);
  assert.equal(answer.headers.get('access-control-allow-credentials'), 'true');
}

test(`${name}: a stream is passed on event by event, and resumes`, async () => {
  const stream = await open();
  mayBeReadByThePage(stream.answer);
  await until('connected', () => stream.text.includes('event: connected'), 5_000);
  const first = await stack.notify('alice', 'first');
  await until('the first', () => stream.text.includes(`id: ${first}\n`), 5_000);
  stream.stop();
  const missed = await stack.notify('alice', 'missed');
  const again = await open({ cursor: first });
  await until('what was missed', () => again.text.includes(`id: ${missed}\n`), 5_000);
  assert.ok(!again.text.includes('"title":"first"'));
  again.stop();
});

test(`${name}: thousands of clients may wait to be accepted`, () => {
  const allowed = Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8'));
  // Of a listening socket the second number is the length of its queue.
  const { stdout } = spawnSync('ss', ['-Hltn', `sport = :${listen.split(':')[1]}`], { encoding: 'utf8' });
  const places = stdout.trim().split('\n').map((line) => Number(line.split(/\s+/)[2]));
  for (const count of places) assert.ok(count >= Math.min(4096, allowed), stdout);
});

test(`${name}: what an edge refuses is refused`, async () => {
  const { answer } = await open({ token: 'x.y.z' });
  assert.equal(answer.status, 401);
});

test(`${name}: without an edge a stream says when to come back, and does`, async () => {
  const cut = await open();
  await until('connected', () => cut.text.includes('event: connected'), 5_000);
  await Promise.all([stack.kill('edge-1'), stack.kill('edge-2')]);
  await until('the stream is cut', () => cut.ended);
  const alone = await until('no edge, and no error', async () => {
    const stream = await open();
    await until('its end', () => stream.ended, 5_000);
    return stream;
  });
  mayBeReadByThePage(alone.answer);
  assert.match(alone.answer.headers.get('cache-control'), /no-cache/);
  assert.match(alone.text, /^retry: [2-6]\d{3}\nevent: bye\ndata: {"reason":"overloaded"}\n\n$/);
  const other = await fetch(`http://${listen}/v1/counts`);
  await other.text();
  assert.ok([502, 503, 504].includes(other.status), `${other.status} for what is no stream`);
  await stack.revive('edge-1');
  await until('it is back', async () => {
    const stream = await open();
    await until('an answer', () => stream.ended || stream.text.includes('event: connected'));
    stream.stop();
    return stream.text.includes('event: connected');
  });
});
