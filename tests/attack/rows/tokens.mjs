// SPDX-License-Identifier: Apache-2.0
// Browsers' tokens: forged, expired, used twice, and good ones that have become bad.
import { generateKeyPairSync, randomBytes } from 'node:crypto';

import { claimsOf, hs256, KeyFile, now } from '../tools/tokens.mjs';
import { Stream } from '../tools/stream.mjs';
import { judged, table } from '../tools/table.mjs';
import { ask, reasonOf } from '../tools/wire.mjs';
import { sleep } from '../victim.mjs';

const authorization = (token) => ({ Authorization: `Bearer ${token}` });
const TICKET = { aud: 'belfry-stream' };
const ticketOf = (victim, user, ttl = 60) => victim.stack.token(user, { ...TICKET, ttl, jti: randomBytes(8).toString('hex') });

function forgeries(victim, keys) {
  const secret = randomBytes(32);
  const good = victim.stack.token('alice');
  const [head, body, signature] = good.split('.');
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const mine = (claims, header) => keys.token('mine', 'alice', claims, header);
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = publicKey.export({ type: 'spki', format: 'pem' });
  const claims = claimsOf('alice');
  return [
    ['no signature', `${head}.${body}.`],
    ['two parts', `${head}.${body}`],
    ['four parts', `${good}.${signature}`],
    ['alg none', `${part({ alg: 'none' })}.${body}.`],
    ['alg None with a signature', `${part({ alg: 'None', kid: 'test' })}.${body}.${signature}`],
    ['alg HS512', `${part({ alg: 'HS512', kid: 'test' })}.${body}.${signature}`],
    ['another secret', hs256(secret, claims, { kid: 'test' })],
    ['an empty secret', hs256('', claims, { kid: 'test' })],
    ['signed with a public key', hs256(pem, claims, { kid: 'test' })],
    ["another user's claims under alice's signature", `${head}.${part(claimsOf('bob'))}.${signature}`],
    ['its own key in the header', hs256(secret, claims, { jwk: { kty: 'oct', k: secret.toString('base64url') } })],
    ['a key from an URL', hs256(secret, claims, { jku: 'http://127.0.0.1:1/keys', x5u: 'http://127.0.0.1:1/' })],
    ['kid is a path', hs256(secret, claims, { kid: '../../../dev/null' })],
    ['kid is a query', hs256(secret, claims, { kid: "' or 1=1 --" })],
    ['kid is a number', hs256(secret, claims, { kid: 7 })],
    ['padding', `${good}=`],
    ['a line feed', `${good.slice(0, 20)}%0a${good.slice(20)}`],
    ['64 KiB', `${good}${'A'.repeat(65_536)}`],
    ['crit', mine({}, { crit: ['exp'] })],
    ['expired', mine({ exp: now() - 60 })],
    ['without exp', mine({ exp: undefined })],
    ['exp as text', mine({ exp: `${now() + 3600}` })],
    ['exp null', mine({ exp: null })],
    ['exp negative', mine({ exp: -1 })],
    ['exp 1e400', keys.token('mine', '', `{"sub":"alice","project":"demo","exp":1e400}`)],
    ['not yet valid', mine({ nbf: now() + 3600 })],
    ['nbf as text', mine({ nbf: 'later' })],
    ['without sub', mine({ sub: undefined })],
    ['an empty sub', mine({ sub: '' })],
    ['sub as a list', mine({ sub: ['alice'] })],
    ['sub as a number', mine({ sub: 7 })],
    ['sub with a line feed', mine({ sub: 'alice\n\nevent: x' })],
    ['sub of 1 KiB', mine({ sub: 'x'.repeat(1024) })],
    ['without project', mine({ project: undefined })],
    ['project with a slash', mine({ project: '../demo' })],
    ['an empty project', mine({ project: '' })],
    ["another service's audience", mine({ aud: 'billing' })],
    ['claims given twice', keys.token('mine', '', `{"sub":"bob","project":"demo","exp":${now() + 60},"sub":"alice"}`)],
    ['claims that are a list', keys.token('mine', '', '["alice"]')],
    ['claims nested deep', keys.token('mine', '', `{"sub":"alice","project":"demo","exp":${now() + 60},"x":${'['.repeat(2000)}${']'.repeat(2000)}}`)],
  ].map(([what, token]) => ({ what, token }));
}

