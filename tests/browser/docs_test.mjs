// SPDX-License-Identifier: Apache-2.0
// The examples of README.md, docs/widget.md and docs/headless.md, as they stand there: what signs a
// token is run by its language, what is for a page runs in one. Only the names that belong to the
// reader's own system are replaced.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { compileScript, parse } from 'vue/compiler-sfc';

import { build } from '../../clients/web/node_modules/esbuild/lib/main.js';
import { compile, install } from '../../clients/web/test/package/install.mjs';
import { Stack, until } from '../support/node/stack.mjs';
import { blankPage, openBrowser } from './chromium.mjs';
import { startProxy } from './proxy.mjs';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const SECRET = randomBytes(32).toString('base64url');
const USER = 'Zoë "z" O’Hara/7';

// The code blocks of a document, by language, in their order.
function examples(file) {
  const found = {};
  for (const [, language, code] of readFileSync(path(`../../${file}`), 'utf8').matchAll(/^```(\w*)\n([^]*?)^```$/gm)) {
    (found[language] ??= []).push(code);
  }
  return found;
}

const widget = examples('docs/widget.md');
const headless = examples('docs/headless.md');
const readme = examples('README.md');

// The one of `blocks` that has `text`.
function having(blocks, text) {
  const [block, another] = blocks.filter((code) => code.includes(text));
  assert.ok(block && !another, `one example has ${text}`);
  return block;
}

let stack;
let edge;
let browser;
let application; // a company's server
let html = ''; // its page
let proxy;
const folder = mkdtempSync(join(tmpdir(), 'belfry-docs-'));

