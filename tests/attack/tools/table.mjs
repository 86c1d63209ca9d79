// SPDX-License-Identifier: Apache-2.0
// What a row answers.

export const safe = (seen) => ({ safe: true, seen });
export const fault = (seen) => ({ safe: false, seen });
export const judged = (isSafe, seen) => ({ safe: isSafe, seen });

const AT_ONCE = 16;
const SHOWN = 8;

// Tries every case, some at once. `check(one)` resolves with what is wrong, or with nothing; `what`
// names a case.
export async function table(cases, check, { atOnce = AT_ONCE } = {}) {
  const wrong = [];
  const rest = [...cases];
  const worker = async () => {
    for (let one = rest.shift(); one; one = rest.shift()) {
      const found = await check(one);
      if (found) wrong.push(`${one.what}: ${found}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  if (wrong.length === 0) return safe(`${cases.length} of ${cases.length} as expected`);
  const more = wrong.length > SHOWN ? `; and ${wrong.length - SHOWN} more` : '';
  return fault(`${wrong.length} of ${cases.length} not: ${wrong.slice(0, SHOWN).join('; ')}${more}`);
}
