// SPDX-License-Identifier: Apache-2.0
// Other users' and other projects' things, asked for by name.
import { judged, table } from '../tools/table.mjs';
import { Stream } from '../tools/stream.mjs';
import { ask } from '../tools/wire.mjs';
import { OTHER_PROJECT, project, sleep } from '../victim.mjs';

const SECRET = 'for alice alone';

async function otherUsers(victim) {
  const id = await victim.publish({ userId: 'alice', title: SECRET });
  const one = `/v1/notifications/${id}`;
  const json = { 'Content-Type': 'application/json' };
  const cases = [
    { what: 'reads it', path: one, is: 404 },
    ...['read', 'unread', 'archive', 'unarchive'].map((op) => ({ what: op, method: 'POST', path: `${one}/${op}`, is: 404 })),
    { what: 'deletes it', method: 'DELETE', path: one, is: 404 },
    { what: 'names another user in the query', path: '/v1/stream?userId=alice', is: 403 },
    { what: 'names another user in the query of a list', path: '/v1/notifications?user_id=alice', is: 403 },
    { what: 'names her after itself', path: '/v1/notifications?userId=mallory&userId=alice', is: 403 },
    { what: 'names her in the query of a change', method: 'POST', path: `${one}/read?userId=mallory&userId=alice`, is: 403 },
    { what: 'names another project', path: `/v1/stream?project=${OTHER_PROJECT}`, is: 403 },
    { what: "calls the producers' path", path: '/v1/users/alice/notifications', is: 404 },
    { what: 'names another user in the body', method: 'POST', path: '/v1/notifications/read-all', body: { upTo: id, userId: 'alice' }, is: 400 },
    { what: 'in bulk', method: 'POST', path: '/v1/notifications/bulk', body: { op: 'read', ids: [id] }, is: 200, says: '"status":404' },
    { what: 'in a header', path: '/v1/notifications', fields: { 'X-User-Id': 'alice', 'X-Forwarded-User': 'alice' }, is: 200 },
    { what: 'a second cookie', path: '/v1/notifications', fields: { Cookie: 'belfry_user=alice; user=alice' }, is: 200 },
    { what: 'pages from her id', path: `/v1/notifications?before=${BigInt(id) + 1n}`, is: 200 },
  ];
  const result = await table(cases, async ({ method = 'GET', path, body = '', fields = {}, is, says = '' }) => {
    const type = body ? json : {};
    const text = body ? JSON.stringify(body) : '';
    const seen = await ask(victim.edge, method, path, { ...victim.bearer('mallory'), ...type, ...fields }, text, { ms: 1500 });
    if (seen.text.includes(SECRET)) return 'was shown it';
    return [is].flat().includes(seen.status) && seen.text.includes(says) ? '' : `answered ${seen.status} ${seen.text.slice(0, 80)}`;
  });
  const after = await victim.browse('alice', 'GET', one);
  const untouched = after.status === 200 && !/readAt|archivedAt/.test(after.text);
  return judged(result.safe && untouched, `${result.seen}; hers is ${untouched ? 'untouched' : 'changed'}`);
}

async function otherProjects(victim) {
  const key = `taken-${Math.random().toString(36).slice(2)}`;
  const id = await victim.publish({ userId: 'alice', title: SECRET }, { fields: { 'Idempotency-Key': key } });
  const broadcast = await victim.publish({ broadcast: true, title: SECRET });
  await victim.post('/v1/users/bulk', { users: [{ userId: 'alice', attributes: { plan: 'pro' } }] });
  const operation = await victim.post('/v1/notify', { segment: 'plan:pro', title: 'to a segment' });
  const { operationId } = JSON.parse(operation.text);
  const posts = (path, body, is) => ({ what: `POST ${path} ${JSON.stringify(body).slice(0, 40)}`, method: 'POST', path, body, is });
  const gets = (path, is) => ({ what: `GET ${path}`, method: 'GET', path, is });
  const cases = [
    gets('/v1/users/alice/notifications', 200), gets(`/v1/users/alice/notifications/${id}`, 404), gets('/v1/users/alice', 404),
    gets('/v1/users', 200), gets(`/v1/operations/${operationId}`, 404), gets('/v1/segments/plan:pro/members', 200),
    posts(`/v1/users/alice/notifications/${id}/read`, {}, [400, 404]), posts('/v1/retract', { userId: 'alice', id }, 404),
    posts('/v1/retract', { broadcastId: broadcast }, 404), posts('/v1/retract', { idempotencyKey: key }, 404),
    posts('/v1/notify', { userId: 'alice', title: 'x', project }, 400),
  ];
  const result = await table(cases, async ({ method, path, body, is }) => {
    const type = body ? { 'Content-Type': 'application/json' } : {};
    const seen = await ask(victim.ingest.http, method, path, { ...victim.key('rival'), ...type }, body ? JSON.stringify(body) : '');
    if (seen.text.includes(SECRET) || seen.text.includes('"alice"')) return `was shown ${seen.text.slice(0, 80)}`;
    return [is].flat().includes(seen.status) ? '' : `answered ${seen.status} ${seen.text.slice(0, 80)}`;
  });
  // The same key of another project is another key.
  const again = await victim.post('/v1/notify', { userId: 'alice', title: 'another text' }, { key: 'rival', fields: { 'Idempotency-Key': key } });
  const after = await victim.browse('alice', 'GET', `/v1/notifications/${id}`);
  const seen = `${result.seen}; its idempotency key was ${again.status === 201 ? 'free' : `not free (${again.status})`}, alice's notification is ` +
    `${after.status === 200 ? 'there' : `gone (${after.status})`}`;
  return judged(result.safe && again.status === 201 && after.status === 200, seen);
}

// A user of the same name in another project, and that project's broadcasts.
async function otherProjectsStreams(victim) {
  const mine = await Stream.open(victim.edge, victim.bearer('alice'));
  const theirs = await Stream.open(victim.edge, victim.bearer('alice', { project: OTHER_PROJECT }));
  await victim.publish({ broadcast: true, title: 'of the rival, to all' }, { key: 'rival' });
  await victim.publish({ userId: 'alice', title: 'of the rival' }, { key: 'rival' });
  await victim.publish({ broadcast: true, title: 'ours, to all' });
  await victim.publish({ userId: 'alice', title: 'ours' });
  const came = await Promise.all([mine.titled('ours'), mine.titled('ours, to all'), theirs.titled('of the rival'), theirs.titled('of the rival, to all')]);
  await sleep(50);
  const crossed = mine.blocks.filter(({ data }) => data?.includes('of the rival')).length +
    theirs.blocks.filter(({ data }) => data?.includes('ours')).length;
  mine.close();
  theirs.close();
  return judged(came.every(Boolean) && crossed === 0, `${came.filter(Boolean).length} of 4 came, ${crossed} crossed over`);
}

export const isolation = [
  {
    name: 'isolation-users', quick: true,
    tries: "another user's notification by its id, in paths, queries, bodies, headers, in bulk",
    expected: '404 or 403, never its text, nothing changed',
    run: otherUsers,
  },
  {
    name: 'isolation-projects', quick: true,
    tries: "another project's key reads, retracts, changes and looks up what is not its own",
    expected: 'as if it did not exist',
    run: otherProjects,
  },
  {
    name: 'isolation-streams', quick: true,
    tries: 'a user of the same name in two projects, and broadcasts of both',
    expected: "each stream has its own project's alone",
    run: otherProjectsStreams,
  },
];
