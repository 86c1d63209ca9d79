// SPDX-License-Identifier: Apache-2.0
// What an attack costs its victim: memory, threads, descriptors, and others' time.
import { readdirSync, readFileSync } from 'node:fs';

const status = (pid, name) => {
  const line = readFileSync(`/proc/${pid}/status`, 'utf8').split('\n').find((one) => one.startsWith(`${name}:`));
  return Number(/\d+/.exec(line)[0]);
};

export const residentBytes = (pid) => status(pid, 'VmRSS') * 1024;
export const threads = (pid) => status(pid, 'Threads');
export const descriptors = (pid) => readdirSync(`/proc/${pid}/fd`).length;

export const mib = (bytes) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
export const ms = (value) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;

export async function timed(action) {
  const begin = performance.now();
  const value = await action();
  return { value, ms: performance.now() - begin };
}

// Calls `action` again and again, one after the other, until `until` resolves and at least `least`
// times; the milliseconds of each, sorted.
export async function latencies(action, until, least = 20) {
  let over = false;
  until.finally(() => { over = true; }).catch(() => {});
  const times = [];
  while (!over || times.length < least) times.push((await timed(action)).ms);
  return times.sort((a, b) => a - b);
}

export const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
