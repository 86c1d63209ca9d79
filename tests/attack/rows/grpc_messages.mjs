// SPDX-License-Identifier: Apache-2.0
// gRPC messages that no client would send.
import { bearer, callOnce, code, frame, Grpc, nameOf } from '../tools/grpc.mjs';
import { message, varint } from '../tools/protobuf.mjs';
import { judged, table } from '../tools/table.mjs';
import { exchange } from '../tools/wire.mjs';

const NOTIFY = '/belfry.v1.NotifyService/Notify';
const BATCH = '/belfry.v1.NotifyService/NotifyBatch';
const notification = (more = {}) => message({ 3: 'alice', 6: 'a title', ...more });
const notify = (more) => message({ 1: notification(more) });

// A Struct in a Struct, `depth` times.
function nested(depth) {
  let value = message({ 4: 1 });
  for (let i = 0; i < depth; i++) value = message({ 5: message({ 1: message({ 1: 'a', 2: value }) }) });
  return message({ 1: message({ 1: 'a', 2: value }) });
}

const MESSAGES = [
  ['nothing', NOTIFY, Buffer.alloc(0)],
  ['0xff', NOTIFY, Buffer.alloc(100, 0xff)],
  ['a field that is longer than the message', NOTIFY, Buffer.concat([Buffer.from([0x0a]), varint(1_000_000)])],
  ['a field of 2^63 bytes', NOTIFY, Buffer.concat([Buffer.from([0x0a]), varint(1n << 63n)])],
  ['an endless varint', NOTIFY, Buffer.concat([Buffer.from([0x08]), Buffer.alloc(50, 0x80)])],
  ['groups without end', NOTIFY, Buffer.alloc(100_000, 0x0b)],
  ['200 nested structs', NOTIFY, notify({ 13: nested(200) })],
  ['11 levels of meta', NOTIFY, notify({ 13: nested(11) })],
  ['invalid UTF-8', NOTIFY, notify({ 6: Buffer.from([0xff, 0xfe]) })],
  ['a surrogate', NOTIFY, notify({ 6: Buffer.from([0xed, 0xa0, 0x80]) })],
  ['NUL in the user', NOTIFY, notify({ 3: 'a\0b' })],
  ['an id of its own', NOTIFY, notify({ 1: (1n << 53n) - 1n })],
  ['another project', NOTIFY, notify({ 2: 'rival' })],
  ['a created_at of its own', NOTIFY, notify({ 14: message({ 1: 1n }) })],
  ['an expiry beyond time', NOTIFY, notify({ 15: message({ 1: (1n << 62n) }) })],
  ['negative nanoseconds', NOTIFY, notify({ 15: message({ 1: 4_000_000_000n, 2: -1n }) })],
  ['a javascript: URL', NOTIFY, notify({ 11: 'javascript:alert(1)' })],
  ['a title of 1 MB', NOTIFY, notify({ 6: 'x'.repeat(1_000_000) })],
  ['1,001 items', BATCH, message({ 1: Array.from({ length: 1001 }, () => notify()) })],
  ['no items', BATCH, Buffer.alloc(0)],
].map(([what, path, bytes]) => ({ what, path, bytes }));

async function messages(victim) {
  const headers = bearer(victim.stack.keys.all);
  return table(MESSAGES, async ({ path, bytes }) => {
    const seen = await callOnce(victim.ingest.grpc, path, bytes, headers);
    return seen.status > 0 && ![code.UNAVAILABLE, code.UNKNOWN, code.PERMISSION_DENIED, code.UNAUTHENTICATED].includes(seen.status)
      ? '' : `answered ${nameOf(seen.status)} ${seen.message}`;
  });
}

async function frames(victim) {
  const good = notify();
  const headers = bearer(victim.stack.keys.all);
  const cases = [
    ['a length of 2^32-1', frame(good, { length: 0xffffffff })], ['a length that is too long', frame(good, { length: good.length + 1 })],
    ['a flag of 255', frame(good, { compressed: 255 })],
    ['half a prefix', Buffer.from([0, 0])], ['no message', Buffer.alloc(0)],
    ['a length of 64 MB', frame(good, { length: 64_000_000 })],
  ].map(([what, raw]) => ({ what, raw }));
  const others = [
    ['a timeout of nonsense', { 'grpc-timeout': 'soon' }], ['no path', { ':path': '/' }], ['a path above', { ':path': '/../belfry.v1.NotifyService/Notify' }],
    ['an unknown service', { ':path': '/belfry.v1.StoreService/GetHeads' }], ['GET', { ':method': 'GET' }],
  ].map(([what, more]) => ({ what, raw: frame(good), more }));
  return table([...cases, ...others], async ({ raw, more = {} }) => {
    const seen = await callOnce(victim.ingest.grpc, NOTIFY, { raw }, { ...headers, ...more }, { ms: 3000 });
    return seen.status === code.OK && !more['grpc-timeout'] ? `answered OK ${seen.messages.length}` : '';
  });
}

