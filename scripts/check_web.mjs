// SPDX-License-Identifier: Apache-2.0
// What the web code must keep: it parses, says its licence, and leaves out what would open a hole in
// the page that embeds it or keep it from running without a build step.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' });
const files = listed.split('\n').filter((name) => /\.(m?js|html|css)$/.test(name));
const mistakes = [];

// What is served to browsers; tests and scripts run in Node.js.
const served = (name) => !name.endsWith('.mjs') && /^(clients\/web\/src|services|libs)\//.test(name) &&
  !/^clients\/web\/src\/(react|vue)\.js$/.test(name);
const forbidden = [
  [/\.(innerHTML|outerHTML)\s*=[^=]/, 'sets HTML from text; use textContent'],
  [/insertAdjacentHTML|document\.write\b/, 'sets HTML from text; use textContent'],
  [/\beval\s*\(|new Function\s*\(/, 'runs text as code'],
  [/\bon(click|load|error|input|submit|change)\s*=\s*["']/i, 'inline handler; a strict CSP refuses it'],
  [/(src|href)\s*=\s*["']https?:\/\//i, 'loads from another host'],
  [/^\s*import\s[^'"]*['"](?![./])[^'"]+['"]/m, 'imports a package; browsers have no node_modules'],
];

function parses(name) {
  try {
    execFileSync(process.execPath, ['--check', name], { stdio: 'pipe' });
  } catch (error) {
    mistakes.push(`${name}: ${String(error.stderr).split('\n').slice(0, 5).join('\n  ')}`);
  }
}

for (const name of files) {
  const text = readFileSync(name, 'utf8');
  if (!text.slice(0, 200).includes('SPDX-License-Identifier: Apache-2.0')) {
    mistakes.push(`${name}: no SPDX line at its top`);
  }
  if (/\.m?js$/.test(name)) parses(name);
  if (!served(name)) continue;
  text.split('\n').forEach((line, index) => {
    for (const [pattern, why] of forbidden) {
      if (pattern.test(line)) mistakes.push(`${name}:${index + 1}: ${why}`);
    }
  });
}

console.log(mistakes.length > 0 ? mistakes.join('\n') : `${files.length} web files are fine`);
process.exitCode = mistakes.length > 0 ? 1 : 0;
