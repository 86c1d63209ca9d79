// SPDX-License-Identifier: Apache-2.0
// The cases of web-platform-tests' eventsource/format-*.htm, and chunks cut anywhere.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createParser } from '../../src/client/parser.js';

const bytes = (text) => new TextEncoder().encode(text);

function parse(...chunks) {
  const blocks = [];
  const retries = [];
  const feed = createParser((block) => blocks.push(block), (ms) => retries.push(ms));
  for (const chunk of chunks) feed(typeof chunk === 'string' ? bytes(chunk) : chunk);
  return { blocks, retries, data: blocks.filter(({ data }) => data !== null).map(({ data }) => data) };
}

const cases = [
  ['format-bom', '\uFEFFdata:1\n\n\uFEFFdata:2\n\ndata:3\n\n', ['1', '3']],
  ['format-bom-2', '\uFEFF\uFEFFdata:1\n\ndata:2\n\ndata:3\n\n', ['2', '3']],
  ['format-comments', `data:1\r:\0\n:\r\ndata:2\n:${'long'.repeat(1000)}\rdata:3\n:data:fail\r:${'long'.repeat(1000)}\ndata:4\n\n`, ['1\n2\n3\n4']],
  ['format-data-before-final-empty-line', 'retry:1000\ndata:test1\n\nid:test\ndata:test2', ['test1']],
  ['format-field-data', 'data:\n\ndata\ndata\n\ndata:test\n\n', ['', '\n', 'test']],
  ['format-field-event-empty', 'event: \ndata:data\n\n', ['data']],
  ['format-field-parsing', 'data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\ndata:3\rdata:\r\n data:32\ndata:4\n\n', ['\0\n 2\n1\n3\n\n4']],
  ['format-field-unknown', 'data:test\n data\ndata\nfoobar:xxx\njustsometext\n:thisisacommentyay\ndata:test\n\n', ['test\n\ntest']],
  ['format-leading-space', 'data:\ttest\rdata: \ndata:test\n\n', ['\ttest\n\ntest']],
  ['format-newlines', 'data:test\r\ndata\ndata:test\r\n\r', ['test\n\ntest']],
  ['format-null-character', 'data:\0\n\n\n\n', ['\0']],
  ['format-utf-8', 'data:ok…\n\n', ['ok…']],
];

for (const [name, text, expected] of cases) {
  test(name, () => assert.deepEqual(parse(text).data, expected));
  test(`${name}, byte by byte`, () => {
    assert.deepEqual(parse(...Array.from(bytes(text), (byte) => Uint8Array.of(byte))).data, expected);
  });
}

test('format-field-event', () => {
  const { blocks } = parse('event:test\ndata:x\n\ndata:x\n\n');
  assert.deepEqual(blocks.map(({ type }) => type), ['test', '']);
});

test('format-field-id: it stays until another comes', () => {
  const { blocks } = parse('data:x\nid:1\n\ndata:y\n\nid\ndata:z\n\n');
  assert.deepEqual(blocks.map(({ id }) => id), ['1', '1', '']);
});

test('format-field-id-null: an id with U+0000 is ignored', () => {
  const { blocks } = parse('id:a\ndata:x\n\nid:b\0c\ndata:y\n\n');
  assert.deepEqual(blocks.map(({ id }) => id), ['a', 'a']);
});

test('format-field-retry, -bogus, -empty', () => {
  assert.deepEqual(parse('retry:03000\nretry:1000x\nretry\nretry:-1\nretry: 5\ndata:x\n\n').retries, [3000, 5]);
});

test('a block with an id alone moves the cursor once', () => {
  const { blocks } = parse('id: 7\n\n\n\n: hb\nid: 8\n\n');
  assert.deepEqual(blocks, [{ type: '', data: null, id: '7' }, { type: '', data: null, id: '8' }]);
});

test('a comment without an empty line after it ends no block', () => {
  const { blocks } = parse('event: state\ndata: 1\n', ': hb\n', '\n');
  assert.deepEqual(blocks, [{ type: 'state', data: '1', id: '' }]);
});

test('a character cut in two', () => {
  const all = bytes('data: €\n\n');
  for (let at = 1; at < all.length; at++) {
    assert.deepEqual(parse(all.slice(0, at), all.slice(at)).data, ['€']);
  }
});
