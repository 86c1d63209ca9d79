// SPDX-License-Identifier: Apache-2.0
// Clients that @grpc/grpc-js makes, from the .proto files or from the server's own reflection, and
// the details of the errors they get.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';

const here = dirname(fileURLToPath(import.meta.url));
const protos = join(process.env.BELFRY_SOURCE_DIR, 'proto');
const options = { longs: String, enums: String, oneofs: true, includeDirs: [protos, here] };

const load = (file) => protoLoader.loadSync(file, options);

export function clientFromFiles(address) {
  const { NotifyService } = grpc.loadPackageDefinition(load('belfry/v1/notify_service.proto')).belfry.v1;
  return new NotifyService(address, grpc.credentials.createInsecure());
}

export async function clientFromReflection(address) {
  const answer = await reflect(address, { fileContainingSymbol: 'belfry.v1.NotifyService' });
  const files = answer.fileDescriptorResponse.fileDescriptorProto;
  const definition = protoLoader.loadFileDescriptorSetFromBuffer(descriptorSet(files), options);
  const { NotifyService } = grpc.loadPackageDefinition(definition).belfry.v1;
  return new NotifyService(address, grpc.credentials.createInsecure());
}

export async function listServices(address) {
  const answer = await reflect(address, { listServices: '*' });
  return answer.listServicesResponse.service.map((service) => service.name);
}

function reflect(address, request) {
  const { ServerReflection } = grpc.loadPackageDefinition(load('reflection.proto')).grpc.reflection.v1alpha;
  const client = new ServerReflection(address, grpc.credentials.createInsecure());
  return new Promise((resolve, reject) => {
    const call = client.serverReflectionInfo();
    call.on('data', resolve);
    call.on('error', reject);
    call.write(request);
    call.end();
  }).finally(() => client.close());
}

// A FileDescriptorSet is its files as field 1, one after another.
function descriptorSet(files) {
  return Buffer.concat(files.flatMap((file) => [Buffer.from([0x0a, ...varint(file.length)]), file]));
}

function varint(number) {
  const bytes = [];
  for (let rest = number; ; rest >>>= 7) {
    if (rest <= 127) return [...bytes, rest];
    bytes.push((rest & 127) | 128);
  }
}

export function credentials(apiKey) {
  const metadata = new grpc.Metadata();
  metadata.set('authorization', `Bearer ${apiKey}`);
  return metadata;
}

// A unary call as a promise, with a deadline of 10 s.
export function call(client, method, request, metadata = new grpc.Metadata()) {
  return new Promise((resolve, reject) => {
    client[method](request, metadata, { deadline: Date.now() + 10_000 }, (error, answer) => {
      if (error) reject(error);
      else resolve(answer);
    });
  });
}

const types = { ...load('google/rpc/status.proto'), ...load('google/rpc/error_details.proto') };

// A google.rpc.Status' details by their type: {BadRequest: {...}, ErrorInfo: {...}}.
export function unpack(status) {
  return Object.fromEntries(status.details.map((any) => {
    const name = any.type_url.split('/').at(-1);
    return [name.split('.').at(-1), types[name].deserialize(any.value)];
  }));
}

// The same of a call that failed.
export function details(error) {
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  return unpack(types['google.rpc.Status'].deserialize(bytes));
}