before(async () => {
  application = createServer((request, answer) => {
    if (request.url === '/belfry-token') answer.end(stack.token('alice'));
    else answer.setHeader('content-type', 'text/html; charset=utf-8').end(html);
  });
  await new Promise((resolve) => application.listen(0, '127.0.0.1', resolve));
  application.origin = `http://127.0.0.1:${application.address().port}`;
  stack = await Stack.start({
    edges: 1, edgeArgs: ['--edge-cors-origins', application.origin], jwtKeys: [{ kid: '2026-11', alg: 'HS256', secret: SECRET }],
  });
  edge = `http://${stack.edges[0].http}`;
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await stack?.stop();
  application?.closeAllConnections();
  application?.close();
  await proxy?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const ours = (code) => code.replaceAll('https://bell.example.com', edge).replaceAll("'shop'", "'demo'").replaceAll('"shop"', '"demo"');

// ---- The token, in four languages

const GO = (code) => `package main
import ("crypto/hmac"; "crypto/sha256"; "encoding/base64"; "encoding/json"; "fmt"; "os"; "time")
${code}
func main() {
	secret, _ := base64.RawURLEncoding.DecodeString(os.Getenv("BELFRY_JWT_SECRET"))
	fmt.Print(belfryToken(secret, os.Args[1]))
}`;

// What an application's framework gives the example.
const NODE = (code) => `const requireLogin = null;
const app = { get(path, guard, handle) {
  const answer = { set: () => answer, type: () => answer, send: (text) => process.stdout.write(text) };
  handle({ user: { id: process.argv[2] } }, answer);
} };
${code}`;

for (const [name, file, program, args, source] of [
  ['Node.js', 'token.mjs', process.execPath, [], NODE(having(widget.js, 'createHmac'))],
  ['Python', 'token.py', 'python3', [], `${widget.python[0]}\nimport sys\nprint(belfry_token(sys.argv[1]), end="")\n`],
  ['Go', 'token.go', 'go', ['run'], GO(widget.go[0])],
  ['PHP', 'token.php', 'php', [], `<?php\n${widget.php[0]}\necho belfry_token($argv[1]);\n`],
]) {
  test(`a token signed in ${name} is the user's`, async () => {
    writeFileSync(join(folder, file), source);
    const token = execFileSync(program, [...args, join(folder, file), USER], {
      encoding: 'utf8', env: { ...process.env, BELFRY_JWT_SECRET: SECRET, GOCACHE: join(folder, 'go'), GO111MODULE: 'off' },
    });
    assert.match(token, /^[\w-]+\.[\w-]+\.[\w-]+$/);
    const abort = new AbortController();
    const answer = await fetch(`${edge}/v1/stream`, { headers: { authorization: `Bearer ${token}` }, signal: abort.signal });
    assert.equal(answer.status, 200);
    let text = '';
    for await (const chunk of answer.body) {
      text += Buffer.from(chunk).toString();
      if (/^data: .*\n\n/m.test(text)) break;
    }
    abort.abort();
    assert.equal(JSON.parse(/^data: (.*)$/m.exec(text)[1]).userId, USER);
    const { exp, project } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
    assert.equal(project, 'shop');
    assert.ok(Math.abs(exp - Date.now() / 1000 - 600) < 60, 'ten minutes');
  });
}

// ---- On a page

async function show(content) {
  html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Shop</title><body>${content}`;
  const page = await browser.context.newPage();
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(String(error)));
  await page.goto(application.origin);
  return page;
}

const live = (page) => page.waitForSelector('belfry-bell[data-state=live]', { state: 'attached' });

async function ringsFor(page, user = 'alice') {
  await live(page);
  const title = `Title ${Math.random()}`;
  await stack.notify(user, title);
  await page.locator('.toast').getByText(title).waitFor();
  assert.deepEqual(page.problems, []);
}

async function bundle(contents, { plugins = [], loader = 'jsx' } = {}) {
  const { exports } = JSON.parse(readFileSync(path('../../clients/web/package.json'), 'utf8'));
  const belfry = {
    name: 'belfry',
    setup: ({ onResolve }) => onResolve({ filter: /^@belfry\/web/ }, ({ path: name }) => (
      { path: path(`../../clients/web/${exports[name.replace('@belfry/web', '.')].default}`) })),
  };
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: path('.'), loader }, bundle: true, write: false, format: 'iife', jsx: 'automatic',
    nodePaths: [path('./node_modules')], logLevel: 'silent', plugins: [belfry, ...plugins],
    define: { 'process.env.NODE_ENV': '"development"', __VUE_OPTIONS_API__: 'false', __VUE_PROD_DEVTOOLS__: 'false', __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false' },
  });
  return `<div id="root"></div><script>
    const getToken = () => fetch('/belfry-token').then((answer) => answer.text());
    ${outputFiles[0].text.replaceAll('</script', '<\\/script')}</script>`;
}

test('the two lines are a bell, and README.md has the same', async () => {
  assert.equal(readme.html[0], widget.html[0]);
  const page = await show(ours(widget.html[0]));
  await ringsFor(page);
  await page.close();
});

test('the options by attributes need no script but the bell', async () => {
  const page = await blankPage(browser.context, edge, stack.token('alice'));
  page.problems = [];
  const content = ours(having(widget.html, '<nav>'));
  await page.route(`${edge}/shop`, (route) => route.fulfill({ contentType: 'text/html', body: `<!doctype html><title>x</title>${content}` }));
  await page.goto(`${edge}/shop`);
  await ringsFor(page);
  await browser.context.clearCookies();
  await page.close();
});

test('the theme is taken, and a part can be hidden', async () => {
  const style = having(widget.html, '--accent').replace(/<belfry-bell.*/, '');
  const page = await show(`${style}<style>${widget.css[0]}</style>${ours(widget.html[0])}`);
  await live(page);
  await page.emulateMedia({ colorScheme: 'light' });
  await stack.notify('alice', 'x');
  await page.locator('.bell').click();
  const selected = page.locator('.tab.selected');
  assert.equal(await selected.evaluate((element) => getComputedStyle(element).borderBottomColor), 'rgb(10, 125, 85)');
  await page.emulateMedia({ colorScheme: 'dark' });
  assert.equal(await selected.evaluate((element) => getComputedStyle(element).borderBottomColor), 'rgb(87, 217, 163)');
  await page.locator('.panel .item').first().hover();
  assert.equal(await page.locator('.panel .item .archive').first().isVisible(), true);
  assert.equal(await page.locator('.panel .item .delete').first().isVisible(), false);
  await page.close();
});

test('a page may follow links itself', async () => {
  const handler = having(widget.js, 'router.push');
  const page = await show(`${ours(widget.html[0])}<script>
    const bell = document.querySelector('belfry-bell');
    const router = { push: (to) => { window.followed = to; } };
    ${handler}</script>`);
  await live(page);
  await stack.notify('alice', 'A link', { actionUrl: '/orders/7' });
  await page.locator('.toast').getByText('A link').click();
  assert.equal(await page.evaluate(() => window.followed), '/orders/7');
  await page.close();
});

async function streams() {
  const metrics = await fetch(`http://${stack.edges[0].admin}/metrics`).then((answer) => answer.text());
  return Number(/^belfry_edge_streams (\d+)/m.exec(metrics)[1]);
}

test('the example for React is a bell, and one when it is mounted twice', async () => {
  await until('no other stream is open', async () => await streams() === 0);
  const page = await show(await bundle(`${ours(widget.jsx[0])}
    import { StrictMode } from 'react';
    import { createRoot } from 'react-dom/client';
    const root = createRoot(document.querySelector('#root'));
    root.render(<StrictMode><Bell user={{ id: 'alice' }} /></StrictMode>);
    window.unmount = () => root.unmount();`));
  await ringsFor(page);
  assert.equal(await page.locator('.toast').count(), 1);
  assert.equal(await streams(), 1);
  await page.evaluate(() => window.unmount());
  await until('its stream is gone', async () => await streams() === 0);
  await page.close();
});

test('the examples in TypeScript compile against the package as it is installed, with the real React and Vue', () => {
  const empty = join(folder, 'application');
  mkdirSync(empty);
  install(empty);
  for (const name of ['react', '@types/react', 'csstype', 'vue', '@vue']) {
    mkdirSync(dirname(join(empty, 'node_modules', name)), { recursive: true });
    symlinkSync(path(`./node_modules/${name}`), join(empty, 'node_modules', name));
  }
  writeFileSync(join(empty, 'bell.tsx'), widget.tsx[0]);
  cpSync(path('../../clients/web/test/package/consumer.ts'), join(empty, 'consumer.ts'));
  writeFileSync(join(empty, 'hooks.ts'), `import { useClient, useList, useSnapshot } from '@belfry/web/vue';
    export function setup() {
      const client = useClient({ projectId: 'shop', userId: 'alice' });
      const count: number = useSnapshot(client).value.counts.unreadCount;
      const titles: string[] = useList(client, () => ({ unread: true })).snapshot.value.items.map(({ title }) => title);
      return [count, titles];
    }`);
  compile(empty, ['bell.tsx', 'consumer.ts', 'hooks.ts'], {
    module: 'es2022', moduleResolution: 'bundler', jsx: 'react-jsx', lib: ['es2022', 'dom', 'dom.iterable'],
  });
});

test('the tag with a hash and an integrity is what the shell says, and another file is refused', async () => {
  const script = ours(having(widget.sh, 'openssl'));
  const tag = execFileSync('bash', ['-euc', script], { encoding: 'utf8' });
  assert.match(tag, /widget\.[0-9a-f]{8}\.js" integrity="sha384-[\w+/=]{64}" crossorigin>/);
  const [, init] = ours(widget.html[0]).split('\n');
  const page = await show(`${tag}${init}`);
  await ringsFor(page);
  await page.close();
  const wrong = await show(tag.replace(/sha384-./, (start) => (start.endsWith('A') ? 'sha384-B' : 'sha384-A')));
  assert.equal(await wrong.evaluate(() => typeof Belfry), 'undefined');
  await wrong.close();
});

test('the example for Vue is a bell', async () => {
  const { descriptor } = parse(ours(widget.vue[0]), { filename: 'Bell.vue' });
  const { content } = compileScript(descriptor, {
    id: 'bell', inlineTemplate: true, templateOptions: { compilerOptions: { isCustomElement: (tag) => tag === 'belfry-bell' } },
  });
  const component = {
    name: 'component',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^Bell\.vue$/ }, () => ({ path: 'Bell.vue', namespace: 'vue' }));
      onLoad({ filter: /.*/, namespace: 'vue' }, () => ({ contents: content, loader: 'js', resolveDir: path('.') }));
    },
  };
  const page = await show(await bundle(`import { createApp } from 'vue';
    import Bell from 'Bell.vue';
    createApp(Bell).mount('#root');`, { plugins: [component] }));
  await ringsFor(page);
  await page.close();
});

