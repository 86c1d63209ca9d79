// SPDX-License-Identifier: Apache-2.0
// Pages of other sites in the victim's own browser: what they can make it send.
import { Stream } from '../tools/stream.mjs';
import { judged, table } from '../tools/table.mjs';
import { ask, reasonOf } from '../tools/wire.mjs';
import { project, sleep } from '../victim.mjs';

const EVIL = 'https://evil.example';
const ALLOWED = 'https://app.example.com';
const cookie = (victim, user) => ({ Cookie: `belfry_token=${victim.stack.token(user)}` });
const FROM_AFAR = [
  { what: 'another origin', fields: { Origin: EVIL, 'Sec-Fetch-Site': 'cross-site' } },
  { what: 'another origin, old browser', fields: { Origin: EVIL } },
  { what: 'no origin, cross-site', fields: { 'Sec-Fetch-Site': 'cross-site' } },
  { what: 'a sandboxed frame', fields: { Origin: 'null', 'Sec-Fetch-Site': 'cross-site' } },
  { what: 'a sibling domain', fields: { Origin: 'https://other.belfry', 'Sec-Fetch-Site': 'same-site' } },
];

async function evict(victim) {
  const user = `tabs-${Math.random().toString(36).slice(2)}`;
  const tabs = await Promise.all(Array.from({ length: 5 }, () => (
    Stream.open(victim.edge, { ...cookie(victim, user), 'Sec-Fetch-Site': 'same-origin' }))));
  const result = await table(FROM_AFAR, async ({ fields }) => {
    const stream = await Stream.open(victim.edge, { ...cookie(victim, user), ...fields });
    stream.close();
    return stream.status === 200 ? 'a stream was opened' : '';
  });
  await sleep(200);
  const left = tabs.filter((tab) => !tab.closed).length;
  for (const tab of tabs) tab.close();
  return judged(result.safe && left === tabs.length, `${result.seen}; ${left} of ${tabs.length} tabs of the user stayed`);
}

async function change(victim) {
  const id = await victim.publish({ userId: 'alice', title: 'unread' });
  const cases = FROM_AFAR.flatMap(({ what, fields }) => [
    ['POST', `/v1/notifications/${id}/read`], ['DELETE', `/v1/notifications/${id}`], ['POST', '/v1/notifications/read-all'],
    ['PUT', '/v1/preferences'],
  ].map(([method, path]) => ({ what: `${method} ${path}, ${what}`, method, path, fields })));
  const result = await table(cases, async ({ method, path, fields }) => {
    const body = path.endsWith('all') ? JSON.stringify({ upTo: id }) : path.endsWith('preferences') ? '{"mutedKinds":["a."]}' : '';
    const type = body ? { 'Content-Type': 'application/json' } : {};
    const seen = await ask(victim.edge, method, path, { ...cookie(victim, 'alice'), ...type, ...fields }, body);
    return seen.status === 403 ? '' : `answered ${seen.status} ${reasonOf(seen)}`;
  });
  const after = await victim.browse('alice', 'GET', `/v1/notifications/${id}`);
  const untouched = after.status === 200 && !after.text.includes('readAt');
  return judged(result.safe && untouched, `${result.seen}; the notification is ${untouched ? 'untouched' : 'changed'}`);
}

async function read(victim) {
  const origins = [EVIL, 'null', `${ALLOWED}.evil.example`, 'https://app.example.com:444', 'http://app.example.com',
    `${ALLOWED}/`, `${EVIL}, ${ALLOWED}`, 'https://app_example.com', 'https://APP.example.com\t'];
  return victim.with('edge', ['--edge-cors-origins', ALLOWED], async (edge) => {
    const control = await ask(edge.http, 'GET', '/v1/counts', { ...cookie(victim, 'alice'), Origin: ALLOWED });
    if (control.headers['access-control-allow-origin'] !== ALLOWED) return judged(false, 'the allowed origin may not read');
    const cases = origins.flatMap((origin) => ['GET', 'OPTIONS'].flatMap((method) => (
      ['/v1/notifications', '/v1/stream'].map((path) => ({ what: `${method} ${path} from ${origin}`, method, path, origin })))));
    return table(cases, async ({ method, path, origin }) => {
      const fields = { ...cookie(victim, 'alice'), Origin: origin, 'Access-Control-Request-Method': 'GET' };
      const seen = await ask(edge.http, method, path, fields, '', { ms: 1500 });
      const allowed = seen.headers['access-control-allow-origin'];
      return allowed === undefined ? '' : `may be read by ${allowed}`;
    });
  });
}

