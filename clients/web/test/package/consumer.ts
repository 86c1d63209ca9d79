// SPDX-License-Identifier: Apache-2.0
// What an application in strict TypeScript writes against the package. It is compiled, not run.
import { compareIds, createClient } from '@belfry/web';
import type { Client, Counts, List, Notification, Options, Problem, Snapshot } from '@belfry/web';
import { useClient, useList, useSnapshot } from '@belfry/web/react';
import { BelfryBell, init, version } from '@belfry/web/widget';
import type { Action, BellOptions } from '@belfry/web/widget';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;
const same = <A, B>(yes: Same<A, B>): boolean => yes;

const options: Options = { projectId: 'shop', userId: 'alice', getToken: async ({ expired }) => (expired ? 'a' : 'b') };
const client: Client = createClient(options);
const off: () => void = client.on('notification', ({ notification }) => {
  same<typeof notification, Notification>(true);
  const title: string = notification.title;
  const read: string | undefined = notification.readAt;
  return void [title, read];
});
client.on('failed', ({ ids, problem }) => {
  same<typeof ids, string[]>(true);
  same<typeof problem, Problem>(true);
});
// @ts-expect-error there is no such event
client.on('message', () => {});
// @ts-expect-error a user is required
createClient({ projectId: 'shop' });
// @ts-expect-error an id is text
client.read(1);
same<ReturnType<Client['getSnapshot']>, Snapshot>(true);
same<Snapshot['counts'], Counts>(true);
same<Snapshot['state'], 'idle' | 'connecting' | 'live' | 'waiting' | 'offline' | 'evicted' | 'refused'>(true);
const list: List = client.list({ unread: true, kind: 'comment.' });
const newest: Notification | undefined = list.getSnapshot().items[0];
// @ts-expect-error items cannot be changed
list.getSnapshot().items.push(newest);
const done: Promise<void> = client.bulk('archive', [newest?.id ?? '1']);
const order: number = compareIds('1', '2');
const found = document.querySelector('belfry-bell');
const bell: BelfryBell = init({ projectId: 'shop', userId: 'alice', theme: 'dark', target: '#bell' });
const given: string = version;
same<typeof found, BelfryBell | null>(true);
const own: BellOptions = { projectId: 'shop', userId: 'alice', kinds: [{ kind: 'comment.', label: 'Comments' }] };
found?.configure(own);
bell.addEventListener('belfry-action', ({ detail }) => {
  same<typeof detail, { notification: Notification; action: Action }>(true);
});
bell.addEventListener('belfry-change', ({ detail }) => same<typeof detail.counts, Counts>(true));
// @ts-expect-error there is no such theme
bell.configure({ theme: 'blue' });

export function Bell(): [number, readonly Notification[]] {
  const mine = useClient(options);
  const snapshot = useSnapshot(mine);
  same<typeof snapshot, Snapshot>(true);
  return [snapshot.counts.unreadCount, useList(mine, { archived: true }).items];
}

export { bell, done, given, off, order };
