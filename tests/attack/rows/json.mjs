// SPDX-License-Identifier: Apache-2.0
// JSON that is deep, huge, ambiguous or not quite JSON.
import { gzipSync } from 'node:zlib';

import { timed } from '../tools/measure.mjs';
import { table } from '../tools/table.mjs';

const QUICK_MS = 5000; // far more than any of them needs on a slow machine
const deep = (open, close, n, inner = '1') => `${open.repeat(n)}${inner}${close.repeat(n)}`;
const notify = (rest) => `{"userId":"alice","title":"t",${rest}}`;

const SHAPES = [
  ['1,000 nested lists in meta', '/v1/notify', notify(`"meta":{"a":${deep('[', ']', 1000)}}`)],
  ['50,000 nested lists in meta', '/v1/notify', notify(`"meta":{"a":${deep('[', ']', 50_000)}}`)],
  ['50,000 nested objects in a batch', '/v1/notify/batch', deep('{"a":', '}', 50_000)],
  ['1,000,000 open brackets', '/v1/notify/batch', '['.repeat(1_000_000)],
  ['1,000,000 open objects', '/v1/notify/batch', '{"notifications":'.repeat(60_000)],
  ['a deep level of an unknown member', '/v1/notify', notify(`"zzz":${deep('[', ']', 30_000)}`)],
  ['a number of 100,000 digits', '/v1/notify', notify(`"meta":{"a":${'9'.repeat(100_000)}}`)],
  ['1e999999999', '/v1/notify', notify('"meta":{"a":1e999999999}')],
  ['NaN', '/v1/notify', notify('"meta":{"a":NaN}')],
  ['Infinity', '/v1/notify', notify('"meta":{"a":-Infinity}')],
  ['a comment', '/v1/notify', notify('/* x */"body":"b"')],
  ['a trailing comma', '/v1/notify', notify('"body":"b",')],
  ['two values', '/v1/notify', `${notify('"body":"b"')}{}`],
  ['single quotes', '/v1/notify', "{'userId':'alice','title':'t'}"],
  ['a lone surrogate', '/v1/notify', notify('"body":"\\ud800"')],
  ['a swapped pair', '/v1/notify', notify('"body":"\\udc00\\ud800"')],
  ['raw invalid UTF-8', '/v1/notify', Buffer.concat([Buffer.from('{"userId":"alice","title":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')])],
  ['a raw surrogate', '/v1/notify', Buffer.concat([Buffer.from('{"userId":"alice","title":"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"}')])],
  ['a raw control character', '/v1/notify', notify('"body":"a\nb"')],
  ['a member twice', '/v1/notify', '{"userId":"alice","title":"t","userId":"bob"}'],
  ['a member twice, escaped', '/v1/notify', '{"userId":"alice","title":"t","user\\u0049d":"bob"}'],
  ['both spellings', '/v1/notify', '{"userId":"alice","title":"t","user_id":"bob"}'],
  ['__proto__', '/v1/notify', notify('"__proto__":{"title":"x"}')],
  ['a list', '/v1/notify', '[]'],
  ['null', '/v1/notify', 'null'],
  ['text', '/v1/notify', '"alice"'],
  ['nothing', '/v1/notify', ' '],
  ['an id of its own', '/v1/notify', notify('"id":"1"')],
  ['a time of its own', '/v1/notify', notify('"createdAt":"2020-01-01T00:00:00Z"')],
  ['a past expiry', '/v1/notify', notify('"expiresAt":"2020-01-01T00:00:00Z"')],
  ['an expiry in the year 99999', '/v1/notify', notify('"expiresAt":"99999-01-01T00:00:00Z"')],
  ['meta that is a list', '/v1/notify', notify('"meta":[1]')],
  ['meta of 100 KB', '/v1/notify', notify(`"meta":{"a":"${'x'.repeat(100_000)}"}`)],
  ['javascript:', '/v1/notify', notify('"actionUrl":"javascript:alert(1)"')],
  ['javascript: with a tab', '/v1/notify', notify('"actionUrl":"java\\tscript:alert(1)"')],
  ['a data: URL', '/v1/notify', notify('"actionUrl":"data:text/html,x"')],
  ['an URL with a user', '/v1/notify', notify('"actionUrl":"https://bank@evil.example/"')],
  ['an URL of two slashes', '/v1/notify', notify('"actionUrl":"//evil.example"')],
  ['an URL of backslashes', '/v1/notify', notify('"actionUrl":"/\\\\evil.example"')],
  ['1,001 items', '/v1/notify/batch', JSON.stringify(Array.from({ length: 1001 }, () => ({ userId: 'a', title: 't' })))],
  ['1,001 userIds', '/v1/notify', JSON.stringify({ userIds: Array.from({ length: 1001 }, (_, i) => `u${i}`), title: 't' })],
  ['two recipients', '/v1/notify', '{"userId":"alice","broadcast":true,"title":"t"}'],
  ['a body that is too large', '/v1/notify', notify(`"body":"${'x'.repeat(200_000)}"`)],
].map(([what, path, body]) => ({ what, path, body }));

