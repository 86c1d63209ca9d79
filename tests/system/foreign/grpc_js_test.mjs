// SPDX-License-Identifier: Apache-2.0
// NotifyService as @grpc/grpc-js, an implementation that shares no code with ours, speaks it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import grpc from '@grpc/grpc-js';

import { Stack } from '../../support/node/stack.mjs';
import {
  call, clientFromFiles, clientFromReflection, credentials, details, listServices, unpack,
} from './grpc_clients.mjs';

let stack;
let client;
let withKey;

before(async () => {
  stack = await Stack.start({ edges: 1, ingestArgs: ['--grpc-reflection'] });
  client = clientFromFiles(stack.ingest.grpc);
  withKey = credentials(stack.apiKey);
});

after(async () => {
  client?.close();
  await stack?.stop();
});

const request = (userId, title, fields = {}) => ({ notification: { userId, title, ...fields } });

async function refusal(promise) {
  const error = await promise.then(() => null, (reason) => reason);
  assert.ok(error, 'the call was not refused');
  return error;
}

test('Notify answers with a growing id, and with the first answer for a repeated key', async () => {
  const once = { ...request('alice', 'one', { meta: { fields: { n: { numberValue: 1 } } } }), idempotencyKey: 'k-1' };
  const first = await call(client, 'Notify', once, withKey);
  const second = await call(client, 'Notify', request('alice', 'two'), withKey);
  const repeated = await call(client, 'Notify', once, withKey);
  assert.ok(BigInt(second.id) > BigInt(first.id));
  assert.equal(repeated.id, first.id);
  assert.deepEqual([!!first.duplicate, !!repeated.duplicate], [false, true]);
  const age = Date.now() / 1000 - Number(first.createdAt.seconds);
  assert.ok(age > -5 && age < 60, `created ${age} s ago`);
});

test('a repeated key with another content is refused and said to be', async () => {
  await call(client, 'Notify', { ...request('alice', 'this'), idempotencyKey: 'k-2' }, withKey);
  const error = await refusal(
    call(client, 'Notify', { ...request('alice', 'that'), idempotencyKey: 'k-2' }, withKey));
  assert.equal(error.code, grpc.status.FAILED_PRECONDITION);
});

test('NotifyStream acknowledges in the order of the requests, the bad ones too', async () => {
  const results = await new Promise((resolve, reject) => {
    const stream = client.NotifyStream(withKey, { deadline: Date.now() + 20_000 });
    const answers = [];
    stream.on('data', (answer) => answers.push(answer.result));
    stream.on('error', reject);
    stream.on('end', () => resolve(answers));
    for (let i = 0; i < 500; i++) {
      stream.write({ item: request('bob', i === 250 ? '' : `number ${i}`) });
    }
    stream.end();
  });
  assert.equal(results.length, 500);
  assert.equal(results[250].result, 'error');
  assert.equal(results[250].error.code, grpc.status.INVALID_ARGUMENT);
  assert.ok(unpack(results[250].error).BadRequest.fieldViolations.length > 0);
  const ids = results.filter((item) => item.ok).map((item) => BigInt(item.ok.id));
  assert.equal(ids.length, 499);
  assert.ok(ids.every((id, i) => i === 0 || id > ids[i - 1]), 'ids of one user grow');
});

test('NotifyBatch answers item by item', async () => {
  const items = [request('carol', 'good'), request('', 'nobody'), request('dave', 'good too')];
  const { results } = await call(client, 'NotifyBatch', { items }, withKey);
  assert.deepEqual(results.map((item) => item.result), ['ok', 'error', 'ok']);
});

test('an invalid notification names every bad field at once', async () => {
  const bad = request('', '', { level: 'loud', actionUrl: 'javascript:alert(1)' });
  const error = await refusal(call(client, 'Notify', bad, withKey));
  assert.equal(error.code, grpc.status.INVALID_ARGUMENT);
  const { BadRequest, ErrorInfo } = details(error);
  const fields = BadRequest.fieldViolations.map((violation) => violation.field).join(' ');
  for (const name of ['user', 'title', 'level', 'action']) assert.match(fields, new RegExp(name));
  assert.ok(BadRequest.fieldViolations.every((violation) => violation.description.length > 0));
  assert.ok(ErrorInfo.reason.length > 0);
});

test('without a key and with a wrong one a call is UNAUTHENTICATED, with the reason', async () => {
  const [id] = stack.apiKey.split('.');
  for (const metadata of [new grpc.Metadata(), credentials(`${id}.wrong`), credentials('malformed')]) {
    const error = await refusal(call(client, 'Notify', request('alice', 'x'), metadata));
    assert.equal(error.code, grpc.status.UNAUTHENTICATED);
    assert.ok(details(error).ErrorInfo.reason.length > 0);
  }
});

test('reflection is enough to publish', async () => {
  const services = await listServices(stack.ingest.grpc);
  assert.ok(services.includes('belfry.v1.NotifyService'), services.join(' '));
  assert.ok(services.includes('grpc.health.v1.Health'), services.join(' '));
  const reflected = await clientFromReflection(stack.ingest.grpc);
  try {
    // Names as the server's descriptors have them.
    const found = { notification: { user_id: 'erin', title: 'found by reflection' } };
    const answer = await call(reflected, 'Notify', found, withKey);
    assert.ok(BigInt(answer.id) > 0n);
  } finally {
    reflected.close();
  }
});
