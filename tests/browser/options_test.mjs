// SPDX-License-Identifier: Apache-2.0
// What a page may set, hear and replace of the bell (docs/widget.md), where it shows itself on wide
// and on narrow screens, and what it says when something is missing.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { Stack, until } from '../support/node/stack.mjs';
import { App } from './app.mjs';
import { badge, badgeIs, live, open, pageTests, rows, status, titles, titlesAre, tool } from './bell_page.mjs';
import { openBrowser } from './chromium.mjs';

let app;
let stranger; // an application that the edge does not know
let stack;
let browser;
let user;
let users = 0;

before(async () => {
  app = await App.start();
  stranger = await App.start();
  stack = await Stack.start({
    // No heartbeat is missed while a page's clock is wound by a minute.
    edges: 1, edgeArgs: ['--edge-cors-origins', app.origin, '--edge-heartbeat', '60s'], storeArgs: ['--store-critical-kinds', 'security.'],
  });
  for (const one of [app, stranger]) {
    one.edge = `http://${stack.edges[0].http}`;
    one.token = (name, project) => stack.token(name, { project });
  }
  browser = await openBrowser();
  browser.context.setDefaultTimeout(30_000);
});

after(async () => {
  await browser?.close();
  await stack?.stop();
  await app?.stop();
  await stranger?.stop();
});

beforeEach(() => {
  users += 1;
  user = `user-${users}`;
});

const withPage = pageTests(() => ({ app, browser, user }));

const problem = (status, rest) => ({
  status, contentType: 'application/problem+json',
  headers: { 'access-control-allow-origin': app.origin, 'access-control-allow-credentials': 'true' },
  body: JSON.stringify({ title: 'No', status, ...rest }),
});
const counts = async () => (await fetch(`${app.edge}/v1/counts`, { headers: { authorization: `Bearer ${stack.token(user)}` } })).json();
const unreadAtTheServer = (n) => until(`${n} are unread`, async () => (await counts()).unreadCount === n);
const configure = (page, options) => page.evaluate((all) => window.bell.configure(all), options);
const openState = (page, is) => until(`open is ${is}`, async () => await page.evaluate(() => window.bell.open) === is);

// ---- What it counts

withPage('a badge of what is unseen is cleared by opening the drawer, which reads nothing', { options: { badge: 'unseen' } }, async (page) => {
  const other = await openBrowser();
  try {
    const there = await other.context.newPage();
    await there.goto(app.url(user, { options: { badge: 'unseen' } }));
    await live(there);
    await stack.notify(user, 'First');
    await stack.notify(user, 'Second');
    for (const one of [page, there]) await badgeIs(one, '2');
    await open(page);
    for (const one of [page, there]) await badgeIs(one, '');
    assert.equal(await rows(page).and(page.locator('.unread')).count(), 2);
    assert.equal((await counts()).unreadCount, 2);
    await stack.notify(user, 'Third'); // while it is open
    await titlesAre(page, ['Third', 'Second', 'First']);
    await badgeIs(page, '');
    await page.keyboard.press('Escape');
    await stack.notify(user, 'Fourth');
    for (const one of [page, there]) await badgeIs(one, '1');
    await configure(page, { badge: 'unread' });
    await badgeIs(page, '4');
  } finally {
    await other.close();
  }
});

// ---- What the page hears and prevents

withPage('opens and closes as it is told, unless the page prevents it, and says so', {
  after: `window.heard = []; window.refuse = true;
    for (const name of ['open', 'close']) {
      document.addEventListener('belfry-' + name, (event) => {
        window.heard.push(name);
        if (name === 'open' && window.refuse) event.preventDefault();
      });
    }`,
}, async (page) => {
  await page.locator('.bell').click();
  await page.evaluate(() => { window.bell.open = true; });
  await page.evaluate(() => window.bell.setAttribute('open', ''));
  await until('it was asked three times', () => page.evaluate(() => window.heard.length === 3));
  assert.equal(await page.evaluate(() => window.bell.open), false);
  await page.evaluate(() => {
    window.bell.removeAttribute('open');
    window.heard = [];
    window.refuse = false;
    window.bell.open = true;
  });
  await openState(page, true);
  assert.equal(await page.locator('.bell').getAttribute('aria-expanded'), 'true');
  await page.evaluate(() => window.bell.removeAttribute('open'));
  await openState(page, false);
  await configure(page, { open: true });
  await openState(page, true);
  await page.keyboard.press('Escape');
  await openState(page, false);
  assert.equal(await page.evaluate(() => window.bell.hasAttribute('open')), false);
  assert.deepEqual(await page.evaluate(() => window.heard), ['open', 'close', 'open', 'close']);
});