async function forged(victim) {
  const keys = new KeyFile(victim.stack.path('forged-keys.json'), ['mine']);
  return victim.with('edge', ['--jwt-keys-file', keys.path], async (edge) => {
    const control = await ask(edge.http, 'GET', '/v1/counts', authorization(keys.token('mine', 'alice')));
    if (control.status !== 200) return judged(false, `a good token was answered ${control.status}`);
    const cases = forgeries(victim, keys).flatMap(({ what, token }) => [
      { what: `${what}, list`, token, address: edge.http, path: '/v1/notifications' },
      { what: `${what}, stream`, token, address: edge.http, path: '/v1/stream' },
      { what: `${what}, at the edge with the real keys`, token, address: victim.edge, path: '/v1/counts' },
    ]);
    return table(cases, async ({ token, address, path }) => {
      const seen = await ask(address, 'GET', path, authorization(token), '', { ms: 3000 });
      return [400, 401, 403, 431].includes(seen.status) ? '' : `answered ${seen.status}`;
    });
  });
}

// A page that reconnects at once, as a native EventSource does that was given a short retry.
async function reconnectStorm(victim) {
  const token = victim.stack.token('expiring', { ttl: 2 });
  let opened = 0;
  let last = 0;
  const deadline = Date.now() + 15_000;
  while (Date.now() < deadline) {
    const stream = await Stream.open(victim.edge, authorization(token));
    last = stream.status;
    if (last === 200) opened++;
    if (last === 401) break;
    await stream.end(15_000);
    stream.close();
  }
  return judged(opened <= 3 && last === 401, `${opened} streams were opened until the token was refused (${last})`);
}

async function removedKey(victim) {
  const keys = new KeyFile(victim.stack.path('removed-keys.json'), ['kept', 'removed']);
  return victim.with('edge', ['--jwt-keys-file', keys.path], async (edge) => {
    const good = await Stream.open(edge.http, authorization(keys.token('kept', 'alice')));
    const token = keys.token('removed', 'alice');
    const bad = await Stream.open(edge.http, authorization(token));
    keys.remove('removed');
    process.kill(edge.pid, 'SIGHUP');
    const ended = await bad.end(5000);
    const bye = bad.blocks.find(({ event }) => event === 'bye')?.data ?? 'no bye';
    const again = await ask(edge.http, 'GET', '/v1/counts', authorization(token));
    const kept = !good.closed;
    for (const stream of [good, bad]) stream.close();
    const seen = [ended ? `its stream ended (${bye})` : 'its stream was still open after 5 s', `a request was answered ${again.status}`,
      kept ? 'the other key went on' : "the other key's stream was closed too"];
    return judged(ended && kept && again.status === 401 && bye.includes('revoked'), seen.join(', '));
  });
}

// Every edge, also one that hears nothing from NATS.
async function revokedUser(victim) {
  const deaf = ['--nats-url', 'nats://127.0.0.1:1'];
  return victim.with('edge', deaf, async (third) => {
    const user = `revoked-${randomBytes(4).toString('hex')}`;
    const token = victim.stack.token(user, { iat: now() - 60 });
    const edges = [...victim.stack.edges.map(({ http }) => http), third.http];
    const streams = await Promise.all(edges.map((edge) => Stream.open(edge, authorization(token))));
    const answer = await victim.post(`/v1/users/${user}/revoke`, {});
    const ended = await Promise.all(streams.map((stream) => stream.end(5000)));
    const again = await Promise.all(edges.map((edge) => ask(edge, 'GET', '/v1/counts', authorization(token))));
    for (const stream of streams) stream.close();
    const count = ended.filter(Boolean).length;
    const refused = again.filter(({ status }) => status === 401).length;
    return judged(answer.status < 300 && count === edges.length && refused === edges.length,
      `the revocation was answered ${answer.status} ${reasonOf(answer)}; ${count} of ${edges.length} streams ended, ` +
      `${refused} of ${edges.length} edges refuse the token`);
  });
}

async function ticketTwice(victim) {
  const ticket = ticketOf(victim, 'alice');
  const target = `/v1/stream?ticket=${ticket}`;
  const streams = await Promise.all(Array.from({ length: 10 }, () => Stream.open(victim.edge, {}, { target })));
  const opened = streams.filter(({ status }) => status === 200).length;
  for (const stream of streams) stream.close();
  const later = await ask(victim.edge, 'GET', target, {}, '', { ms: 1000 });
  return judged(opened === 1 && later.status === 401, `${opened} of 10 at once were admitted, a later one ${later.status}`);
}

