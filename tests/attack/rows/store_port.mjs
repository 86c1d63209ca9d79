// SPDX-License-Identifier: Apache-2.0
// The store's own port: who reaches it must not thereby be allowed anything.
import { makeAuthority } from '../tools/certificates.mjs';
import { bearer, callOnce, code, nameOf } from '../tools/grpc.mjs';
import { append, GET_HEADS, storeMethods } from '../tools/store_messages.mjs';
import { Stream } from '../tools/stream.mjs';
import { judged, table } from '../tools/table.mjs';

const NOTHING = Buffer.alloc(0);
const refused = (seen) => seen.status === code.UNAUTHENTICATED || seen.status === code.PERMISSION_DENIED;
const said = (seen) => `answered ${nameOf(seen.status)} ${seen.message}`;

async function nobodyMayCall(victim) {
  const shows = {
    nothing: {},
    'a made-up key': bearer('edge.made-up'),
    "a producer's key": bearer(victim.stack.keys.all),
    "a user's token": bearer(victim.stack.token('mallory')),
  };
  const cases = storeMethods().flatMap((method) => Object.entries(shows).map(([what, headers]) => (
    { what: `${method.split('/').at(-1)} with ${what}`, method, headers })));
  return table(cases, async ({ method, headers }) => {
    const seen = await callOnce(victim.store.grpc, method, NOTHING, headers);
    return refused(seen) ? '' : said(seen);
  });
}

async function appendPastIngest(victim) {
  const title = 'appended past ingest';
  const stream = await Stream.open(victim.edge, victim.bearer('alice'));
  const seen = await callOnce(victim.store.grpc, '/belfry.v1.StoreService/Append', append('alice', title));
  await victim.publish({ userId: 'alice', title: 'a genuine one' });
  await stream.titled('a genuine one');
  const delivered = stream.blocks.some(({ data }) => data?.includes(title));
  stream.close();
  return judged(refused(seen) && !delivered, `${said(seen)}; ${delivered ? 'alice received it' : 'alice did not receive it'}`);
}

// A stolen key of one role, used for what only another role may do.
async function keyOfAnotherRole(victim) {
  const control = await callOnce(victim.store.grpc, '/belfry.v1.StoreService/GetHeads', NOTHING, victim.internal('edge'));
  if (control.status !== code.OK) return judged(false, `an edge's own call was ${said(control)}`);
  const cases = Object.entries({
    edge: ['Append', 'UpdateAudience', 'ReadAudience'], ingest: ['ReadLog', 'ReadFeed'],
  }).flatMap(([role, methods]) => methods.map((method) => ({ what: `${method} with ${role}'s key`, role, method })));
  return table(cases, async ({ role, method }) => {
    const seen = await callOnce(victim.store.grpc, `/belfry.v1.StoreService/${method}`, NOTHING, victim.internal(role));
    return seen.status === code.PERMISSION_DENIED ? '' : said(seen);
  });
}

// A store with mutual TLS, and a client whose certificate the same authority has signed.
async function certificateOfAProducer(victim) {
  const authority = makeAuthority(victim.stack.path('tls'));
  const files = authority.issue('store');
  const producer = authority.issue('producer');
  const args = ['--tls-ca', files.ca, '--tls-cert', files.cert, '--tls-key', files.key];
  return victim.with('store', args, async (store) => {
    const cases = [
      { what: 'GetHeads', method: 'GetHeads', message: GET_HEADS },
      { what: 'ReadLog', method: 'ReadLog', message: NOTHING },
      { what: 'Append', method: 'Append', message: append('alice', 'by a producer') },
    ];
    return table(cases, async ({ method, message }) => {
      const seen = await callOnce(store.grpc, `/belfry.v1.StoreService/${method}`, message, {}, { tls: producer.tls });
      return refused(seen) ? '' : said(seen);
    });
  });
}

export const storePort = [
  {
    name: 'store-nothing-shown', quick: true,
    tries: "every method of the store's port with no credentials, a made-up key, a producer's key, a user's token",
    expected: 'UNAUTHENTICATED or PERMISSION_DENIED for each',
    run: nobodyMayCall,
  },
  {
    name: 'store-append', quick: true,
    tries: "another local user appends a notification for alice at the store's port, past ingest",
    expected: 'refused, and nothing on her stream',
    run: appendPastIngest,
  },
  {
    name: 'store-roles', quick: true,
    tries: "an edge's key appends, ingest's key reads every log",
    expected: 'PERMISSION_DENIED',
    skip: (victim) => (victim.internal('edge') ? '' : 'this stack has no keys of roles'),
    run: keyOfAnotherRole,
  },
  {
    name: 'store-producer-certificate', quick: true,
    tries: "a producer's client certificate, of the same authority as the store's own, calls a store with mutual TLS",
    expected: 'PERMISSION_DENIED or UNAUTHENTICATED',
    run: certificateOfAProducer,
  },
];