withPage('says each change of counts and state', {
  after: "window.changes = []; bell.addEventListener('belfry-change', ({ detail }) => window.changes.push([detail.state, detail.counts.unreadCount, detail.problem]));",
}, async (page) => {
  await stack.notify(user, 'One');
  await until('it is said', () => page.evaluate(() => String(window.changes.at(-1)) === 'live,1,'));
  await page.evaluate(() => window.bell.client.stop());
  await until('that is, too', () => page.evaluate(() => window.changes.at(-1)[0] === 'idle'));
});

withPage('an action without an address is the page\'s, one with an address is followed unless it prevents that', {
  after: `window.pressed = [];
    bell.addEventListener('belfry-action', (event) => {
      window.pressed.push([event.detail.action.label, event.detail.notification.title]);
      if (event.detail.action.label === 'Here') event.preventDefault();
    });
    bell.addEventListener('belfry-click', () => window.pressed.push('a click'));`,
}, async (page) => {
  const actions = [{ label: 'Here', url: '/here' }, { label: 'Retry' }, { label: 'A third' }];
  await stack.notify(user, 'First', { meta: { actions } });
  await stack.notify(user, 'Second', { meta: { actions: [{ label: 'There', url: '/there' }] } });
  await open(page);
  await titlesAre(page, ['Second', 'First']);
  const press = (label) => page.locator('.panel .action').getByText(label, { exact: true }).click();
  assert.equal(await page.locator('.panel .action').getByText('A third').count(), 0);
  await press('Retry');
  await badgeIs(page, '1');
  await press('Here');
  assert.deepEqual(await page.evaluate(() => window.pressed), [['Retry', 'First'], ['Here', 'First']]);
  assert.ok(!page.url().includes('/here'));
  await press('There');
  await page.waitForURL('**/there');
  await unreadAtTheServer(0);
});

withPage('a link that is followed marks as read although the page goes away; a row\'s buttons follow none', async (page) => {
  await stack.notify(user, 'First', { actionUrl: '/elsewhere' });
  await stack.notify(user, 'Second', { actionUrl: '/elsewhere' });
  await open(page);
  await titlesAre(page, ['Second', 'First']);
  await tool(page, 'Second', 'Mark as read');
  await badgeIs(page, '1');
  assert.ok(!page.url().includes('/elsewhere'));
  await rows(page).filter({ hasText: 'First' }).locator('.title').click();
  await page.waitForURL('**/elsewhere');
  await unreadAtTheServer(0);
});

// ---- Where it is

const box = (page, selector) => page.locator(selector).boundingBox();
const near = (a, b) => Math.abs(a - b) < 2;
// Where the bell is in the window.
const put = (page, left, top) => page.evaluate(([x, y]) => {
  const { style } = document.querySelector('#slot');
  style.setProperty('position', 'fixed');
  style.setProperty('left', `${x}px`);
  style.setProperty('top', `${y}px`);
}, [left, top]);

