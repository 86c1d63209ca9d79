// SPDX-License-Identifier: Apache-2.0
// client ADDRESS KEY USER TITLE: prints the notification's id, or the reason and the fields that are wrong.
import * as grpc from '@grpc/grpc-js';
import * as loader from '@grpc/proto-loader';

import type { ProtoGrpcType as Service } from './types/notify_service';
import type { NotifyRequest } from './types/belfry/v1/NotifyRequest';
import type { Status } from './types/google/rpc/Status';

declare const process: { argv: string[]; exit(code: number): never };

const [protos, address, key, user, title] = process.argv.slice(2) as [string, string, string, string, string];
const load = (file: string) => loader.loadSync(file, { longs: String, includeDirs: [protos] });
const types = { ...load('google/rpc/status.proto'), ...load('google/rpc/error_details.proto') };
const { NotifyService } = (grpc.loadPackageDefinition(load('belfry/v1/notify_service.proto')) as unknown as Service).belfry.v1;

interface Detail {
  domain?: string;
  reason?: string;
  fieldViolations?: { field: string }[];
}

const decode = (type: string, bytes: Uint8Array): unknown => (
  (types[type] as unknown as { deserialize(bytes: Uint8Array): unknown }).deserialize(bytes));

const request: NotifyRequest = { notification: { userId: user, title }, idempotencyKey: `typescript-${user}-${title}` };
const metadata = new grpc.Metadata();
metadata.set('authorization', `Bearer ${key}`);
const client = new NotifyService(address, grpc.credentials.createInsecure());
client.Notify(request, metadata, { deadline: Date.now() + 10_000 }, (error, answer) => {
  client.close();
  if (!error) {
    console.log(String(answer?.id));
    return;
  }
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  const status = decode('google.rpc.Status', bytes as Uint8Array) as Status;
  for (const any of status.details ?? []) {
    const { type_url: url, value } = any as unknown as { type_url: string; value: Uint8Array };
    const detail = decode(url.split('/').at(-1) ?? '', value) as Detail;
    if (detail.reason) console.log(`${detail.domain} ${detail.reason}`);
    for (const violation of detail.fieldViolations ?? []) console.log(violation.field);
  }
  process.exit(1);
});