async function rebinding(victim) {
  return victim.with('edge', ['--demo'], async (edge) => {
    const port = edge.http.split(':')[1];
    const demo = (Host) => ask(edge.http, 'POST', '/demo/token', { Host, 'Content-Type': 'application/json' }, '{"userId":"alice"}');
    for (const good of [edge.http, `localhost:${port}`]) {
      const seen = await demo(good);
      if (seen.status !== 200) return judged(false, `the demo itself, at ${good}, answers ${seen.status}`);
    }
    const hosts = ['evil.example', `evil.example:${port}`, `127.0.0.1.evil.example:${port}`, `localhost.evil.example:${port}`,
      `evil.example#127.0.0.1:${port}`, `127.0.0.1:${port}@evil.example`];
    return table(hosts.map((host) => ({ what: host, host })), async ({ host }) => {
      const seen = await demo(host);
      return seen.status >= 400 && !seen.text.includes('eyJ') ? '' : `answered ${seen.status}, with a token`;
    });
  });
}

async function adminRebinding(victim) {
  const hosts = ['evil.example', 'evil.example:7201', 'localhost.evil.example', '127.0.0.1.evil.example'];
  const cases = Object.entries(victim.admins).flatMap(([name, admin]) => hosts.map((host) => ({ what: `${name} as ${host}`, admin, host })));
  for (const [name, admin] of Object.entries(victim.admins)) {
    const seen = await ask(admin, 'GET', '/metrics', { Host: admin });
    if (seen.status !== 200) return judged(false, `the admin port of ${name}, at ${admin}, answers ${seen.status}`);
  }
  return table(cases, async ({ admin, host }) => {
    const seen = await ask(admin, 'GET', '/metrics', { Host: host });
    return seen.status === 421 && !seen.text.includes('belfry_') ? '' : `answered ${seen.status}`;
  });
}

// A page that may not read answers can still have a request sent.
async function demoFromAfar(victim) {
  return victim.with('edge', ['--demo', '--demo-api-key-file', '{apiKeyFile}', '--ingest-http', '{ingestHttp}'], async (edge) => {
    const cases = ['application/json', 'text/plain'].map((type) => ({ what: `a publish as ${type}`, type }));
    return table(cases, async ({ type }) => {
      const fields = { Host: edge.http, Origin: EVIL, 'Sec-Fetch-Site': 'cross-site', 'Content-Type': type };
      const seen = await ask(edge.http, 'POST', '/demo/notify', fields, JSON.stringify({ userId: 'alice', title: 'from afar', project }));
      return seen.status >= 400 ? '' : `answered ${seen.status}`;
    });
  });
}

export const origins = [
  {
    name: 'origin-stream', quick: true,
    tries: "a page of another site opens streams with the user's cookie, to push out the user's tabs",
    expected: "refused; the user's tabs stay",
    run: evict,
  },
  {
    name: 'origin-change', quick: true,
    tries: "a page of another site changes the inbox with the user's cookie",
    expected: '403 for each, nothing changed',
    run: change,
  },
  {
    name: 'origin-read', quick: true,
    tries: 'origins that look like the allowed one read lists and streams',
    expected: 'no Access-Control-Allow-Origin for any of them',
    run: read,
  },
  {
    name: 'demo-rebinding', quick: true,
    tries: 'a name of a stranger that resolves to 127.0.0.1 asks the demo for a token (DNS rebinding)',
    expected: 'refused: Host is not ours',
    run: rebinding,
  },
  {
    name: 'admin-rebinding', quick: true,
    tries: 'names of a stranger that resolve to 127.0.0.1 ask every admin port for its metrics (DNS rebinding)',
    expected: '421 for each',
    run: adminRebinding,
  },
  {
    name: 'demo-cross-site', quick: true,
    tries: 'a page of another site has the demo publish',
    expected: 'refused',
    run: demoFromAfar,
  },
];