async function ticketMisused(victim) {
  const header = (token) => authorization(token);
  const cases = [
    { what: 'a ticket for the list', path: `/v1/notifications?ticket=${ticketOf(victim, 'alice')}` },
    { what: 'a ticket for a change', method: 'POST', path: `/v1/notifications/1/read?ticket=${ticketOf(victim, 'alice')}` },
    { what: 'a ticket as Bearer for the list', path: '/v1/notifications', fields: header(ticketOf(victim, 'alice')) },
    { what: 'a ticket of an hour', path: `/v1/stream?ticket=${ticketOf(victim, 'alice', 3600)}` },
    { what: 'a long-lived token as ticket', path: `/v1/stream?ticket=${victim.stack.token('alice')}` },
    { what: 'a token in ?token=', path: `/v1/stream?token=${victim.stack.token('alice')}` },
    { what: 'a token in ?access_token=', path: `/v1/stream?access_token=${victim.stack.token('alice')}` },
  ];
  return table(cases, async ({ method = 'GET', path, fields = {} }) => {
    const seen = await ask(victim.edge, method, path, fields, '', { ms: 2000 });
    return seen.status === 401 ? '' : `answered ${seen.status}`;
  });
}

// A ticket's stream may not live for ever.
async function ticketStream(victim) {
  return victim.with('edge', ['--edge-ticket-stream-max', '10s'], async (edge) => {
    const target = `/v1/stream?ticket=${ticketOf(victim, 'alice')}`;
    const stream = await Stream.open(edge.http, {}, { target });
    const ended = await stream.end(30_000);
    const bye = stream.blocks.find(({ event }) => event === 'bye')?.data ?? 'no bye';
    stream.close();
    return judged(stream.status === 200 && ended, ended ? `ended with ${bye}` : 'still open after 30 s');
  });
}

// Many streams of one user do not touch another's, and are held to their number.
async function streamHoarding(victim) {
  const other = await Stream.open(victim.edge, victim.bearer('neighbour'));
  const streams = [];
  for (let i = 0; i < 40; i++) streams.push(await Stream.open(victim.edge, victim.bearer('hoarder')));
  await Promise.race([Promise.all(streams.slice(0, 35).map((stream) => stream.end(8000))), sleep(8000)]);
  const open = streams.filter((stream) => !stream.closed).length;
  const untouched = !other.closed;
  for (const stream of [...streams, other]) stream.close();
  return judged(open <= 5 && untouched, `${open} of 40 stayed open; the neighbour's stream ${untouched ? 'stayed' : 'was closed'}`);
}

export const tokens = [
  {
    name: 'token-forged', quick: true,
    tries: '40 forged, broken, expired and malformed tokens, each at three requests',
    expected: '401 for each',
    run: forged,
  },
  {
    name: 'token-expired-storm', quick: true,
    tries: 'a page that reconnects at once when its stream ends, with a token that has expired',
    expected: 'its stream ends when the token is refused: at most 3 streams',
    run: reconnectStorm,
  },
  {
    name: 'token-removed-key', quick: true,
    tries: 'a stream stays open after the key of its token was removed and the keys were reloaded',
    expected: 'bye revoked, then 401; streams of the other keys stay',
    run: removedKey,
  },
  {
    name: 'token-revoked-user', quick: true,
    tries: 'streams and requests with a token from before POST /v1/users/{userId}/revoke, also at an edge without NATS',
    expected: 'every stream ends, every edge answers 401',
    run: revokedUser,
  },
  {
    name: 'ticket-twice', quick: true,
    tries: 'one ticket opens ten streams at once, and one later',
    expected: 'one stream',
    run: ticketTwice,
  },
  {
    name: 'ticket-misused', quick: true,
    tries: 'tickets for lists and changes, long-lived tickets, tokens in the URL',
    expected: '401 for each',
    run: ticketMisused,
  },
  {
    name: 'ticket-stream', quick: false,
    tries: "a ticket's stream that stays open for ever",
    expected: 'ends at edge_ticket_stream_max',
    run: ticketStream,
  },
  {
    name: 'stream-hoarding', quick: true,
    tries: 'one user opens 40 streams',
    expected: 'at most 5 stay, other users keep theirs',
    run: streamHoarding,
  },
];