for (const dir of ['ltr', 'rtl']) {
  withPage(`the drawer opens where it was asked to, where there is room: ${dir}`, { dir }, async (page) => {
    await page.setViewportSize({ width: 1100, height: 900 });
    await configure(page, { kinds: [] });
    const opened = async (placement, left, top) => {
      await put(page, left, top);
      await configure(page, { placement, open: true });
      const [panel, bell] = [await box(page, '.panel'), await box(page, '.bell')];
      await configure(page, { open: false });
      assert.ok(panel.x >= 0 && panel.x + panel.width <= 1100 && panel.y >= 0 && panel.y + panel.height <= 900, placement);
      return {
        below: panel.y >= bell.y + bell.height, above: panel.y + panel.height <= bell.y,
        leftEdges: near(panel.x, bell.x), rightEdges: near(panel.x + panel.width, bell.x + bell.width),
      };
    };
    for (const [placement, side] of [['bottom-end', 'end'], ['bottom-start', 'start'], ['top-end', 'end'], ['top-start', 'start']]) {
      const where = await opened(placement, 530, 430);
      assert.equal(placement.startsWith('top') ? where.above : where.below, true, placement);
      assert.equal((side === 'start') === (dir === 'ltr') ? where.leftEdges : where.rightEdges, true, placement);
    }
    // No room there.
    assert.equal((await opened('bottom-end', 530, 850)).above, true);
    assert.equal((await opened('top-end', 530, 10)).below, true);
    await opened('bottom-end', 10, 10);
    await opened('bottom-start', 1050, 10);
  });
}

withPage('follows its bell when the page is scrolled', async (page) => {
  await page.evaluate(() => {
    document.body.style.setProperty('height', '3000px');
    window.bell.open = true;
  });
  await until('it has come to rest', () => page.evaluate(() => window.bell.shadowRoot.getAnimations().length === 0));
  const gap = async () => (await box(page, '.panel')).y - (await box(page, '.bell')).y;
  const before = await gap();
  await page.evaluate(() => scrollTo(0, 30));
  await until('it has followed', async () => near(await gap(), before));
});

withPage('on a narrow screen it is a modal dialog that fills it, and speaks from inside', {}, async (page) => {
  await page.setViewportSize({ width: 390, height: 700 });
  await stack.notify(user, 'First');
  await badgeIs(page, '1');
  await open(page);
  await titlesAre(page, ['First']);
  await until('it fills the screen', async () => {
    const { x, y, width, height } = await box(page, '.panel');
    return near(x, 0) && near(y, 0) && near(width, 390) && near(height, 700);
  });
  assert.equal(await page.evaluate(() => window.bell.shadowRoot.querySelector('.panel').matches(':modal')), true);
  for (let i = 0; i < 12; i++) {
    await page.keyboard.press('Tab');
    const where = await page.evaluate(() => [document.activeElement.localName, !!window.bell.shadowRoot.activeElement?.closest('.panel')]);
    assert.ok(where[0] === 'body' || where[1], `the focus is at ${where}`);
  }
  await stack.notify(user, 'Second');
  await titlesAre(page, ['Second', 'First']);
  const inside = page.locator('.panel [role=status]').first();
  await until('it is said inside', async () => await inside.textContent() === '1 new notification');
  await page.locator('.panel .close').click();
  await openState(page, false);
  assert.match(await page.evaluate(() => window.bell.shadowRoot.activeElement.ariaLabel), /^Notifications/);
  await open(page);
  await page.keyboard.press('Escape');
  await openState(page, false);
  await page.setViewportSize({ width: 1000, height: 700 });
  await stack.notify(user, 'Third');
  await until('it is said outside', async () => await status(page) === '1 new notification');
});

withPage('toasts come up in the corner that the page says, or not at all', async (page) => {
  await page.setViewportSize({ width: 1000, height: 700 });
  for (const [toasts, left, top] of [['bottom-end', false, false], ['top-end', false, true], ['top-start', true, true], ['bottom-start', true, false]]) {
    await configure(page, { toasts });
    await stack.notify(user, `At ${toasts}`);
    await page.locator('.toast').getByText(`At ${toasts}`).waitFor();
    const { x, y, width, height } = await box(page, '.toasts');
    assert.ok(left ? near(x, 20) : near(x + width, 980), toasts);
    assert.ok(top ? near(y, 20) : near(y + height, 680), toasts);
    await page.locator('.toast').first().getByRole('button', { name: 'Close' }).click();
  }
  await configure(page, { toasts: 'off' });
  await stack.notify(user, 'None');
  await badgeIs(page, '5');
  assert.equal(await page.locator('.toast').count(), 0);
});

