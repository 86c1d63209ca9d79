// SPDX-License-Identifier: Apache-2.0
// ./dev attack: what a hostile neighbour, producer, browser or stranger would try, on a stack of its
// own on loopback. Exits with 1 if a row found a fault.
//
//   node attack.mjs [list] [--quick] [--json FILE] [ROW...]
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { rows } from './rows.mjs';
import { Victim } from './victim.mjs';

const ROW_MS = 120_000;

function fail(text) {
  console.error(`attack: ${text}`);
  process.exit(2);
}

function options() {
  try {
    const { values, positionals } = parseArgs({
      options: { quick: { type: 'boolean' }, json: { type: 'string' }, list: { type: 'boolean' } },
      allowPositionals: true,
    });
    const list = values.list || positionals[0] === 'list';
    return { ...values, list, names: positionals[0] === 'list' ? positionals.slice(1) : positionals };
  } catch (error) {
    return fail(error.message);
  }
}

// A name is a row's, or the beginning of several.
function chosen({ names, quick }) {
  for (const name of names) {
    if (!rows.some((row) => row.name.startsWith(name))) fail(`no such row: ${name} (./dev attack list names them)`);
  }
  return rows.filter((row) => (names.length > 0 ? names.some((name) => row.name.startsWith(name)) : row.quick || !quick));
}

function checkNames() {
  const names = new Set(rows.map((row) => row.name));
  if (names.size !== rows.length) fail('two rows have one name');
}

// {late: true} when the row is not over in time; it may go on.
async function bounded(action) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve({ safe: false, late: true, seen: `not over after ${ROW_MS / 1000} s` }), ROW_MS);
  });
  try {
    return await Promise.race([action(), late]);
  } finally {
    clearTimeout(timer);
  }
}

// One row: {verdict, seen, late}. Whatever a row saw, the victims must be well after it.
async function judge(row, victim) {
  const skip = row.skip?.(victim);
  if (skip) return { verdict: 'skipped', seen: skip };
  let result;
  try {
    result = await bounded(() => row.run(victim));
  } catch (error) {
    result = { safe: false, seen: `the row itself failed: ${error.stack}` };
  }
  const harm = result.late ? undefined : await victim.harm();
  if (harm) result = { safe: false, seen: `${result.seen}; afterwards ${harm}` };
  const { seen, late } = result;
  return { verdict: result.safe ? 'safe' : 'FAULT', seen, late };
}

function print({ name, tries, expected, verdict, seen, seconds }) {
  console.log(`${name}: ${verdict} (${seconds.toFixed(1)} s)`);
  console.log(`    tries     ${tries}`);
  console.log(`    expected  ${expected}`);
  console.log(`    seen      ${seen}`);
}

function summary(results) {
  const count = (verdict) => results.filter((result) => result.verdict.startsWith(verdict)).length;
  console.log(`\n${results.length} rows: ${count('safe')} safe, ${count('FAULT')} with a fault, ` +
    `${count('skipped')} skipped`);
  const faults = results.filter((result) => result.verdict === 'FAULT').map((result) => result.name);
  if (faults.length > 0) console.log(`with a fault: ${faults.join(', ')}`);
}

async function main() {
  checkNames();
  const asked = options();
  const wanted = chosen(asked);
  if (asked.list) {
    for (const row of wanted) console.log(`${row.name.padEnd(30)}${row.quick ? 'quick  ' : '       '}${row.tries}`);
    return;
  }
  let victim = await Victim.start();
  const results = [];
  try {
    for (const row of wanted) {
      const begin = Date.now();
      const { name, tries, expected } = row;
      const result = { name, tries, expected, ...await judge(row, victim), seconds: (Date.now() - begin) / 1000 };
      results.push(result);
      print(result);
      if (result.late) { // and may still be at work
        await victim.stop();
        victim = await Victim.start();
      }
    }
  } finally {
    await victim.stop();
  }
  if (asked.json) writeFileSync(asked.json, `${JSON.stringify({ rows: results }, null, 2)}\n`);
  summary(results);
  process.exitCode = results.some((result) => result.verdict === 'FAULT') ? 1 : 0;
}

await main();
