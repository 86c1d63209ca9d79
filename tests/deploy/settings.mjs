// SPDX-License-Identifier: Apache-2.0
// What docs/config and docs/metrics say there is; unit tests compare both with the code.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { source } from './tools.mjs';

function* rows(file) {
  for (const line of readFileSync(join(source, 'docs', file), 'utf8').split('\n')) {
    if (line.startsWith('| `')) yield line.split(/(?<!\\)\|/).map((cell) => cell.trim());
  }
}

// name -> default, of "store", "ingest" or "edge".
export function settings(service) {
  const found = new Map();
  for (const [, names, value] of rows(`config/${service}.md`)) {
    for (const [, name] of names.matchAll(/`(\w+)`/g)) found.set(name, value.replaceAll('`', ''));
  }
  return found;
}

// name -> {type, labels: Map(label -> values, or [] if they are not listed)}, of all services.
export function metrics() {
  const found = new Map();
  for (const service of ['store', 'ingest', 'edge']) {
    for (const [, name, type, labels] of rows(`metrics/${service}.md`)) {
      const known = new Map();
      for (const [, label, values] of labels.matchAll(/`(\w+)`(?: \(([^)]*)\))?/g)) {
        known.set(label, values ? values.split(', ') : []);
      }
      found.set(name.replaceAll('`', ''), { type, labels: known });
    }
  }
  return found;
}
