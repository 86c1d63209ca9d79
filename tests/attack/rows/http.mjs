// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 that two parsers read differently, or that never ends.
import { latencies, ms, quantile } from '../tools/measure.mjs';
import { judged, table } from '../tools/table.mjs';
import { answersIn, ask, exchange, Wire } from '../tools/wire.mjs';
import { sleep } from '../victim.mjs';

const SMUGGLED = 'GET /v1/smuggled HTTP/1.1\r\nHost: belfry\r\n\r\n';
const QUIET_MS = 1200; // a server that waits for more is given up on after this

const listeners = (victim) => ({
  edge: { address: victim.edge, target: '/v1/notifications/read-all', fields: victim.bearer('alice') },
  ingest: { address: victim.ingest.http, target: '/v1/notify', fields: victim.key('all') },
  "ingest's admin port": { address: victim.ingest.admin, target: '/readyz', fields: {} },
});

// Raw requests. `refused`: the only right answer is an error or the connection's end. Else it may be
// taken, as one request: what looks like a second one in its body must not be answered.
const post = (head, body, more = {}) => ({ head: `POST {target} HTTP/1.1\r\nHost: belfry\r\n{auth}${head}`, body, ...more });
const refused = { refused: true };
const CHUNKED = 'Transfer-Encoding: chunked\r\n';
const INNER = SMUGGLED.length;
const HEX = INNER.toString(16);

