// SPDX-License-Identifier: Apache-2.0
// Tokens and the files of keys that verify them, as anybody can make them.
import { createHmac, randomBytes } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';

import { project } from '../../support/node/stack.mjs';

const encode = (value) => Buffer.from(value).toString('base64url');

export const now = () => Math.floor(Date.now() / 1000);

// `claims` may be text, to be signed as it is.
export function hs256(secret, claims, header = {}) {
  const text = typeof claims === 'string' ? claims : JSON.stringify(claims);
  const signed = `${encode(JSON.stringify({ alg: 'HS256', typ: 'JWT', ...header }))}.${encode(text)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

export const claimsOf = (user, claims = {}) => (
  { sub: user, project, iat: now(), exp: now() + 3600, ...claims });

// A file of keys that an edge can be started with, and keys to sign with.
export class KeyFile {
  #kids = new Map(); // kid -> secret

  constructor(path, kids) {
    this.path = path;
    for (const kid of kids) this.#kids.set(kid, randomBytes(32));
    this.#write();
  }

  #write() {
    const keys = [...this.#kids].map(([kid, secret]) => ({ kid, alg: 'HS256', secret: encode(secret) }));
    writeFileSync(`${this.path}.new`, JSON.stringify({ keys }), { mode: 0o600 });
    renameSync(`${this.path}.new`, this.path);
  }

  token(kid, user, claims = {}, header = {}) {
    return hs256(this.#kids.get(kid), typeof claims === 'string' ? claims : claimsOf(user, claims), { kid, ...header });
  }

  remove(kid) {
    this.#kids.delete(kid);
    this.#write();
  }
}
