// SPDX-License-Identifier: Apache-2.0
// docs/openapi.yaml against the running servers: neither has a route that the other lacks, every
// example is accepted, and every status that the document names is provoked and looks as it says.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http2';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';

import { Validator } from '@seriousme/openapi-schema-validator';

import { Stack, until } from '../support/node/stack.mjs';
import { document, examples, faults, nameOf, operations, resolve, text } from './document.mjs';
import { routes, words } from './routes.mjs';
import { listen } from './stream.mjs';

const USER = 'user_123'; // as the examples have it
const EXAMPLE = {
  id: '1794892234567890', broadcastId: '1794892234567891', key: 'order-4711-shipped', segment: 'beta-testers',
};
const SCOPES = ['notify', 'broadcast', 'inbox', 'audience'];
// What HTTP and browsers' rules are about, and not the API.
const HEADERS_OF_HTTP = /^(date|connection|transfer-encoding|keep-alive|content-(length|type)|vary|access-control-.*)$/;

let stack;
let operationId; // of an operation that notifies a segment
let silent; // takes gRPC's calls and does not answer them
const servers = { normal: {}, tight: {}, lost: {}, slow: {} };
const seen = new Set(); // "notify 201"

async function startServers() {
  stack = await Stack.start({
    edges: 0,
    storeArgs: ['--store-critical-kinds', 'security.'],
    keys: {
      all: SCOPES, ...Object.fromEntries(SCOPES.map((scope) => [scope, [scope]])),
    },
  });
  silent = createServer();
  silent.on('session', (session) => session.on('error', () => {}));
  await new Promise((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const slow = ['--store-grpc', `127.0.0.1:${silent.address().port}`, '--ingest-deadline-default', '500ms'];
  const lost = ['--store-grpc', '127.0.0.1:1'];
  const livez = { probe: 'livez' };
  servers.normal.ingest = stack.ingest;
  [servers.normal.edge, servers.tight.ingest, servers.tight.edge, servers.lost.ingest, servers.lost.edge,
    servers.slow.ingest] = await Promise.all([
    stack.add('edge', ['--edge-api-per-second', '10000', '--edge-api-burst', '10000']),
    stack.add('ingest', ['--ingest-rate-per-key', '1', '--ingest-burst-per-key', '1']),
    stack.add('edge', ['--edge-api-per-second', '1', '--edge-api-burst', '1']),
    stack.add('ingest', [...lost, '--ingest-deadline-default', '1s'], livez),
    stack.add('edge', lost, livez),
    stack.add('ingest', slow, livez),
  ]);
}

before(async () => {
  await startServers();
  await startAudience();
});
after(async () => {
  silent?.close();
  await stack?.stop();
});

const apiKey = (id) => ({ authorization: `Bearer ${stack.keys[id]}` });
// One that an example of a revocation, which comes meanwhile, does not make void: it says to be of a moment later.
const token = (claims) => stack.token(USER, { iat: Math.floor(Date.now() / 1000) + 4, ...claims });
const freshKey = () => randomBytes(12).toString('hex');

// The credentials of each of the operation's security schemes.
function credentials({ server, operation }) {
  if (server === 'ingest') return [{ headers: apiKey('all') }];
  return operation.security.map((scheme) => ({
    bearerToken: { headers: { authorization: `Bearer ${token()}` } },
    cookieToken: { headers: { cookie: `belfry_token=${token()}`, 'sec-fetch-site': 'same-origin' } },
    ticket: { query: { ticket: token({ aud: 'belfry-stream', ttl: 60, jti: freshKey() }) } },
  })[Object.keys(scheme)[0]]);
}

async function call(method, path, body, headers = {}) {
  const answer = await fetch(`http://${stack.ingest.http}${path}`, {
    method,
    headers: { ...apiKey('all'), 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
  return answer.json();
}

// A user with an attribute, and an operation.
async function startAudience() {
  await call('PUT', `/v1/users/${USER}`, { attributes: { plan: 'pro' } });
  ({ operationId } = await call('POST', '/v1/notify', { segment: 'plan:pro', title: 'for an example' }));
}

// A segment that USER belongs to, but for a request that creates it.
async function segmentFor(one) {
  const segment = `testers-${freshKey()}`;
  if (one.operation.operationId !== 'createSegment') {
    await call('PUT', `/v1/segments/${segment}`, {});
    await call('POST', `/v1/segments/${segment}/add`, { userIds: [USER] });
  }
  return segment;
}

// What `one` with the example `value` refers to: a notification of USER or the operation, a broadcast,
// a segment, and a key, which for a retraction has published the notification.
async function referred(one, value) {
  const real = { key: freshKey() };
  const publish = async (fields, headers) => (
    await call('POST', '/v1/notify', { title: 'for an example', ...fields }, headers)).id;
  const body = JSON.stringify(value ?? '');
  const retracted = one.path === '/v1/retract';
  if (one.path.startsWith('/v1/operations/')) {
    real.id = operationId;
  } else if (retracted || one.path.includes('{id}') || body.includes(EXAMPLE.id)) {
    real.id = await publish({ userId: USER }, retracted ? { 'idempotency-key': real.key } : {});
  }
  if (body.includes(EXAMPLE.broadcastId)) real.broadcastId = await publish({ broadcast: true });
  if (one.path.includes('{name}') || body.includes(EXAMPLE.segment)) real.segment = await segmentFor(one);
  return real;
}

const filled = (value, real) => JSON.stringify(value).replaceAll(EXAMPLE.id, real.id)
  .replaceAll(EXAMPLE.broadcastId, real.broadcastId).replaceAll(EXAMPLE.key, real.key)
  .replaceAll(EXAMPLE.segment, real.segment);

const examplesOf = ({ operation }) => {
  const content = operation.requestBody?.content['application/json'];
  return content ? Object.entries(content.examples) : [['', undefined]];
};

// A request that is right but for what `changes` makes of it.
async function send(one, changes = {}) {
  const [[, example]] = examplesOf(one);
  const value = 'example' in changes ? changes.example : example?.value;
  const real = await referred(one, value);
  const given = changes.credentials ?? credentials(one)[0];
  const others = { eraseUser: 'user_erased', revokeUser: 'user_revoked', kickUser: 'user_kicked' };
  const user = others[one.operation.operationId] ?? USER;
  const path = one.path.replace('{userId}', changes.userId ?? user).replace('{name}', changes.name ?? real.segment)
    .replace('{id}', changes.id ?? real.id);
  const url = new URL(`http://${(changes.servers ?? servers.normal)[one.server].http}${path}`);
  for (const [name, text] of Object.entries({ ...given.query, ...changes.query })) url.searchParams.set(name, text);
  return fetch(url, {
    method: one.method.toUpperCase(),
    headers: {
      ...(value === undefined ? {} : { 'content-type': 'application/json' }), ...given.headers, ...changes.headers,
    },
    body: changes.body ?? (value === undefined ? undefined : filled(value, real)),
  });
}

function checkHeaders(response, answer, where) {
  const named = Object.entries(response.headers ?? {}).map(([name, header]) => [name.toLowerCase(), resolve(header)]);
  for (const [name, header] of named) {
    const value = answer.headers.get(name);
    if (value === null) assert.ok(!header.required, `${where}: no ${name}`);
    else assert.equal(faults(header.schema, value), '', `${where}: ${name}: ${value}`);
  }
  for (const name of answer.headers.keys()) {
    const known = HEADERS_OF_HTTP.test(name) || named.some(([other]) => other === name);
    assert.ok(known, `${where}: the document does not name the header ${name}`);
  }
}

// That the answer is one of those that the document names for the operation. Returns its body.
async function check(one, answer) {
  const body = await answer.text();
  const where = `${nameOf(one)}: ${answer.status} ${body.slice(0, 400)}`;
  assert.ok(one.operation.responses[answer.status], `${where}: the document does not name this status`);
  seen.add(`${one.operation.operationId} ${answer.status}`);
  const response = resolve(one.operation.responses[answer.status]);
  checkHeaders(response, answer, where);
  if (!response.content) {
    assert.equal(body, '', where);
    return undefined;
  }
  const [[type, { schema }]] = Object.entries(response.content);
  assert.equal(answer.headers.get('content-type'), type, where);
  const value = JSON.parse(body);
  assert.equal(faults(schema, value), '', where);
  if (answer.status >= 400) checkProblem(value, answer.status, where);
  return value;
}

function checkProblem(problem, status, where) {
  assert.equal(problem.status, status, where);
  assert.ok(problem.reason, `${where}: without a reason`);
  if (problem.errors) assert.ok(problem.detail.includes(problem.errors[0].field), where);
  assert.doesNotMatch(problem.detail, /127\.0\.0\.1/, where); // which are the operator's
}

const TOO_LONG = 'k'.repeat(129);

function malformed(one) {
  if (one.operation.operationId === 'stream') return { query: { batch_ms: 'x' } };
  if (one.operation.operationId === 'notifyBatch') return { body: '{}' };
  return one.operation.operationId === 'notify'
    ? { headers: { 'idempotency-key': TOO_LONG } } : { query: { no_such_parameter: '1' } };
}

function forbidden({ server, operation }) {
  if (server === 'edge') return { query: { userId: 'somebody_else' } };
  const enough = operation.security.flatMap((scheme) => scheme.apiKey);
  return { credentials: { headers: apiKey(SCOPES.find((scope) => !enough.includes(scope))) } };
}

// Sends until the answer has the status: how much of a second's rate is left is not known, nor how
// soon gRPC finds that a store is not there.
async function sendUntil(one, status, to) {
  return until(`${nameOf(one)} is a ${status}`, async () => {
    const answer = await send(one, { servers: to });
    return answer.status === status ? answer : (await answer.arrayBuffer(), null);
  });
}

async function sendAgain(one, otherwise) {
  const headers = { 'idempotency-key': freshKey() };
  await (await send(one, { headers })).arrayBuffer();
  return send(one, { headers, example: otherwise });
}

// Just above what the request may have: a server that refuses by the head does not wait for the rest.
function tooLarge({ server, path }) {
  if (server === 'edge') return (16 << 10) + 1;
  return /\/(batch|bulk)$/.test(path) && !path.includes('notifications') ? (4 << 20) + 1 : (1 << 20) + 1;
}

// How each status comes about.
const provoke = {
  400: (one) => send(one, malformed(one)),
  401: (one) => send(one, { credentials: {} }),
  403: (one) => send(one, forbidden(one)),
  404: (one) => {
    if (one.path.includes('{id}')) return send(one, { id: '7' });
    if (one.operation.operationId === 'notify') return send(one, { example: { segment: 'no-such-segment', title: 't' } });
    if (one.path.includes('{name}')) return send(one, { name: 'no-such-segment' });
    return one.operation.operationId === 'getUser'
      ? send(one, { userId: 'user_unknown' }) : send(one, { example: { userId: USER, id: '7' } });
  },
  406: (one) => send(one, { headers: { accept: 'text/html' } }),
  413: (one) => send(one, { body: ' '.repeat(tooLarge(one)) }),
  415: (one) => send(one, { headers: { 'content-type': 'text/plain' } }),
  422: (one) => (one.method === 'put'
    ? send(one, { example: { mutedKinds: ['security.login'] } })
    : sendAgain(one, { userId: USER, title: 'other content' })),
  429: (one) => sendUntil(one, 429, servers.tight),
  503: (one) => sendUntil(one, 503, servers.lost),
  504: (one) => sendUntil(one, 504, servers.slow),
};

test('the document is OpenAPI 3.1', async () => {
  const { valid, errors } = await new Validator().validate(text);
  assert.ok(valid, JSON.stringify(errors, null, 1));
  assert.match(document.openapi, /^3\.1\./);
  const ids = operations().map(({ operation }) => operation.operationId);
  assert.equal(new Set(ids).size, ids.length, 'an operationId is there twice');
  const tags = document.tags.map(({ name }) => name);
  for (const one of operations()) assert.ok(tags.includes(one.operation.tags[0]), nameOf(one));
});

test('every example of the document fits its schema', () => {
  const all = examples();
  assert.ok(all.length > 50);
  for (const [where, schema, value] of all) assert.equal(faults(schema, value), '', where);
  for (const one of operations()) {
    for (const [name, { value }] of examplesOf(one).filter(([, example]) => example)) {
      const { schema } = one.operation.requestBody.content['application/json'];
      assert.equal(faults(schema, value), '', `${nameOf(one)}: ${name}`);
    }
  }
});

for (const [server, paths] of Object.entries({
  ingest: ['services/ingest/rest', 'libs/common/inbox.cc'],
  edge: ['services/edge/api', 'services/edge/http', 'libs/common/inbox.cc'],
})) {
  test(`the routes of ${server} are those of the document`, async () => {
    const documented = {};
    for (const one of operations().filter((other) => other.server === server)) {
      const path = one.path.replace(/\{\w+\}/g, '{}');
      // Where GET is, HEAD is (RFC 9110, section 9.3.2); the document says so once.
      const methods = one.method === 'get' ? ['GET', 'HEAD'] : [one.method.toUpperCase()];
      documented[path] = [...(documented[path] ?? []), ...methods].sort();
    }
    const served = await routes(servers.normal[server].http, words(...paths));
    const sorted = (entries) => Object.fromEntries([...entries].sort());
    assert.deepEqual(sorted(served), sorted(Object.entries(documented).map(([path, methods]) => [path, methods.join(', ')])));
  });
}

test('every request example is accepted, with every kind of credentials', async () => {
  await Promise.all(operations().filter(({ operation }) => operation.operationId !== 'stream').map(async (one) => {
    for (const given of credentials(one)) {
      for (const [name, example] of examplesOf(one)) {
        const answer = await send(one, { credentials: given, example: example?.value });
        assert.ok(answer.ok, `${nameOf(one)}: ${name}: ${answer.status} ${await answer.clone().text()}`);
        await check(one, answer);
      }
    }
  }));
});

test('a request without a required member is refused, and the answer names it', async () => {
  for (const one of operations().filter(({ operation }) => operation.requestBody)) {
    const schema = resolve(one.operation.requestBody.content['application/json'].schema);
    const [[, { value }]] = examplesOf(one);
    for (const member of schema.required ?? schema.allOf?.flatMap((part) => resolve(part).required) ?? []) {
      const { [member]: left, ...example } = value;
      const answer = await send(one, { example });
      const problem = await check(one, answer);
      assert.equal(answer.status, 400, nameOf(one));
      assert.deepEqual(problem.errors.map(({ field }) => field), [member], nameOf(one));
    }
  }
});

test('a list that has not changed is not sent again', async () => {
  for (const one of operations().filter(({ operation }) => operation.responses[304])) {
    const etag = (await send(one)).headers.get('etag');
    const answer = await send(one, { headers: { 'if-none-match': etag } });
    assert.equal(answer.status, 304, nameOf(one));
    await check(one, answer);
  }
});

test('every refusal that the document names', async () => {
  const refused = async (one, status) => {
    assert.ok(provoke[status], `${nameOf(one)}: no known way to provoke ${status}`);
    const answer = await provoke[status](one);
    assert.equal(answer.status, Number(status), `${nameOf(one)}: ${await answer.clone().text()}`);
    await check(one, answer);
  };
  const wrong = [];
  await Promise.all(operations().map(async (one) => {
    for (const status of Object.keys(one.operation.responses).filter((name) => /^[45]/.test(name))) {
      await refused(one, status).catch((error) => wrong.push(error.message));
    }
  }));
  assert.equal(wrong.join('\n'), '');
});

test('a change by the cookie of another site\'s visitor is refused', async () => {
  for (const one of operations().filter(({ server, method }) => server === 'edge' && method !== 'get')) {
    const headers = { cookie: `belfry_token=${token()}`, origin: 'https://evil.example.com' };
    const answer = await send(one, { credentials: { headers } });
    assert.equal((await check(one, answer)).reason, 'CROSS_SITE');
  }
});

test('a publish of a kind that the user has muted stores nothing', async () => {
  const find = (id) => operations().find(({ operation }) => operation.operationId === id);
  const user = 'user_muted';
  const muted = await send(find('setUserPreferences'), { userId: user, example: { mutedKinds: ['digest.'] } });
  await check(find('setUserPreferences'), muted);
  const answer = await send(find('notify'), { example: { userId: user, kind: 'digest.daily', title: 'muted' } });
  assert.equal(answer.status, 200);
  assert.equal((await check(find('notify'), answer)).suppressed, true);
});

test('a segment that is there is not created again', async () => {
  const create = operations().find(({ operation }) => operation.operationId === 'createSegment');
  for (const status of [201, 200]) {
    const answer = await send(create, { name: 'twice' });
    assert.equal(answer.status, status);
    assert.equal((await check(create, answer)).created, status === 201);
  }
});

test('a repeated publish says so', async () => {
  const notify = operations().find(({ operation }) => operation.operationId === 'notify');
  const answer = await sendAgain(notify, examplesOf(notify)[0][1].value);
  assert.equal((await check(notify, answer)).duplicate, true);
  assert.equal(answer.headers.get('idempotent-replayed'), 'true');
});

// Sends `head` as it is: {status, problem}.
function sendBytes(address, head) {
  const [host, port] = address.split(':');
  return new Promise((resolve, reject) => {
    let bytes = '';
    const socket = connect(Number(port), host, () => socket.write(head));
    socket.on('data', (data) => { bytes += data; });
    socket.on('error', reject);
    socket.on('end', () => {
      socket.destroy();
      const end = bytes.indexOf('\r\n\r\n');
      resolve({ status: Number(bytes.slice(9, 12)), problem: JSON.parse(bytes.slice(end + 4)) });
    });
  });
}

test('what breaks HTTP, and what is not there, is a problem too', async () => {
  const head = (line, ...lines) => `${[line, ...lines].join('\r\n')}\r\nConnection: close\r\n\r\n`;
  const host = 'Host: belfry';
  const broken = {
    400: head('GET /v1/notify HTTP/1.1'),
    404: head('GET /v2 HTTP/1.1', host),
    405: head('PATCH /v1/users/1/counts HTTP/1.1', host),
    413: head('POST /v1/notify HTTP/1.1', host, 'Content-Length: 99999999'),
    415: head('POST /v1/notify HTTP/1.1', host, 'Content-Encoding: gzip', 'Content-Length: 1'),
    417: head('GET /v1/notify HTTP/1.1', host, 'Expect: wonders'),
    431: head('GET /v1/notify HTTP/1.1', host, `Long: ${'x'.repeat(20_000)}`),
    501: head('POST /v1/notify HTTP/1.1', host, 'Transfer-Encoding: gzip'),
    505: head('GET /v1/notify HTTP/2.7', host),
  };
  const { schema } = document.components.responses.Problem.content['application/problem+json'];
  for (const [server, { http }] of Object.entries(servers.normal)) {
    for (const [status, bytes] of Object.entries(broken)) {
      const request = server === 'edge' ? bytes.replace('/v1/users/1/counts', '/v1/counts') : bytes;
      const answer = await sendBytes(http, request);
      const where = `${server}: ${JSON.stringify(answer)}`;
      assert.equal(answer.status, Number(status), where);
      assert.equal(faults(schema, answer.problem), '', where);
      checkProblem(answer.problem, answer.status, where);
    }
  }
});

test('every event of the stream', async () => {
  const one = operations().find(({ operation }) => operation.operationId === 'stream');
  const change = (id, changes) => send(operations().find(({ operation }) => operation.operationId === id), changes)
    .then((answer) => assert.ok(answer.ok) ?? answer.arrayBuffer());
  const schemas = one.operation.responses[200].content['text/event-stream']['x-sse-events'];
  const all = new Set();
  const streams = [];
  const open = async (changes) => {
    const answer = await send(one, changes);
    assert.equal(answer.status, 200, await (answer.ok ? '' : answer.text()));
    assert.equal(answer.headers.get('content-type'), 'text/event-stream; charset=utf-8');
    checkHeaders(one.operation.responses[200], answer, 'the stream');
    seen.add('stream 200');
    const stream = listen(answer, ({ event, data }) => {
      assert.ok(schemas[event], `the document does not name the event ${event}`);
      assert.equal(faults(schemas[event], JSON.parse(data)), '', `${event}: ${data}`);
      all.add(event);
    });
    streams.push(stream);
    await stream.next('connected');
    return stream;
  };
  for (const given of credentials(one)) await open({ credentials: given });
  const ahead = await open({ headers: { 'last-event-id': '9007199254740992' } });
  await ahead.next('reset');
  const grouped = await open({ query: { batch_ms: '50' } });
  const operation = freshKey();
  await change('readNotification', { headers: { 'idempotency-key': operation } });
  const state = await streams[0].next('state', (data) => data.operation === operation);
  assert.equal(state.op, 'read');
  for (const id of ['unreadNotification', 'archiveNotification', 'unarchiveNotification', 'deleteNotification',
    'readAll', 'archiveAll', 'markSeen', 'setPreferences', 'retract']) await change(id);
  await streams[0].next('state', (data) => data.op === 'retracted');
  await grouped.next('notifications');
  await open(); // one more than a user may have
  assert.equal((await streams[0].next('bye')).reason, 'evicted');
  assert.deepEqual([...all].sort(), Object.keys(schemas).sort());
  await Promise.all(streams.map((stream) => stream.close()));
});

test('every status that the document names has been provoked', () => {
  const named = operations().flatMap(({ operation }) => Object.keys(operation.responses)
    .filter((status) => status !== 'default').map((status) => `${operation.operationId} ${status}`));
  assert.deepEqual(named.filter((status) => !seen.has(status)), []);
});
