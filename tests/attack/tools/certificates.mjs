// SPDX-License-Identifier: Apache-2.0
// A certificate authority of the row's own, made with the openssl command.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const openssl = (...args) => execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
const newKey = (path) => {
  openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', path);
  chmodSync(path, 0o600);
};

// `issue(name, uris)` makes {ca, cert, key} and what node:tls takes of them. `uris`: the certificate's
// subject alternative names besides the loopback's.
export function makeAuthority(folder) {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = (name) => join(folder, name);
  newKey(path('ca.key'));
  openssl('req', '-x509', '-new', '-key', path('ca.key'), '-subj', '/CN=attack', '-days', '2', '-out', path('ca.pem'));
  return {
    issue(name, uris = []) {
      newKey(path(`${name}.key`));
      openssl('req', '-new', '-key', path(`${name}.key`), '-subj', `/CN=${name}`, '-out', path(`${name}.csr`));
      const names = ['DNS:localhost', 'IP:127.0.0.1', ...uris.map((uri) => `URI:${uri}`)];
      writeFileSync(path(`${name}.ext`), `subjectAltName=${names.join(',')}\n`);
      openssl('x509', '-req', '-in', path(`${name}.csr`), '-CA', path('ca.pem'), '-CAkey', path('ca.key'),
        '-CAcreateserial', '-days', '2', '-extfile', path(`${name}.ext`), '-out', path(`${name}.pem`));
      const files = { ca: path('ca.pem'), cert: path(`${name}.pem`), key: path(`${name}.key`) };
      const tls = Object.fromEntries(Object.entries(files).map(([what, file]) => [what, readFileSync(file)]));
      return { ...files, tls: { ...tls, ALPNProtocols: ['h2'] } };
    },
  };
}
