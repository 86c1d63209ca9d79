// SPDX-License-Identifier: Apache-2.0
// examples/ through a network that loses an answer and a proxy that refuses: one notification is
// stored, and what is wrong is not tried again.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { createServer, request as send } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { Stack } from '../../support/node/stack.mjs';

const folder = join(process.env.BELFRY_SOURCE_DIR, 'examples');
const EXAMPLES = {
  'Node.js': ['node', ['publish.mjs']],
  Python: ['python3', ['publish.py']],
  Go: ['go', ['run', 'publish.go']],
  PHP: ['php', ['publish.php']],
  curl: ['sh', ['publish.sh']],
};
const present = (command) => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;

let stack;
let proxy;
let seen; // the idempotency keys of the requests that came, in their order

// What happens to each request in turn; the last one happens to all others too.
let fates;
const forward = (request, response) => {
  const onward = send({ ...address(stack.ingest.http), method: request.method, path: request.url, headers: request.headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  request.pipe(onward);
};
const loseTheAnswer = (request, response) => {
  const onward = send({ ...address(stack.ingest.http), method: request.method, path: request.url, headers: request.headers }, (answer) => {
    answer.resume();
    answer.once('end', () => response.destroy());
  });
  request.pipe(onward);
};
const refuse = (request, response) => {
  request.resume();
  response.writeHead(503, { 'Retry-After': '1', 'Content-Type': 'application/problem+json' });
  response.end('{"status":503,"detail":"come back later"}');
};

function address(text) {
  const [host, port] = text.split(':');
  return { host, port };
}

before(async () => {
  stack = await Stack.start({ edges: 0, keys: { inbox: ['inbox'] } });
  proxy = createServer((request, response) => {
    seen.push(request.headers['idempotency-key']);
    (fates.length > 1 ? fates.shift() : fates[0])(request, response);
  });
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
});
after(async () => {
  proxy?.close();
  await stack?.stop();
});

function run(command, args) {
  const env = {
    ...process.env, BELFRY_INGEST_HTTP: `127.0.0.1:${proxy.address().port}`, BELFRY_API_KEY: stack.apiKey,
    GO111MODULE: 'off', GOCACHE: stack.path('go-cache'), no_proxy: '127.0.0.1', http_proxy: '',
  };
  return new Promise((resolve) => {
    execFile(command, args, { cwd: folder, env, timeout: 60_000 }, (error, stdout, stderr) => (
      resolve({ code: error ? error.code : 0, stdout, stderr })));
  });
}

async function listOf(user) {
  const answer = await fetch(`http://${stack.ingest.http}/v1/users/${user}/notifications`, {
    headers: { authorization: `Bearer ${stack.keys.inbox}` },
  });
  return (await answer.json()).notifications;
}

for (const [language, [command, args]] of Object.entries(EXAMPLES)) {
  const skip = present(command) ? false : `${command} is not installed`;
  const user = language.toLowerCase().replace('.', '-');

  test(`${language} publishes once, whatever becomes of the answer`, { skip }, async () => {
    seen = [];
    fates = [loseTheAnswer, refuse, forward];
    const { code, stdout, stderr } = await run(command, [...args, user, 'Two parcels']);
    assert.equal(code, 0, stderr);
    const stored = await listOf(user);
    assert.equal(stored.length, 1);
    assert.equal(stdout.trim(), stored[0].id);
    assert.equal(stored[0].title, 'Two parcels');
    assert.equal(seen.length, 3);
    assert.equal(new Set(seen).size, 1, 'the key changed between attempts');
  });

  test(`${language} does not repeat what is wrong`, { skip }, async () => {
    seen = [];
    fates = [forward];
    const { code, stderr } = await run(command, [...args, user, '']);
    assert.equal(code, 1);
    assert.match(stderr, /title/);
    assert.equal(seen.length, 1);
  });
}
