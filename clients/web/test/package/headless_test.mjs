// SPDX-License-Identifier: Apache-2.0
// docs/headless.md has every function, state, event and problem of the headless client, and no other.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { createClient } from '../../src/client/index.js';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const read = (relative) => readFileSync(path(relative), 'utf8');
const docs = read('../../../../docs/headless.md');
const types = read('../../src/client/types.js');
const source = readdirSync(path('../../src/client')).map((name) => read(`../../src/client/${name}`)).join('\n');

// Of the tables between two headings: the names in their first column.
function firstColumn(from, to) {
  const part = docs.slice(docs.indexOf(from), docs.indexOf(to));
  assert.ok(part, from);
  const cells = [...part.matchAll(/^\| (`[^|]*`) \|/gm)].map(([, cell]) => cell);
  return cells.flatMap((cell) => [...cell.matchAll(/`([A-Za-z_]+)/g)].map(([, name]) => name)).sort();
}

const members = (typedef) => [...types.slice(types.indexOf(`@typedef {object} ${typedef}\n`)).split('*/')[0]
  .matchAll(/^ \* @property \{[^\n]*?\} \[?(\w+)/gm)].map(([, name]) => name).sort();

test('every function', () => {
  const made = Object.keys(createClient({ projectId: 'p', userId: 'u' })).sort();
  const part = firstColumn('It does nothing until', '## The snapshot');
  assert.deepEqual(part, made);
});

test('every option, every member of the snapshot and of a list', () => {
  const table = (from, to, rows) => firstColumn(from, to).filter((name) => rows.includes(name));
  assert.deepEqual(table('## createClient(options)', 'It does nothing until', members('Options')), members('Options'));
  assert.deepEqual(table('## The snapshot', '## Problems', members('Snapshot')), members('Snapshot'));
  assert.deepEqual(table('## Lists', '## Changes', members('List')), members('List'));
});

test('every state', () => {
  const [, states] = /@typedef \{([^}]*)\} State/.exec(types);
  const all = states.split('|').map((state) => state.slice(1, -1)).sort();
  const described = docs.slice(docs.indexOf('| state |'), docs.indexOf('## Problems'));
  assert.deepEqual([...described.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name).sort(), all);
});

test('every event', () => {
  const part = docs.slice(docs.indexOf('## Events'), docs.indexOf('## Lists'));
  assert.deepEqual([...part.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name).sort(), members('ClientEvents'));
});

test('every problem that the client names', () => {
  const named = new Set([...source.matchAll(/(?:failure|alone|toFailure)\([^)]*?'([A-Z_]{4,})'/g),
    ...source.matchAll(/^ {2}([A-Z_]{4,}): '/gm), ...source.matchAll(/return '?(?:reached \? )?'([A-Z_]{4,})'/g)].map(([, code]) => code));
  const documented = firstColumn('## Problems', '## Events');
  for (const code of named) assert.ok(documented.includes(code), code);
  assert.ok(named.size > 12, [...named].join());
});
