// SPDX-License-Identifier: Apache-2.0
// custom-elements.json, which editors read, says what the source does and what docs/widget.md says.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { BelfryBell, version } from '../../src/widget/index.js';

const read = (relative) => readFileSync(fileURLToPath(new URL(relative, import.meta.url)), 'utf8');
const folder = '../../src/widget/';
const source = readdirSync(fileURLToPath(new URL(folder, import.meta.url))).map((name) => read(folder + name)).join('\n');
const docs = read('../../../../docs/widget.md');
const { modules } = JSON.parse(read('../../custom-elements.json'));
const bell = modules.flatMap(({ declarations = [] }) => declarations).find(({ tagName }) => tagName === 'belfry-bell');

const names = (list) => list.map(({ name }) => name).sort();
const found = (text, pattern) => [...new Set([...text.matchAll(pattern)].map(([, name]) => name))].sort();
// The text between a heading, or a sentence, and the next one.
const part = (from, to) => docs.slice(docs.indexOf(from), docs.indexOf(to, docs.indexOf(from)));

test('the modules and the class are where it says', () => {
  for (const { path } of modules) read(`../../${path}`);
  assert.equal(bell.name, BelfryBell.name);
  for (const { kind, name } of bell.members) {
    const member = Object.getOwnPropertyDescriptor(BelfryBell.prototype, name);
    assert.ok(kind === 'method' ? member?.value : member?.get, name);
  }
});

test('has all attributes', () => {
  // The theme is the stylesheet's to read.
  assert.deepEqual(names(bell.attributes), [...BelfryBell.observedAttributes, 'theme'].sort());
  for (const name of names(bell.attributes)) assert.ok(part('## Options', '## Events').includes(`\`${name}\``), name);
  const inJsx = found(read('../../react.d.ts'), /^ {2}'?([a-z-]+)'?\?:/gm);
  assert.deepEqual(inJsx, names(bell.attributes));
});

test('has all events', () => {
  const sent = found(source, /'(belfry-[a-z]+)'/g).filter((name) => name !== bell.tagName);
  assert.deepEqual(names(bell.events), sent);
  assert.deepEqual(found(part('## Events', '```js'), /^\| `(belfry-[a-z]+)`/gm), sent);
  assert.deepEqual(found(read('../../widget.d.ts'), /^ {4}'(belfry-[a-z]+)': CustomEvent/gm), sent);
});

test('has all slots', () => {
  const used = [...found(source, /slot\('([a-z]+)'\)/g), ...found(source, /h\('slot', '', \{ name: '([a-z]+)' \}/g)].sort();
  assert.deepEqual(names(bell.slots), used);
  assert.deepEqual(found(part('Slots: ', '\n\n'), /`([a-z]+)`/g), used);
});

test('has all custom properties that a page may set', () => {
  const ours = ['--level', '--room', '--hue'];
  const used = found(source, /var\((--[a-z-]+)/g).filter((name) => !ours.includes(name));
  assert.deepEqual(names(bell.cssProperties), used);
  assert.deepEqual(found(part('| property |', '\n\n'), /`(--[a-z-]+)`/g), used);
});

test('has the parts that the documents name, and each is a class', () => {
  const documented = found(part('Each class of the shadow root', '. What is not wanted'), /`([a-z]+)`/g);
  assert.deepEqual(names(bell.cssParts), documented);
  // A class is written in a list of them, or is the name of an item's operation.
  const written = new Set(found(source, /['`]([^'`\n]*)['`]/g).flatMap((text) => text.split(' ')));
  for (const name of documented) assert.ok(written.has(name), name);
});

test('the version is the package\'s', () => {
  assert.equal(version, JSON.parse(read('../../package.json')).version);
});
