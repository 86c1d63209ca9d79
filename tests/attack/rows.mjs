// SPDX-License-Identifier: Apache-2.0
// All rows, in the order in which they run. A row is
//   {name, tries, expected, quick, run(victim) -> {safe, seen}}
// `quick` rows take seconds and run in ./dev test; `skip(victim)` says why a row cannot run here.
import { apiKeys } from './rows/api_keys.mjs';
import { connections } from './rows/connections.mjs';
import { fields } from './rows/fields.mjs';
import { grpcMemory } from './rows/grpc_memory.mjs';
import { grpcMessages } from './rows/grpc_messages.mjs';
import { http } from './rows/http.mjs';
import { isolation } from './rows/isolation.mjs';
import { json } from './rows/json.mjs';
import { nats } from './rows/nats.mjs';
import { origins } from './rows/origins.mjs';
import { setup } from './rows/setup.mjs';
import { storePort } from './rows/store_port.mjs';
import { traces } from './rows/traces.mjs';
import { tokens } from './rows/tokens.mjs';
import { work } from './rows/work.mjs';

export const rows = [
  ...storePort, ...nats, ...apiKeys, ...tokens, ...origins, ...setup, ...isolation, ...http, ...fields,
  ...json, ...grpcMessages, ...connections, ...grpcMemory, ...work, ...traces,
];
