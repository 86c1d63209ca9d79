// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createTokens, expiryOf } from '../../src/client/token.js';

const jwt = (exp, id = '') => `h.${Buffer.from(JSON.stringify({ exp, id, sub: 'grüße?>' })).toString('base64url')}.s`;

test('reads the end of a token, and takes what is no JWT as endless', () => {
  assert.equal(expiryOf(jwt(1000)), 1_000_000);
  assert.equal(expiryOf('opaque'), Infinity);
  assert.equal(expiryOf('a.!!.c'), Infinity);
});

test('asks once for many, again only when it is due, and says why', async () => {
  let clock = 0;
  const asked = [];
  const tokens = createTokens(async (how) => {
    asked.push(how.expired);
    return jwt(clock / 1000 + 600, String(asked.length));
  }, () => clock);
  const [a, b] = await Promise.all([tokens.get(), tokens.get()]);
  assert.equal(a, b);
  clock = 539_000;
  assert.equal(await tokens.get(), a);
  clock = 541_000;
  assert.notEqual(await tokens.get(), a);
  assert.deepEqual(asked, [false, true]);
});

test('one refusal renews once, whoever hears of it', async () => {
  let asked = 0;
  const tokens = createTokens(async () => jwt(1e9, String(++asked)), () => 0);
  const old = await tokens.get();
  const [a, b] = await Promise.all([tokens.renew(old), tokens.renew(old)]);
  assert.equal(a, b);
  assert.equal(await tokens.renew(old), a, 'it was renewed meanwhile');
  assert.equal(asked, 2);
});

test('a renewal that fails leaves the old one in use until its end', async () => {
  let clock = 0;
  let works = true;
  const tokens = createTokens(async () => {
    if (works) return jwt(600);
    throw new Error('down');
  }, () => clock);
  const token = await tokens.get();
  works = false;
  clock = 550_000;
  assert.equal(await tokens.get(), token);
  await assert.rejects(tokens.renew(), ({ problem }) => problem.code === 'TOKEN_FAILED');
  clock = 601_000;
  await assert.rejects(tokens.get(), ({ problem }) => problem.code === 'TOKEN_FAILED' && problem.detail.includes('down'));
});

test('no token is told from a getToken that fails', async () => {
  for (const nothing of ['', null, undefined, 42]) {
    await assert.rejects(createTokens(() => nothing, () => 0).get(), ({ problem }) => problem.code === 'NO_TOKEN');
  }
  await assert.rejects(createTokens(() => { throw new Error('x'); }, () => 0).get(),
    ({ problem }) => problem.code === 'TOKEN_FAILED');
});

test('without getToken there is none', async () => {
  assert.equal(await createTokens(undefined, () => 0).get(), '');
});