withPage('a toast waits while it has the focus, and one that stays grows older', async (page) => {
  await page.clock.install();
  await stack.notify(user, 'It broke', { level: 'error' });
  await stack.notify(user, 'It works');
  await page.locator('.toast').nth(1).waitFor();
  const works = page.locator('.toast').filter({ hasText: 'It works' });
  await works.getByRole('button', { name: 'Close' }).focus();
  await page.clock.runFor(10_000);
  assert.equal(await page.locator('.toast').count(), 2);
  await page.evaluate(() => window.bell.focus());
  await page.clock.runFor(10_000);
  assert.equal(await page.locator('.toast').count(), 1);
  await page.clock.runFor(70_000);
  assert.match(await page.locator('.toast .time').textContent(), /^[12]m ago$/);
});

test('the drawer\'s times go on, and have the whole date', async (context) => {
  const device = await openBrowser(); // a clock is the context's, and remembers how it was wound
  context.after(() => device.close());
  const page = await device.context.newPage();
  await page.goto(app.url(user));
  await live(page);
  await stack.notify(user, 'There');
  await badgeIs(page, '1');
  await page.clock.install();
  await open(page);
  await titlesAre(page, ['There']);
  const time = rows(page).locator('.time');
  assert.equal(await time.textContent(), 'now');
  assert.match(await time.getAttribute('title'), /\d{4}/);
  await page.clock.runFor(95_000);
  assert.match(await time.textContent(), /^[12]m ago$/);
});

// ---- Its look and its words

withPage('its theme is the page\'s to say, whatever the system\'s is', async (page) => {
  const back = () => page.locator('.panel').evaluate((element) => getComputedStyle(element).backgroundColor);
  await open(page);
  for (const system of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: system });
    const seen = {};
    for (const theme of ['auto', 'light', 'dark']) {
      await configure(page, { theme });
      seen[theme] = await back();
    }
    assert.deepEqual([seen.light, seen.dark], ['rgb(255, 255, 255)', 'rgb(25, 26, 31)'], system);
    assert.equal(seen.auto, seen[system]);
  }
});

withPage('nothing moves for who has asked for that', async (page) => {
  const moving = () => page.evaluate(() => window.bell.shadowRoot.getAnimations().length);
  const ring = async (title) => {
    await page.evaluate(() => {
      window.most = 0;
      const look = () => {
        window.most = Math.max(window.most, window.bell.shadowRoot.getAnimations().length);
        window.frame = requestAnimationFrame(look);
      };
      look();
    });
    await stack.notify(user, title);
    await page.locator('.toast').getByText(title).waitFor();
    await page.evaluate(() => { window.bell.open = true; });
    await titlesAre(page, [title, ...await titles(page).then((all) => all.filter((one) => one !== title))]);
    return page.evaluate(() => {
      cancelAnimationFrame(window.frame);
      window.bell.open = false;
      return window.most;
    });
  };
  await page.emulateMedia({ reducedMotion: 'no-preference' });
  assert.ok(await ring('Moves') > 0, 'the test would see it');
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await until('all has come to rest', async () => await moving() === 0);
  assert.equal(await ring('Rests'), 0);
});

withPage('slots have the page\'s own icon, header, footer and words for an empty list', {
  after: `for (const name of ['bell', 'header', 'footer', 'empty']) {
    const own = document.createElement('b');
    own.slot = name;
    own.textContent = 'own ' + name;
    bell.append(own);
  }`,
}, async (page) => {
  assert.equal(await page.getByText('own bell').isVisible(), true);
  assert.equal(await page.locator('.bell > slot .icon').isVisible(), false);
  await page.getByText('own bell').click();
  await openState(page, true);
  for (const name of ['header', 'footer', 'empty']) await page.getByText(`own ${name}`).waitFor();
  await stack.notify(user, 'There');
  await titlesAre(page, ['There']);
  assert.equal(await page.getByText('own empty').isVisible(), false);
});

