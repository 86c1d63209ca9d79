// SPDX-License-Identifier: Apache-2.0
// The outside programs that judge deploy/, and the folders that hold it.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export const source = process.env.BELFRY_SOURCE_DIR;

// ./dev unpacks Debian's packages there instead of installing them: prometheus's would start a server.
const unpacked = join(source, 'build/tools/usr/bin');

function pathOf(tool) {
  const local = join(unpacked, tool);
  if (existsSync(local)) return local;
  if (spawnSync('which', [tool]).status !== 0) {
    throw new Error(`${tool} is missing; ./dev test deploy brings it`);
  }
  return tool;
}

// Its standard output; throws with what it printed if it fails.
export function run(tool, args, options = {}) {
  return execFileSync(pathOf(tool), args, { encoding: 'utf8', stdio: 'pipe', ...options });
}