const FRAMINGS = [
  ['TE and CL', post(`Content-Length: 5\r\n${CHUNKED}\r\n`, `0\r\n\r\n${SMUGGLED}`, refused)],
  ['CL and TE', post(`${CHUNKED}Content-Length: ${INNER + 5}\r\n\r\n`, `0\r\n\r\n${SMUGGLED}`, refused)],
  ['two lengths', post(`Content-Length: 0\r\nContent-Length: ${INNER}\r\n\r\n`, SMUGGLED, refused)],
  ['a list of lengths', post(`Content-Length: 0, ${INNER}\r\n\r\n`, SMUGGLED, refused)],
  ['a length with a sign', post(`Content-Length: +0\r\n\r\n`, SMUGGLED, refused)],
  ['a negative length', post('Content-Length: -1\r\n\r\n', SMUGGLED, refused)],
  ['a length in hex', post('Content-Length: 0x0\r\n\r\n', SMUGGLED, refused)],
  ['a length of 2^64', post('Content-Length: 18446744073709551616\r\n\r\n', SMUGGLED, refused)],
  ['an empty length', post('Content-Length: \r\n\r\n', SMUGGLED, refused)],
  ['a length in words', post('Content-Length: 0 0\r\n\r\n', SMUGGLED, refused)],
  ['TE xchunked', post('Transfer-Encoding: xchunked\r\n\r\n', `0\r\n\r\n${SMUGGLED}`, refused)],
  ['TE chunked, identity', post('Transfer-Encoding: chunked, identity\r\n\r\n', `0\r\n\r\n${SMUGGLED}`, refused)],
  ['TE identity, chunked', post('Transfer-Encoding: identity, chunked\r\n\r\n', `0\r\n\r\n${SMUGGLED}`, refused)],
  ['TE gzip, chunked', post('Transfer-Encoding: gzip, chunked\r\n\r\n', `0\r\n\r\n${SMUGGLED}`, refused)],
  ['TE in quotes', post('Transfer-Encoding: "chunked"\r\n\r\n', `0\r\n\r\n${SMUGGLED}`, refused)],
  ['TE with a vertical tab', post('Transfer-Encoding: \x0bchunked\r\n\r\n', `0\r\n\r\n${SMUGGLED}`, refused)],
  ['TE with a parameter', post('Transfer-Encoding: chunked;q=1\r\n\r\n', `0\r\n\r\n${SMUGGLED}`, refused)],
  ['TE twice', post(`${CHUNKED}Transfer-Encoding: x\r\n\r\n`, `0\r\n\r\n${SMUGGLED}`, refused)],
  ['TE and a space before the colon', post('Transfer-Encoding : chunked\r\n\r\n', `0\r\n\r\n${SMUGGLED}`, refused)],
  ['TE folded', post('Transfer-Encoding:\r\n chunked\r\n\r\n', `0\r\n\r\n${SMUGGLED}`, refused)],
  ['TE after a fold', post('X: y\r\n Transfer-Encoding: chunked\r\n\r\n', `0\r\n\r\n${SMUGGLED}`, refused)],
  ['TE on HTTP/1.0', { head: `POST {target} HTTP/1.0\r\nHost: belfry\r\n{auth}${CHUNKED}\r\n`, body: `0\r\n\r\n${SMUGGLED}`, ...refused }],
  ['chunk size with a sign', post(`${CHUNKED}\r\n`, `+2\r\n{}\r\n0\r\n\r\n`, refused)],
  ['chunk size 0x', post(`${CHUNKED}\r\n`, `0x2\r\n{}\r\n0\r\n\r\n`, refused)],
  ['chunk size of 2^64', post(`${CHUNKED}\r\n`, `10000000000000002\r\n{}\r\n0\r\n\r\n`, refused)],
  ['chunk size of 17 zeros', post(`${CHUNKED}\r\n`, `${'0'.repeat(100_000)}2\r\n{}\r\n0\r\n\r\n`, refused)],
  ['chunk size ends with LF', post(`${CHUNKED}\r\n`, `2\n{}\r\n0\r\n\r\n`, refused)],
  ['chunk size and a space', post(`${CHUNKED}\r\n`, `2 3\r\n{}\r\n0\r\n\r\n`, refused)],
  ['no chunk size', post(`${CHUNKED}\r\n`, `\r\n{}\r\n0\r\n\r\n`, refused)],
  ['a negative chunk', post(`${CHUNKED}\r\n`, `-2\r\n{}\r\n0\r\n\r\n`, refused)],
  ['chunk data longer than its size', post(`${CHUNKED}\r\n`, `1\r\n{}\r\n0\r\n\r\n`, refused)],
  ['chunk data ends with LF', post(`${CHUNKED}\r\n`, `2\r\n{}\n0\r\n\r\n`, refused)],
  ['an extension with LF', post(`${CHUNKED}\r\n`, `2;a\nb\r\n{}\r\n0\r\n\r\n${SMUGGLED}`, refused)],
  ['an extension with CR', post(`${CHUNKED}\r\n`, `2;a\rb\r\n{}\r\n0\r\n\r\n${SMUGGLED}`, refused)],
  ['an extension of 64 KiB', post(`${CHUNKED}\r\n`, `2;${'a'.repeat(65_536)}\r\n{}\r\n0\r\n\r\n`, refused)],
  ['a trailer with a length', post(`${CHUNKED}\r\n`, `2\r\n{}\r\n0\r\nContent-Length: 5\r\n\r\n${SMUGGLED}`, refused)],
  ['a trailer with a Host', post(`${CHUNKED}\r\n`, `2\r\n{}\r\n0\r\nHost: evil\r\n\r\n`, refused)],
  ['trailers of 64 KiB', post(`${CHUNKED}\r\n`, `2\r\n{}\r\n0\r\nX: ${'a'.repeat(65_536)}\r\n\r\n`, refused)],
  ['a request in a chunk', post(`${CHUNKED}Connection: close\r\n\r\n`, `${HEX}\r\n${SMUGGLED}\r\n0\r\n\r\n`)],
  ['a request in a body', post(`Content-Length: ${INNER}\r\nConnection: close\r\n\r\n`, SMUGGLED)],
  ['a body of GET', { head: `GET {target} HTTP/1.1\r\nHost: belfry\r\n{auth}Content-Length: ${INNER}\r\nConnection: close\r\n\r\n`, body: SMUGGLED }],
  ['no Host', { head: 'GET {target} HTTP/1.1\r\n{auth}\r\n', body: '', ...refused }],
  ['two Hosts', { head: 'GET {target} HTTP/1.1\r\nHost: belfry\r\nHost: evil\r\n{auth}\r\n', body: '', ...refused }],
  ['the same Host twice', { head: 'GET {target} HTTP/1.1\r\nHost: belfry\r\nHost: belfry\r\n{auth}\r\n', body: '', ...refused }],
  ['a Host with a path', { head: 'GET {target} HTTP/1.1\r\nHost: belfry/evil\r\n{auth}\r\n', body: '', ...refused }],
  ['a Host with a user', { head: 'GET {target} HTTP/1.1\r\nHost: a@belfry\r\n{auth}\r\n', body: '', ...refused }],
  ['a Host with a blank', { head: 'GET {target} HTTP/1.1\r\nHost: bel fry\r\n{auth}\r\n', body: '', ...refused }],
  ['lines that end with LF', { head: 'GET {target} HTTP/1.1\nHost: belfry\n\n', body: '', ...refused }],
  ['one line that ends with LF', { head: 'GET {target} HTTP/1.1\r\nX: y\nHost: belfry\r\n{auth}\r\n', body: '', ...refused }],
  ['a CR in a value', { head: 'GET {target} HTTP/1.1\r\nHost: belfry\r\nX: a\rHost: evil\r\n{auth}\r\n', body: '', ...refused }],
  ['a NUL in a value', { head: 'GET {target} HTTP/1.1\r\nHost: belfry\r\nX: a\0b\r\n{auth}\r\n', body: '', ...refused }],
  ['a NUL in a name', { head: 'GET {target} HTTP/1.1\r\nHost: belfry\r\nX\0: a\r\n{auth}\r\n', body: '', ...refused }],
  ['a line without a colon', { head: 'GET {target} HTTP/1.1\r\nHost: belfry\r\nnonsense\r\n{auth}\r\n', body: '', ...refused }],
  ['a name with a blank', { head: 'GET {target} HTTP/1.1\r\nHost: belfry\r\nX Y: a\r\n{auth}\r\n', body: '', ...refused }],
  ['an empty name', { head: 'GET {target} HTTP/1.1\r\nHost: belfry\r\n: a\r\n{auth}\r\n', body: '', ...refused }],
  ['a tab in the request line', { head: 'GET\t{target}\tHTTP/1.1\r\nHost: belfry\r\n{auth}\r\n', body: '', ...refused }],
  ['two blanks in the request line', { head: 'GET  {target} HTTP/1.1\r\nHost: belfry\r\n{auth}\r\n', body: '', ...refused }],
  ['a blank in the target', { head: 'GET {target} x HTTP/1.1\r\nHost: belfry\r\n{auth}\r\n', body: '', ...refused }],
  ['HTTP/1.2', { head: 'GET {target} HTTP/1.2\r\nHost: belfry\r\n{auth}\r\n', body: '', ...refused }],
  ['HTTP/2.0', { head: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', body: '', ...refused }],
  ['HTTP/0.9', { head: 'GET {target}\r\n\r\n', body: '', ...refused }],
  ['a TLS hello', { head: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', body: '', ...refused }],
  ['CONNECT', { head: 'CONNECT evil:443 HTTP/1.1\r\nHost: evil:443\r\n\r\n', body: '', ...refused }],
  ['TRACE', { head: 'TRACE {target} HTTP/1.1\r\nHost: belfry\r\n{auth}\r\n', body: '', ...refused }],
  ['an upgrade to h2c', { head: 'GET /v1/smuggled HTTP/1.1\r\nHost: belfry\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n', body: '', ...refused }],
  ['another method in a header', { head: 'GET /v1/smuggled HTTP/1.1\r\nHost: belfry\r\nX-HTTP-Method-Override: DELETE\r\nConnection: close\r\n\r\n', body: '', ...refused }],
].map(([what, framing]) => ({ what, ...framing }));

async function smuggle(victim) {
  const cases = Object.entries(listeners(victim)).flatMap(([name, listener]) => (
    FRAMINGS.map(({ what, ...framing }) => ({ what: `${what}, ${name}`, listener, ...framing }))));
  return table(cases, async ({ listener, head, body, refused: mustRefuse }) => {
    const auth = Object.entries(listener.fields).map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const bytes = head.replace('{target}', listener.target).replace('{auth}', auth) + body;
    const { answers, text } = await exchange(listener.address, Buffer.from(bytes, 'latin1'), { ms: QUIET_MS });
    if (/smuggled/.test(text) && !/smuggled/.test(head)) return `the inner request was answered: ${text.slice(0, 60)}`;
    const final = answers.filter(({ status }) => status >= 200);
    if (final.length > 1) return `answered ${final.length} times`;
    if (mustRefuse && final.some(({ status }) => status < 400)) return `answered ${final[0].status}`;
    return text.includes(' 500 ') ? 'answered 500' : '';
  }, { atOnce: 48 });
}

// Heads that are large or many.
async function bombs(victim) {
  const heads = [
    ['a header of 1 MB', `X: ${'x'.repeat(1_000_000)}\r\n`],
    ['a cookie of 100 KB', `Cookie: ${'a=b; '.repeat(20_000)}\r\n`],
    ['20,000 headers', 'X: y\r\n'.repeat(20_000)],
    ['a name of 100 KB', `${'x'.repeat(100_000)}: y\r\n`],
    ['100 KB of blanks', `X:${' '.repeat(100_000)}y\r\n`],
  ].map(([what, head]) => ({ what, head: `GET /v1/smuggled HTTP/1.1\r\nHost: belfry\r\n${head}` }));
  heads.push({ what: 'a target of 1 MB', head: `GET /${'x'.repeat(1_000_000)} HTTP/1.1\r\nHost: belfry\r\n` });
  heads.push({ what: 'a method of 1 MB', head: `${'G'.repeat(1_000_000)} / HTTP/1.1\r\nHost: belfry\r\n` });
  heads.push({ what: 'empty lines', head: '\r\n'.repeat(100_000) });
  const cases = Object.entries(listeners(victim)).flatMap(([name, { address }]) => (
    heads.map(({ what, head }) => ({ what: `${what}, ${name}`, address, head }))));
  return table(cases, async ({ address, head }) => {
    const { answers, closed } = await exchange(address, Buffer.from(`${head}\r\n`, 'latin1'), { ms: 8000 });
    if (!closed) return 'the connection stayed open';
    return answers.every(({ status }) => status >= 400) ? '' : `answered ${answers[0].status}`;
  });
}

// Connections that send a byte now and then. They end in time, and honest requests stay quick.
async function slow(victim, { address, begin, dribble, within, honest }) {
  const alone = await latencies(honest, Promise.resolve());
  const wires = await Promise.all(Array.from({ length: 200 }, () => Wire.open(address, { from: '127.0.0.7' })));
  await Promise.all(wires.map((wire) => wire.send(begin)));
  const timer = setInterval(() => { for (const wire of wires) wire.send(dribble); }, 500);
  const over = Promise.all(wires.map((wire) => wire.wait(() => false, within)));
  const during = await latencies(honest, Promise.race([over, sleep(2000)]), 50);
  await over;
  clearInterval(timer);
  const left = wires.filter((wire) => !wire.closed).length;
  for (const wire of wires) wire.destroy();
  const [before, meanwhile] = [quantile(alone, 0.5), quantile(during, 0.5)];
  const fast = meanwhile < Math.max(before * 20, 250);
  return judged(left === 0 && fast, `${left} of 200 were still open after ${within / 1000} s; an honest request took ` +
    `${ms(before)} before and ${ms(meanwhile)} meanwhile`);
}

const honestList = (victim) => () => ask(victim.edge, 'GET', '/v1/smuggled');
const honestRest = (victim) => () => ask(victim.ingest.http, 'GET', '/v1/smuggled');

const slowHead = (victim) => slow(victim, {
  address: victim.edge, begin: 'GET /v1/stream HTTP/1.1\r\nHost: belfry\r\nX: ', dribble: 'x', within: 10_000,
  honest: honestList(victim),
});

const slowBody = (victim) => slow(victim, {
  address: victim.ingest.http,
  begin: `POST /v1/notify HTTP/1.1\r\nHost: belfry\r\nContent-Type: application/json\r\nAuthorization: ${victim.key('all').Authorization}\r\n` +
    'Content-Length: 100000\r\n\r\n{',
  dribble: ' ', within: 20_000, honest: honestRest(victim),
});

// Paths that lead elsewhere once somebody decodes or normalises them.
async function paths(victim) {
  const id = await victim.publish({ userId: 'alice', title: 'at home' });
  const edge = ['/../../etc/passwd', '/..%2f..%2fetc%2fpasswd', '/%2e%2e/%2e%2e/etc/passwd', '/%252e%252e%252fetc', '//etc/passwd',
    '/./v1/counts', '/v1/./counts', '/v1/../v1/counts', '/v1//counts', '/v1/counts/', '/v1/counts%00', '/v1/counts%00.js', '/v1\\counts',
    '/v1/%63ounts%2f', '/V1/counts', '/v1/counts;x=1', '/v1/%c0%ae%c0%ae/counts', '/widget.js/../v1/counts', '/widget.%2e%2e.js',
    '/widget.js%00', '/belfry.../.js', '/demo/token', '/v1/notifications/..%2fcounts', '/v1/notifications/%2e%2e', '/metrics', '/livez',
    `/v1/notifications/${id}%2fread`, `/v1/notifications/0x${BigInt(id).toString(16)}`, `/v1/notifications/+${id}`,
    `/v1/notifications/%20${id}`, `/v1/notifications/${id}.0`, '/v1/notifications/18446744073709551616',
    '/v1/notifications/-1', '/%zz', '/%', '/v1/%'];
  const ingest = ['/v1/users/alice/../bob/counts', '/v1/users/..%2fbob/counts/..', '/v1/users/alice%2f..%2fbob/x', '/v1/users//counts',
    '/v1/users/%00/counts', '/v1/users/alice%0a/counts', '/v1/users/%ff/counts', '/v1/users/%c0%af/counts', '/v1/users/%ed%a0%80/counts',
    `/v1/users/${'x'.repeat(129)}/counts`, '/v1/segments/a%2fb/members', '/v1/segments/..%2f/members', '/v1/segments/a%00/members',
    '/v1/operations/..%2f1', '/v1/operations/-1', '/v1/operations/1e3', '/v1/operations/99999999999999999999'];
  const cases = [
    ...edge.map((path) => ({ what: `edge ${path.slice(0, 40)}`, address: victim.edge, path, fields: victim.bearer('alice') })),
    ...ingest.map((path) => ({ what: `ingest ${path.slice(0, 40)}`, address: victim.ingest.http, path, fields: victim.key('all') })),
  ];
  const result = await table(cases, async ({ address, path, fields }) => {
    const seen = await ask(address, 'GET', path, fields, '', { ms: 3000 });
    return seen.status >= 400 && seen.status < 500 ? '' : `answered ${seen.status} ${seen.text.slice(0, 60)}`;
  });
  // Decoded once: a user whose name has an escape in it is that user.
  const name = 'a%2Fb';
  await victim.publish({ userId: name, title: 'for a%2Fb' });
  const list = await ask(victim.ingest.http, 'GET', `/v1/users/${encodeURIComponent(name)}/notifications`, victim.key('all'));
  const once = await ask(victim.ingest.http, 'GET', `/v1/users/${name}/notifications`, victim.key('all'));
  const right = list.text.includes('for a%2Fb') && !once.text.includes('for a%2Fb');
  return judged(result.safe && right, `${result.seen}; a name in a path is decoded ${right ? 'once' : 'not exactly once'}`);
}

// Many requests on one connection, sent ahead: every answer in its place, or the connection's end.
async function pipelined(victim) {
  const tokens = ['alice', 'bob'].map((user) => victim.stack.token(user));
  await victim.publish({ userId: 'bob', title: "bob's own" });
  const one = (i) => `GET /v1/notifications?limit=1 HTTP/1.1\r\nHost: belfry\r\nAuthorization: Bearer ${tokens[i % 2]}\r\n\r\n`;
  const wire = await Wire.open(victim.edge);
  await wire.send(Array.from({ length: 200 }, (_, i) => one(i)).join(''));
  await wire.wait(() => answersIn(wire.received, false).length >= 200, 10_000);
  const answers = answersIn(wire.received, wire.closed);
  wire.destroy();
  const crossed = answers.filter(({ body }, i) => i % 2 === 0 && body.includes("bob's own")).length;
  return judged(crossed === 0 && answers.length > 0, `${answers.length} of 200 were answered, ${crossed} with another user's list`);
}

export const http = [
  {
    name: 'http-smuggling', quick: true,
    tries: `${FRAMINGS.length} requests that two parsers read differently, at the edge, at ingest and at an admin port`,
    expected: 'refused; never a second answer',
    run: smuggle,
  },
  {
    name: 'http-header-bombs', quick: true,
    tries: 'heads of 100 KB to 1 MB, 20,000 header lines, a target of 1 MB',
    expected: 'refused and closed',
    run: bombs,
  },
  {
    name: 'http-slow-head', quick: true,
    tries: '200 connections send their head one byte at a time (slowloris)',
    expected: 'closed within 10 s; honest requests stay quick',
    run: slowHead,
  },
  {
    name: 'http-slow-body', quick: false,
    tries: '200 connections send their body one byte at a time',
    expected: 'closed within 20 s; honest requests stay quick',
    run: slowBody,
  },
  {
    name: 'http-paths', quick: true,
    tries: 'path traversal, double encoding, NUL, overlong UTF-8, ids spelled otherwise',
    expected: '4xx for each; a name in a path is decoded once',
    run: paths,
  },
  {
    name: 'http-pipelined', quick: true,
    tries: '200 requests of two users sent ahead on one connection',
    expected: 'every answer to its own request',
    run: pipelined,
  },
];
