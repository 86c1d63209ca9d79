// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

test('the widget can be imported where there is no DOM', async () => {
  assert.equal(globalThis.document, undefined);
  const { createClient, init, version } = await import('../../src/widget/index.js');
  assert.equal(typeof init, 'function');
  assert.equal(typeof createClient, 'function');
  assert.match(version, /^\d+\.\d+\.\d+$/);
});