// Large metadata on one connection must not end the calls of others, and not store anything.
async function metadata(victim) {
  const neighbour = await Grpc.open(victim.ingest.grpc);
  const headers = bearer(victim.stack.keys.all);
  const cases = [
    { what: 'a value of 1 MB', more: { 'x-a': 'a'.repeat(1_000_000) } },
    { what: 'a value of 12 KB', more: { 'x-a': 'a'.repeat(12_000) } },
    { what: 'a key of 100 KB', more: bearer('a'.repeat(100_000)) },
  ];
  const result = await table(cases, async ({ more }) => {
    const seen = await callOnce(victim.ingest.grpc, NOTIFY, notify(), { ...headers, ...more }, { ms: 3000 });
    return seen.status === code.OK && !more['x-a']?.startsWith('aaa') ? `answered ${nameOf(seen.status)}` : '';
  });
  const after = await neighbour.call(NOTIFY, notify(), headers);
  neighbour.close();
  return judged(result.safe && after.status === code.OK, `${result.seen}; a neighbour's call was answered ${nameOf(after.status)}`);
}

// A neighbour's call on the same connection, as behind a proxy that shares it.
async function sharedConnection(victim) {
  const grpc = await Grpc.open(victim.ingest.grpc);
  const headers = bearer(victim.stack.keys.all);
  const honest = () => grpc.call(NOTIFY, notify(), headers, { ms: 5000 });
  const large = (bytes) => grpc.call(NOTIFY, notify(), { ...headers, 'x-a': 'a'.repeat(bytes) }, { ms: 5000 });
  const [first, , second] = await Promise.all([honest(), large(12_000), honest()]);
  const third = await honest();
  grpc.close();
  const good = [first, second, third].filter(({ status }) => status === code.OK).length;
  return judged(good === 3, `${good} of 3 calls beside one with 12 KB of metadata were answered OK`);
}

// Other protocols at the gRPC ports.
async function otherProtocols(victim) {
  const texts = {
    'HTTP/1.1': 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'a TLS hello': '\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03', nonsense: 'nonsense\r\n\r\n',
    'a frame of 16 MB': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\x00\x00\x00\x00\x00\x01', 'a push promise': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x04\x05\x00\x00\x00\x00\x01\x00\x00\x00\x02',
    'settings of nonsense': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x05\x04\x00\x00\x00\x00\x00abcde',
    'a window of 0': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x04\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00',
    'continuations without end': `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x01\x01\x00\x00\x00\x00\x01\x82${
      '\x00\x00\x01\x09\x00\x00\x00\x00\x01\x82'.repeat(20_000)}`,
  };
  const ports = { ingest: victim.ingest.grpc, store: victim.store.grpc };
  const cases = Object.entries(ports).flatMap(([name, address]) => Object.entries(texts).map(([what, text]) => ({ what: `${what}, ${name}`, address, text })));
  return table(cases, async ({ address, text }) => {
    await exchange(address, Buffer.from(text, 'latin1'), { ms: 500 });
    return '';
  });
}

export const grpcMessages = [
  {
    name: 'grpc-messages', quick: true,
    tries: `${MESSAGES.length} messages that are malformed, nested, too long or claim what is the store's`,
    expected: 'an error for each, never UNAVAILABLE or UNKNOWN',
    run: messages,
  },
  {
    name: 'grpc-frames', quick: true,
    tries: 'messages whose prefix lies, and paths that are not there',
    expected: 'never OK',
    run: frames,
  },
  {
    name: 'grpc-metadata', quick: true,
    tries: 'metadata of 12 KB to 1 MB',
    expected: "refused; a neighbour's connection goes on",
    run: metadata,
  },
  {
    name: 'grpc-shared-connection', quick: true,
    tries: "a call with 12 KB of metadata on a connection that others' calls share",
    expected: "the others' calls are answered",
    run: sharedConnection,
  },
  {
    name: 'grpc-protocols', quick: true,
    tries: 'other protocols and broken HTTP/2 frames at the gRPC ports of ingest and store',
    expected: 'everything works afterwards',
    run: otherProtocols,
  },
];