withPage('an empty inbox and an empty archive say so', async (page) => {
  await open(page);
  await page.locator('.message h3').getByText('You’re all caught up').waitFor();
  await page.locator('.tab', { hasText: 'Archived' }).click();
  await page.locator('.message h3').getByText('Nothing archived').waitFor();
});

withPage('words of the page\'s own, plurals among them, in a language that has no file', {
  options: { locale: 'nl', strings: { notifications: 'Meldingen', fresh: { one: '{n} melding', other: '{n} meldingen' }, unreadCount: '{n} ongelezen' } },
}, async (page) => {
  const label = () => page.locator('.bell').getAttribute('aria-label');
  assert.equal(await label(), 'Meldingen');
  await stack.notify(user, 'Een');
  await until('it is said', async () => await status(page) === '1 melding');
  assert.equal(await label(), 'Meldingen, 1 ongelezen');
  await open(page);
  assert.equal(await page.locator('.heading').textContent(), 'Meldingen');
  assert.match(await rows(page).locator('.time').textContent(), /nu/);
  await configure(page, { locale: 'fr', strings: {} });
  await until('it speaks French', async () => await page.locator('.heading').textContent() === 'Notifications'
    && await page.locator('.tab').first().textContent() === 'Toutes');
});

withPage('a page whose language is no language has English', { lang: '12 not a language' }, async (page) => {
  assert.equal(await page.locator('.bell').getAttribute('aria-label'), 'Notifications');
});

withPage('Arabic on a page from left to right is mirrored', { options: { locale: 'ar' } }, async (page) => {
  await stack.notify(user, 'Hello');
  await badgeIs(page, await page.evaluate(() => new Intl.NumberFormat('ar').format(1)));
  await open(page);
  await titlesAre(page, ['Hello']);
  const panel = await box(page, '.panel');
  const avatar = await box(page, '.panel .avatar');
  assert.ok(avatar.x > panel.x + panel.width / 2, 'pictures are on the right');
  const heading = await box(page, '.heading');
  const settings = await box(page, '.header .settings');
  assert.ok(settings.x < heading.x, 'buttons are on the left');
});

// ---- Two lines, wherever they stand

test('the two lines may stand in the head of the page', async () => {
  const page = await browser.context.newPage();
  try {
    await page.goto(app.url(user, { head: 'yes', options: { target: 'nav' } }));
    await live(page);
    assert.equal(await page.locator('nav > belfry-bell').count(), 1);
    await stack.notify(user, 'There');
    await badgeIs(page, '1');
    assert.deepEqual(await page.evaluate(() => window.violations), []);
  } finally {
    await page.close();
  }
});

withPage('two bells of two projects on one page are strangers to each other', {
  after: `const me = new URLSearchParams(location.search).get('user');
    window.second = Belfry.init({ projectId: 'other', userId: me, target: 'main', getToken: () => fetch('/token?project=other&user=' + me).then((r) => r.text()) });`,
}, async (page) => {
  const shown = () => page.evaluate(() => [window.bell, window.second].map((bell) => (
    [bell.dataset.state, bell.shadowRoot.querySelector('.badge').dataset.count, bell.shadowRoot.querySelectorAll('.toast').length])));
  await until('both are live', async () => (await shown()).every(([state]) => state === 'live'));
  await stack.notify(user, 'For the first');
  await until('it has come', async () => (await shown())[0][1] === '1');
  assert.deepEqual(await shown(), [['live', '1', 1], ['live', '0', 0]]);
});

test('a page that names nobody is refused, and is told so once on the console', async () => {
  const page = await browser.context.newPage();
  const lines = [];
  page.on('console', (message) => lines.push(message.text()));
  try {
    await page.goto(app.url(user));
    await live(page);
    await page.evaluate(() => {
      window.bell.remove();
      Belfry.init({ getToken: () => fetch('/token?user=somebody').then((answer) => answer.text()) });
    });
    await page.waitForSelector('belfry-bell[data-state=refused]', { state: 'attached' });
    await until('it is said', () => lines.some((line) => /^belfry: (USER|PROJECT)_MISMATCH: /.test(line)));
    assert.equal(lines.filter((line) => line.startsWith('belfry: ')).length, 1);
    await page.locator('.bell').click();
    await page.locator('.message h3').getByText('Notifications are unavailable').waitFor();
  } finally {
    await page.close();
  }
});

