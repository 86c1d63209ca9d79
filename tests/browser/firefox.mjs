// SPDX-License-Identifier: Apache-2.0
// Debian's Firefox ESR, headless, driven over WebDriver BiDi. The same names as webkit.mjs.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import puppeteer from 'puppeteer-core';

import { removeFolder } from '../support/node/stack.mjs';

const executablePath = process.env.BELFRY_FIREFOX ?? '/usr/bin/firefox-esr';

// A browser with an empty profile. Its tabs: run(script, ...args) gives what the function returns
// in the page, press(x, y) is the mouse's.
export async function openBrowser() {
  const userDataDir = mkdtempSync(join(tmpdir(), 'belfry-firefox-'));
  const browser = await puppeteer.launch({
    browser: 'firefox', executablePath, userDataDir, headless: true,
    extraPrefsFirefox: { 'browser.startup.homepage_override.mstone': 'ignore', 'network.captive-portal-service.enabled': false },
  });
  return {
    async openTab(url) {
      const page = await browser.newPage();
      await page.goto(url);
      return {
        run: (script, ...args) => page.evaluate(script, ...args),
        async press(x, y) {
          await page.bringToFront();
          await page.mouse.click(x, y);
        },
        close: () => page.close(),
      };
    },
    async close() {
      await browser.close();
      await removeFolder(userDataDir);
    },
  };
}