async function shapes(victim) {
  return table(SHAPES, async ({ path, body }) => {
    const { value: seen, ms } = await timed(() => victim.post(path, body));
    if (ms > QUICK_MS) return `took ${Math.round(ms)} ms`;
    return seen.status >= 400 && seen.status < 500 ? '' : `answered ${seen.status} ${seen.text.slice(0, 80)}`;
  }, { atOnce: 4 });
}

async function browserShapes(victim) {
  const bodies = ['{"upTo":', deep('[', ']', 8000), '{"upTo":"1","upTo":"2"}', '{"upTo":-1}', '{"upTo":1.5}', '{"upTo":"0x10"}', '{"upTo":"1e3"}',
    '{"upTo":18446744073709551616}', '{"upTo":null}', '{"upTo":["1"]}', '{"upTo":"1","x":1}', '{}', 'null', '"1"', `{"upTo":"${'1'.repeat(15_000)}"}`,
    ' '.repeat(17_000)];
  const cases = bodies.map((body) => ({ what: body.slice(0, 30), body }));
  return table(cases, async ({ body }) => {
    const seen = await victim.browse('alice', 'POST', '/v1/notifications/read-all', body);
    return seen.status >= 400 && seen.status < 500 ? '' : `answered ${seen.status} ${seen.text.slice(0, 80)}`;
  }, { atOnce: 4 });
}

// Every whole number that a double does not hold, however it is spelled.
async function numbers(victim) {
  const beyond = ['9007199254740993', '-9007199254740993', '9007199254740993.0', '9.007199254740993e15', '90071992547409930e-1', '1e16', '1E+16',
    '18446744073709551615', '18446744073709551616', '123456789012345678901234567890', '9007199254740992.5', '1e22', '-1e300'];
  const within = ['9007199254740991', '-9007199254740991', '9007199254740991.0', '0.1', '1e3', '-0'];
  const cases = [
    ...beyond.map((text) => ({ what: text, text, taken: false })),
    ...within.map((text) => ({ what: text, text, taken: true })),
  ];
  return table(cases, async ({ text, taken }) => {
    const seen = await victim.post('/v1/notify', notify(`"meta":{"a":${text}}`));
    if (taken) return seen.status === 201 ? '' : `answered ${seen.status}`;
    return seen.status === 400 ? '' : `answered ${seen.status}`;
  }, { atOnce: 4 });
}

// Bodies that say they are encoded: nobody unpacks them unasked.
async function encodings(victim) {
  const bomb = gzipSync(Buffer.alloc(20_000_000, 0x20));
  const cases = ['gzip', 'deflate', 'br', 'x-gzip', 'gzip, gzip', 'zip-bomb'].flatMap((encoding) => [
    { what: `${encoding}, ingest`, encoding, send: (fields) => victim.post('/v1/notify', bomb, { fields }) },
    { what: `${encoding}, edge`, encoding, send: (fields) => victim.browse('alice', 'POST', '/v1/notifications/seen', bomb.subarray(0, 9000), fields) },
  ]);
  return table(cases, async ({ encoding, send }) => {
    const seen = await send({ 'Content-Encoding': encoding });
    return seen.status >= 400 && seen.status < 500 ? '' : `answered ${seen.status} ${seen.text.slice(0, 80)}`;
  });
}

// Cursors that are no cursors.
async function cursors(victim) {
  const texts = ['-1', '+1', '0x10', '1e3', '1.0', '9'.repeat(100), ' 1', '1 ', '१', 'null', '1,2', '1\t2', 'a'];
  const cases = texts.flatMap((text) => ['last_event_id', 'lastEventId'].map((name) => ({ what: `${name}=${text.slice(0, 24)}`, name, text })));
  return table(cases, async ({ name, text }) => {
    const seen = await victim.browse('alice', 'GET', `/v1/stream?${name}=${encodeURIComponent(text)}`);
    return seen.status === 400 ? '' : `answered ${seen.status}`;
  });
}

export const json = [
  {
    name: 'json-encodings', quick: true,
    tries: 'compressed bodies, one of 20 MB in 20 KB',
    expected: '4xx for each',
    run: encodings,
  },
  {
    name: 'json-publish', quick: true,
    tries: `${SHAPES.length} bodies that are deep, huge, ambiguous or not quite JSON`,
    expected: '4xx for each, at once',
    run: shapes,
  },
  {
    name: 'json-change', quick: true,
    tries: 'the same kind of bodies at the edge',
    expected: '4xx for each',
    run: browserShapes,
  },
  {
    name: 'json-numbers', quick: true,
    tries: 'whole numbers beyond 2^53 in meta, in every spelling',
    expected: '400 for each; numbers within are taken',
    run: numbers,
  },
  {
    name: 'json-cursors', quick: true,
    tries: 'cursors that are not decimal ids',
    expected: '400 for each',
    run: cursors,
  },
];
