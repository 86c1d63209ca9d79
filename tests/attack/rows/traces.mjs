// SPDX-License-Identifier: Apache-2.0
// What the attacks left in logs and metrics. These rows come last.
import { bearer, callOnce } from '../tools/grpc.mjs';
import { judged } from '../tools/table.mjs';
import { ask, exchange } from '../tools/wire.mjs';

// Lines that are not one JSON object each.
async function logLines(victim) {
  await ask(victim.edge, 'GET', '/v1/x', { 'User-Agent': '\u001b[31m{"level":"error"}', ...victim.bearer('a"b\\c') });
  const broken = victim.logs().filter(({ name }) => name !== 'nats').flatMap(({ name, text }) => (
    text.split('\n').filter((line) => line !== '' && !isObject(line)).map((line) => `${name}: ${line.slice(0, 80)}`)));
  return judged(broken.length === 0, broken.length === 0 ? 'every line is one JSON object' : broken.slice(0, 3).join('; '));
}

function isObject(line) {
  if (/[\0-\x1f\x7f]/.test(line)) return false;
  try {
    return typeof JSON.parse(line) === 'object';
  } catch {
    return false;
  }
}

// Refusals must not fill the disk with what is written about them.
async function flood(victim) {
  const size = () => victim.logs().reduce((sum, { text }) => sum + text.length, 0);
  const before = size();
  const senders = [
    () => ask(victim.edge, 'GET', '/v1/counts', { Authorization: 'Bearer x' }),
    () => ask(victim.ingest.http, 'POST', '/v1/notify', { Authorization: 'Bearer a.b' }, '{}'),
    () => exchange(victim.edge, Buffer.from('nonsense\r\n\r\n'), { ms: 2000 }),
    () => callOnce(victim.ingest.grpc, '/belfry.v1.NotifyService/Notify', Buffer.alloc(0), bearer('a.b')),
    () => callOnce(victim.store.grpc, '/belfry.v1.StoreService/GetHeads', Buffer.alloc(0), bearer('a.b')),
  ];
  const requests = 200;
  for (let i = 0; i < requests; i += 20) await Promise.all(senders.flatMap((send) => Array.from({ length: 20 }, send)));
  const perRequest = (size() - before) / (requests * senders.length);
  return judged(perRequest < 20, `${perRequest.toFixed(1)} bytes of log per refused request`);
}

async function secrets(victim) {
  const known = [...Object.values(victim.stack.keys), victim.stack.apiKey].map((key) => key.split('.')[1]);
  const places = victim.logs();
  for (const [name, admin] of Object.entries(victim.admins)) {
    for (const path of ['/metrics', '/readyz']) places.push({ name: `${name}${path}`, text: (await ask(admin, 'GET', path)).text });
  }
  for (const service of ['store', 'ingest', 'edge']) {
    places.push({ name: `${service} --print-config`, text: (await victim.stack.attempt(service, ['--print-config'])).output });
  }
  const tokens = /eyJ[\w-]{10,}\.eyJ/;
  const found = places.filter(({ text }) => known.some((secret) => text.includes(secret)) || tokens.test(text)).map(({ name }) => name);
  return judged(found.length === 0, found.length === 0 ? `none in ${places.length} places` : `in ${found.join(', ')}`);
}

export const traces = [
  {
    name: 'trace-log-lines', quick: true,
    tries: "hostile text breaks a line of a service's log, or colours a terminal",
    expected: 'one JSON object per line',
    run: logLines,
  },
  {
    name: 'trace-log-flood', quick: true,
    tries: '1,000 requests and calls that are refused, so that their logs fill the disk',
    expected: 'less than 20 bytes of log each',
    run: flood,
  },
  {
    name: 'trace-secrets', quick: true,
    tries: 'keys and tokens in logs, metrics, /readyz and --print-config',
    expected: 'none',
    run: secrets,
  },
];
