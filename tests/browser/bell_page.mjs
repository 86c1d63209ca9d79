// SPDX-License-Identifier: Apache-2.0
// A page with the bell in Chromium: what a person sees of it and presses. Each test has a page and a
// user of its own, and its page is checked before it is closed.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { until } from '../support/node/stack.mjs';

export const live = (page) => page.waitForSelector('belfry-bell[data-state=live]', { state: 'attached' });
export const badge = async (page) => {
  const element = page.locator('.badge');
  return await element.isVisible() ? element.getAttribute('data-count') : '';
};
export const badgeIs = (page, text) => until(`the badge says "${text}"`, async () => await badge(page) === text);
export const rows = (page) => page.locator('.panel .item');
export const titles = (page) => page.locator('.panel .item .title > :last-child').allTextContents();
export const titlesAre = (page, expected) => until(`the list is ${expected}`,
  async () => String(await titles(page)) === String(expected));
export const status = (page) => page.locator('[role=status]').first().textContent();
export const open = async (page) => {
  await page.locator('.bell').click();
  await page.waitForSelector('belfry-bell[open]');
};
export const tool = async (page, title, name) => {
  const row = rows(page).filter({ hasText: title });
  await row.hover();
  await row.getByRole('button', { name, exact: true }).click();
};

// What a page's origin keeps.
const kept = () => Promise.all([indexedDB.databases(), caches.keys()]).then(([databases, names]) =>
  [localStorage.length, sessionStorage.length, databases.length, names.length, document.cookie]);

// `now()` gives the file's { app, browser, user }. The test is given a page on which the bell is live.
// It fails also if a script of the page has failed, its policy was violated, or anything was kept.
export const pageTests = (now) => (name, options, body = options) => test(name, async (context) => {
  const { app, browser, user } = now();
  const page = await browser.context.newPage();
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(String(error)));
  try {
    await page.goto(app.url(user, typeof options === 'function' ? {} : options));
    await live(page);
    await body(page, context);
    assert.deepEqual(page.problems, []);
    if (page.url().startsWith(`${app.origin}/?`)) {
      assert.deepEqual(await page.evaluate(() => window.violations), []);
      assert.deepEqual(await page.evaluate(kept), [0, 0, 0, 0, '']);
    }
  } finally {
    await page.close();
  }
});