// ---- What is wrong is said

withPage('a connection that is lost is said once it takes a while, and over when it is back', async (page) => {
  await stack.notify(user, 'Before');
  await open(page);
  await titlesAre(page, ['Before']);
  await stack.kill('edge-1');
  await page.locator('.banner').getByText('Connection lost. Reconnecting…').waitFor();
  await titlesAre(page, ['Before']); // what is there stays
  await stack.revive('edge-1');
  await live(page);
  await page.locator('.banner').waitFor({ state: 'hidden' });
});

test('a page that the edge does not know is told why its list cannot be had', async () => {
  const page = await browser.context.newPage();
  try {
    await page.clock.install(); // five attempts, with pauses
    await page.goto(stranger.url(user));
    await page.waitForSelector('belfry-bell[data-state=waiting]', { state: 'attached' });
    await page.locator('.bell').click();
    await until('it says so', async () => {
      await page.clock.runFor(5_000);
      return (await page.locator('.message p').allTextContents()).includes('BLOCKED_BY_CORS');
    });
    await page.locator('.banner').getByText('Connection lost').waitFor();
  } finally {
    await page.close();
  }
});

// ---- Preferences

const openSettings = async (page) => {
  await open(page);
  await page.getByRole('button', { name: 'Settings' }).click();
};

withPage('a kind that the project marks critical cannot be muted, and that is said', {
  options: { kinds: [{ kind: 'security.', label: 'Security' }, { kind: 'digest.', label: 'Digests' }] },
}, async (page) => {
  await openSettings(page);
  const security = page.getByRole('switch', { name: 'Security' });
  await security.click();
  await page.locator('.note').getByText('This cannot be turned off.').waitFor();
  assert.equal(await security.isChecked(), true);
  await page.getByRole('switch', { name: 'Digests' }).click();
  await until('it is muted', async () => {
    const answer = await fetch(`${app.edge}/v1/preferences`, { headers: { authorization: `Bearer ${stack.token(user)}` } });
    return String((await answer.json()).mutedKinds) === 'digest.';
  });
  assert.equal(await page.locator('.note').textContent(), '');
  await page.keyboard.press('Escape');
  await openSettings(page);
  await until('it is off', async () => !await page.getByRole('switch', { name: 'Digests' }).isChecked());
});

// A switch that is disabled meanwhile has the focus still, and swallows the key.
withPage('Escape closes the drawer while a preference is being changed', {
  options: { kinds: [{ kind: 'digest.', label: 'Digests' }] },
}, async (page) => {
  let change = () => {};
  const held = new Promise((resolve) => { change = resolve; });
  await page.route('**/v1/preferences?*', async (route) => {
    if (route.request().method() === 'PUT') {
      await held;
    }
    await route.continue();
  });
  await openSettings(page);
  const digests = page.getByRole('switch', { name: 'Digests' });
  await digests.click();
  await page.keyboard.press('Escape');
  await page.waitForSelector('belfry-bell:not([open])');
  change();
  await openSettings(page);
  await until('it is off', async () => !await digests.isChecked());
});

withPage('preferences that cannot be read or fetched say so', async (page) => {
  await page.route('**/v1/preferences?*', (route) => route.fulfill(problem(404, { detail: 'no such thing' })));
  await openSettings(page);
  await page.locator('.note').getByText('no such thing').waitFor();
  await page.getByRole('button', { name: 'Back' }).click();
  assert.equal(await page.evaluate(() => window.bell.shadowRoot.activeElement.title), 'Settings');
});

withPage('a part that is no longer at the edge is not missed in silence', async (page) => {
  await page.route('**/preferences.*.js', (route) => route.fulfill({ status: 404 }));
  await openSettings(page);
  await page.locator('.snack').getByText('This could not be loaded').waitFor();
  await page.unroute('**/preferences.*.js');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.locator('.note').getByText('There is nothing to choose from yet.').waitFor();
});