test('the headless client\'s examples count and toast', async () => {
  await stack.notify('alice', 'From before');
  const page = await show(`<script>
    window.counts = []; window.toasts = [];
    const draw = (count) => window.counts.push(count);
    const toast = (title) => window.toasts.push(title);</script>
    <script type="module">${ours(having(headless.js, 'createClient'))}</script>`);
  await until('it is connected', () => page.evaluate(() => window.counts.at(-1) > 0));
  await stack.notify('alice', 'For the headless');
  await until('it has come', () => page.evaluate(() => window.toasts.includes('For the headless')));
  await page.close();

  const badge = await show(await bundle(`import { useClient, useSnapshot } from '@belfry/web/react';
    ${ours(having(headless.jsx, 'Badge')).replace("projectId:", `url: '${edge}', projectId:`)}
    import { createRoot } from 'react-dom/client';
    createRoot(document.querySelector('#root')).render(<Badge />);`));
  await until('it counts', async () => Number(await badge.textContent('#root b')) > 0);
  const count = Number(await badge.textContent('#root b'));
  await stack.notify('alice', 'One more');
  await until('it counts one more', async () => Number(await badge.textContent('#root b')) === count + 1);
  await badge.close();
});

test('the EventSource recipe survives what EventSource gives up on', async () => {
  proxy = await startProxy([stack.edges[0].http]);
  const page = await blankPage(browser.context, proxy.origin, stack.token('eve'));
  await page.clock.install();
  let renewed = 0;
  await page.route('**/my-login/renew', (route) => route.fulfill({ status: ++renewed && 204 }));
  await page.addScriptTag({ content: `${having(widget.js, 'EventSource.CLOSED')}
    window.got = [];
    listen((notification) => window.got.push(notification.title));` });
  const title = async (name) => {
    await stack.notify('eve', name);
    return (await page.evaluate(() => window.got)).includes(name);
  };
  await until('it listens', () => title('before'));
  await stack.kill('edge-1');
  await until('it has been given up', () => proxy.refused > 0);
  await stack.revive('edge-1');
  await until('it listens again', async () => {
    await page.clock.fastForward(1_000);
    return title('after');
  });
  assert.equal(renewed, 1);
  await page.close();
});
