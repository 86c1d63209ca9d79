// SPDX-License-Identifier: Apache-2.0
// Text of producers and browsers that tries to end a frame of a stream and begin another.
import { bearer, callOnce } from '../tools/grpc.mjs';
import { message } from '../tools/protobuf.mjs';
import { Stream } from '../tools/stream.mjs';
import { judged } from '../tools/table.mjs';

const BREAKS = [
  'a\r\ndata: {"evil":1}', 'a\n\nevent: evil\ndata: {}\n\n', 'a\rid: 1\r\revent: evil\rdata: {}\r\r', 'a\0b', '\ufeffdata: {}',
  '"}\n\nevent: evil\ndata: {"a":"', 'a\\u000a\\u000aevent: evil', 'a\u000b\u000c\u001bb', 'a\u2028event: evil\u2029', 'a\u0085event: evil',
];
const LINE_ENDS = /[\u2028\u2029\u0085]/;
const LINE = /^(id: \d+|event: (connected|notification|notifications|state|reset|bye)|data: [{[].*[}\]]|retry: \d+|:.*)$/;
const REST_FIELDS = ['userId', 'kind', 'level', 'title', 'body', 'actorId', 'subjectType', 'subjectId', 'actionUrl', 'imageUrl',
  'collapseKey', 'expiresAt', 'segment', 'meta', 'metaKey', 'unknown'];
const GRPC_FIELDS = { userId: 3, kind: 4, level: 5, title: 6, body: 7, actorId: 8, subjectType: 9, subjectId: 10, actionUrl: 11,
  imageUrl: 12, collapseKey: 19 };

const notificationOf = (user, name, text) => {
  const base = { userId: user, title: 'hostile' };
  if (name === 'userId') return { ...base, userId: `${user}${text}` };
  if (name === 'meta') return { ...base, meta: { a: text } };
  if (name === 'metaKey') return { ...base, meta: { [text]: 1 } };
  if (name === 'actionUrl' || name === 'imageUrl') return { ...base, [name]: `https://example.com/${text}` };
  return { ...base, [name]: text };
};

// Publishes every text in every field and returns how many were taken.
async function publishAll(victim, user) {
  let taken = 0;
  const count = (ok) => { if (ok) taken++; };
  const calls = [];
  for (const text of BREAKS) {
    for (const name of REST_FIELDS) {
      calls.push(victim.post('/v1/notify', notificationOf(user, name, text)).then(({ status }) => count(status < 300)));
    }
    for (const [name, number] of Object.entries(GRPC_FIELDS)) {
      const fields = { 3: user, 6: 'hostile', [number]: name.endsWith('Url') ? `https://example.com/${text}` : text };
      const request = message({ 1: message(fields) });
      calls.push(callOnce(victim.ingest.grpc, '/belfry.v1.NotifyService/Notify', request, bearer(victim.stack.keys.all))
        .then(({ status }) => count(status === 0)));
    }
    // What a browser may say, which its other tabs are told.
    const changes = [
      ['POST', '/v1/notifications/read-all', { upTo: '1', kind: text }], ['PUT', '/v1/preferences', { mutedKinds: [text] }],
      ['POST', '/v1/notifications/bulk', { op: text, ids: ['1'] }],
    ];
    for (const [method, path, body] of changes) {
      calls.push(victim.browse(user, method, path, JSON.stringify(body)).then(({ status }) => count(status < 300)));
    }
    const header = { 'Idempotency-Key': encodeURI(text) };
    calls.push(victim.browse(user, 'POST', '/v1/notifications/read-all', '{"upTo":"1"}', header).then(({ status }) => count(status < 300)));
  }
  await Promise.all(calls);
  return taken;
}

// Every line of every stream, live, in groups and in replay.
async function linesOfStreams(victim, name) {
  const user = `${name}-${Math.random().toString(36).slice(2)}`;
  const first = await victim.publish({ userId: user, title: 'the first' });
  const live = await Stream.open(victim.edge, victim.bearer(user));
  const grouped = await Stream.open(victim.edge, victim.bearer(user), { target: '/v1/stream?batch_ms=50' });
  const taken = await publishAll(victim, user);
  await victim.publish({ userId: user, title: 'the last' });
  const replayed = await Stream.open(victim.edge, { ...victim.bearer(user), 'Last-Event-ID': first });
  const streams = { live, grouped, replayed };
  const found = [];
  for (const [name, stream] of Object.entries(streams)) {
    if (!await stream.titled('the last', 15_000)) found.push(`${name}: the last one did not come`);
    found.push(...stream.blocks.flatMap(({ lines }) => lines).map((line) => ({ name, line })));
    stream.close();
  }
  return { taken, missing: found.filter((one) => typeof one === 'string'), lines: found.filter((one) => one.line) };
}

const shown = ({ name, line }) => `${name}: ${JSON.stringify(line.slice(0, 60))}`;

function wrongLine({ line }) {
  if (!LINE.test(line) || /[\0-\x08\x0b-\x1f]/.test(line)) return true;
  if (!line.startsWith('data: ')) return false;
  try {
    JSON.parse(line.slice(6));
    return false;
  } catch {
    return true;
  }
}

async function frames(victim) {
  const { taken, missing, lines } = await linesOfStreams(victim, 'frames');
  const wrong = lines.filter(wrongLine);
  return judged(missing.length + wrong.length === 0 && taken > 0, `${taken} were taken, ${lines.length} lines, ` +
    `${wrong.length} of them wrong ${wrong.slice(0, 3).map(shown).join('; ')} ${missing.join('; ')}`);
}

async function lineSeparators(victim) {
  const { taken, lines } = await linesOfStreams(victim, 'separators\u2028');
  const raw = lines.filter(({ line }) => LINE_ENDS.test(line));
  return judged(raw.length === 0 && taken > 0, `${raw.length} of ${lines.length} lines have one of them as it is ${raw.slice(0, 2).map(shown).join('; ')}`);
}

// What is reflected into an answer's head or a problem's text.
async function reflected(victim) {
  const texts = ['%0d%0aX-Evil:%201', '%0aX-Evil:%201', '%E5%98%8A%E5%98%8DX-Evil:%201'];
  const targets = texts.flatMap((text) => [`/v1/${text}`, `/v1/stream?last_event_id=${text}`, `/v1/stream?batch_ms=${text}`,
    `/v1/notifications?kind=${text}`, `/v1/notifications?${text}=1`, `/v1/notifications/${text}`]);
  const wrong = [];
  for (const target of targets) {
    const seen = await victim.browse('alice', 'GET', target);
    if ('x-evil' in seen.headers || seen.status === 0 || seen.status >= 500) wrong.push(`${target}: ${seen.status}`);
  }
  return judged(wrong.length === 0, wrong.length === 0 ? `${targets.length} of ${targets.length} as expected` : wrong.join('; '));
}

export const fields = [
  {
    name: 'fields-frames', quick: true,
    tries: `${BREAKS.length} texts with CR, LF, NUL and whole frames in every field of a publish (REST and gRPC) and of a change`,
    expected: 'refused, or one line of JSON: live, grouped and in replay',
    run: frames,
  },
  {
    name: 'fields-line-separators', quick: true,
    tries: 'U+2028, U+2029 and U+0085, at which some parsers end a line, in every field and in the user',
    expected: 'escaped in JSON',
    run: lineSeparators,
  },
  {
    name: 'fields-reflected', quick: true,
    tries: 'encoded CR and LF in paths and queries',
    expected: 'never a header of their own',
    run: reflected,
  },
];
