// SPDX-License-Identifier: Apache-2.0
// Producers' keys: guessed, misspelled, and good ones used for what they may not do.
import { bearer, callOnce, code, nameOf } from '../tools/grpc.mjs';
import { message } from '../tools/protobuf.mjs';
import { table } from '../tools/table.mjs';
import { ask, reasonOf } from '../tools/wire.mjs';

const NOTIFY = '/belfry.v1.NotifyService/Notify';
const request = message({ 1: message({ 3: 'alice', 6: 'by a stranger' }) });

async function guessed(victim) {
  const good = victim.stack.keys.all;
  const [id, secret] = good.split('.');
  const other = victim.stack.keys.rival.split('.')[1];
  const tokens = {
    'no secret': id, 'an empty secret': `${id}.`, 'a wrong secret': `${id}.${'A'.repeat(secret.length)}`, "another key's secret": `${id}.${other}`,
    'a shorter secret': good.slice(0, -1), 'a longer secret': `${good}A`, 'another id': `nobody.${secret}`, 'another case': `${id.toUpperCase()}.${secret}`,
    'two dots': `${id}..${secret}`, "a user's token": victim.stack.token('alice'), 'a long one': `${id}.${'A'.repeat(10_000)}`,
  };
  const cases = Object.entries(tokens).flatMap(([what, token]) => ['REST', 'gRPC'].map((by) => ({ what: `${what}, ${by}`, token, by })));
  for (const [what, value] of Object.entries({ nothing: undefined, Basic: `Basic ${good}`, 'no scheme': good, 'an empty Bearer': 'Bearer ' })) {
    cases.push({ what: `${what}, REST`, value, by: 'REST', raw: true });
  }
  return table(cases, async ({ token, value, raw, by }) => {
    if (by === 'gRPC') {
      const seen = await callOnce(victim.ingest.grpc, NOTIFY, request, bearer(token));
      return seen.status === code.UNAUTHENTICATED ? '' : `answered ${nameOf(seen.status)} ${seen.message}`;
    }
    const fields = raw ? (value === undefined ? {} : { Authorization: value }) : { Authorization: `Bearer ${token}` };
    const body = '{"userId":"alice","title":"by a stranger"}';
    const seen = await ask(victim.ingest.http, 'POST', '/v1/notify', { ...fields, 'Content-Type': 'application/json' }, body);
    return seen.status === 401 ? '' : `answered ${seen.status} ${reasonOf(seen)}`;
  });
}

async function scopes(victim) {
  const calls = [
    ['notify', 'POST', '/v1/notify', { userId: 'alice', title: 't' }],
    ['broadcast', 'POST', '/v1/notify', { broadcast: true, title: 't' }],
    ['broadcast', 'POST', '/v1/notify', { segment: 'plan:pro', title: 't' }],
    ['inbox', 'GET', '/v1/users/alice/notifications'], ['inbox', 'POST', '/v1/users/alice/read-all', { upTo: '1' }],
    ['inbox', 'DELETE', '/v1/users/somebody'], ['audience', 'PUT', '/v1/users/somebody', { attributes: { plan: 'pro' } }],
    ['audience', 'GET', '/v1/users'], ['audience', 'PUT', '/v1/segments/testers', {}], ['audience', 'GET', '/v1/segments'],
    ['notify', 'POST', '/v1/retract', { userId: 'alice', id: '1' }],
  ];
  const cases = calls.flatMap(([needs, method, path, body]) => ['notify', 'broadcast', 'inbox', 'audience'].filter((has) => has !== needs).map((has) => (
    { what: `${method} ${path} with ${has}`, has, method, path, body })));
  return table(cases, async ({ has, method, path, body }) => {
    const type = body ? { 'Content-Type': 'application/json' } : {};
    const seen = await ask(victim.ingest.http, method, path, { ...victim.key(has), ...type }, body ? JSON.stringify(body) : '');
    return seen.status === 403 ? '' : `answered ${seen.status} ${reasonOf(seen)}`;
  });
}

export const apiKeys = [
  {
    name: 'key-guessed', quick: true,
    tries: "producers' keys that are guessed, cut, mixed or misspelled, over REST and gRPC",
    expected: '401 or UNAUTHENTICATED for each',
    run: guessed,
  },
  {
    name: 'key-scopes', quick: true,
    tries: 'each request with a key of every scope but its own',
    expected: '403 for each',
    run: scopes,
  },
];
