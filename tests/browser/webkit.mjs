// SPDX-License-Identifier: Apache-2.0
// Debian's WebKitGTK: its MiniBrowser on a display of its own, driven by plain WebDriver. The same
// names as firefox.mjs.
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { removeFolder, until } from '../support/node/stack.mjs';

const MINI_BROWSER = process.env.BELFRY_MINI_BROWSER ?? '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser';

function start(program, args, options = {}) {
  const child = spawn(program, args, { stdio: 'ignore', ...options });
  child.gone = new Promise((resolve) => {
    child.once('exit', resolve);
    child.once('error', (error) => { child.failed = error; resolve(); });
  });
  return child;
}

async function end(child) {
  child?.kill();
  await child?.gone;
}

// An X server picks its own number and writes it to its third descriptor.
async function openDisplay() {
  const server = start('Xvfb', ['-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  let number = '';
  server.stdio[3].on('data', (text) => { number += text; });
  await until('Xvfb is up', () => {
    if (server.failed) throw server.failed;
    return number.endsWith('\n');
  });
  return { server, name: `:${number.trim()}` };
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

class Driver {
  #base;
  #session = '';
  #first = ''; // the window that it opens with; it stays, for a session ends with its last
  #turn = Promise.resolve(); // commands go to the window that was chosen last, so they take turns

  constructor(port) {
    this.#base = `http://127.0.0.1:${port}`;
  }

  async #send(method, path, body) {
    const answer = await fetch(this.#base + path, {
      method, ...(method === 'POST' && { body: JSON.stringify(body ?? {}), headers: { 'content-type': 'application/json' } }),
    });
    const { value } = await answer.json();
    if (!answer.ok) throw new Error(`${method} ${path}: ${value.error}: ${value.message}`);
    return value;
  }

  ready = () => this.#send('GET', '/status').then(() => true, () => false);

  async open() {
    const { sessionId } = await this.#send('POST', '/session', {
      capabilities: {
        alwaysMatch: {
          browserName: 'MiniBrowser',
          'webkitgtk:browserOptions': { binary: MINI_BROWSER, args: ['--automation'] },
        },
      },
    });
    this.#session = `/session/${sessionId}`;
    await this.#send('POST', `${this.#session}/timeouts`, { script: 30_000, pageLoad: 30_000 });
    this.#first = await this.#send('GET', `${this.#session}/window`);
  }

  close = () => this.#send('DELETE', this.#session);

  // In a window of its own: a tab that is not in front is hidden, and no command brings it there.
  async newTab() {
    const { handle } = await this.command(this.#first, 'POST', '/window/new', { type: 'window' });
    return handle;
  }

  // One command in the window `handle`.
  command(handle, method, path, body) {
    const job = this.#turn.then(async () => {
      await this.#send('POST', `${this.#session}/window`, { handle });
      return this.#send(method, this.#session + path, body);
    });
    this.#turn = job.catch(() => {});
    return job;
  }
}

function tabOf(driver, handle) {
  return {
    // The function's text runs in the page; what it gives may be a promise.
    async run(script, ...args) {
      const [value, error] = await driver.command(handle, 'POST', '/execute/async', {
        script: `const done = arguments[arguments.length - 1];
          Promise.resolve(Array.prototype.slice.call(arguments, 0, -1)).then((args) => (${script})(...args))
            .then((value) => done([value ?? null, null]), (error) => done([null, String(error)]));`,
        args,
      });
      if (error) throw new Error(error);
      return value;
    },
    press: (x, y) => driver.command(handle, 'POST', '/actions', {
      actions: [{
        type: 'pointer', id: 'mouse', parameters: { pointerType: 'mouse' },
        actions: [
          { type: 'pointerMove', duration: 0, x: Math.round(x), y: Math.round(y), origin: 'viewport' },
          { type: 'pointerDown', button: 0 }, { type: 'pointerUp', button: 0 },
        ],
      }],
    }),
    close: () => driver.command(handle, 'DELETE', '/window'),
  };
}

// A browser with an empty profile.
export async function openBrowser() {
  const home = mkdtempSync(join(tmpdir(), 'belfry-webkit-'));
  const display = await openDisplay();
  const port = await freePort();
  const server = start('WebKitWebDriver', [`--port=${port}`, '--host=127.0.0.1'], {
    env: {
      ...process.env, DISPLAY: display.name, HOME: home, XDG_RUNTIME_DIR: home, XDG_CONFIG_HOME: home,
      XDG_DATA_HOME: home, XDG_CACHE_HOME: home, GIO_USE_PORTALS: '0', NO_AT_BRIDGE: '1', LIBGL_ALWAYS_SOFTWARE: '1',
      WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1', // its bubblewrap needs namespaces that containers lack
    },
  });
  const driver = new Driver(port);
  const close = async () => {
    await driver.close().catch(() => {});
    await end(server);
    await end(display.server);
    await removeFolder(home);
  };
  try {
    await until('WebKitWebDriver is up', () => {
      if (server.failed) throw server.failed;
      return driver.ready();
    });
    await driver.open();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    async openTab(url) {
      const handle = await driver.newTab();
      await driver.command(handle, 'POST', '/url', { url });
      return tabOf(driver, handle);
    },
    close,
  };
}
