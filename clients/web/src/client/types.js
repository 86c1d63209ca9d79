// SPDX-License-Identifier: Apache-2.0
// The types of the headless client, for JSDoc and the emitted .d.ts. No code.

/**
 * A notification as the edge sends it (docs/protocol.md, "The notification"), with `readAt` and
 * `archivedAt` as this tab's pending changes make them. Frozen.
 * @typedef {object} Notification
 * @property {string} id a decimal 64-bit number: compare with compareIds, never as a Number
 * @property {string} project
 * @property {string} userId
 * @property {string} [kind]
 * @property {'info'|'success'|'warning'|'error'} level
 * @property {string} title text, never HTML
 * @property {string} [body] text, never HTML
 * @property {string} [actorId]
 * @property {string} [subjectType]
 * @property {string} [subjectId]
 * @property {string} [actionUrl]
 * @property {string} [imageUrl]
 * @property {Record<string, any>} [meta]
 * @property {string} createdAt
 * @property {string} [expiresAt]
 * @property {string} [readAt]
 * @property {string} [archivedAt]
 * @property {string} [broadcastId]
 * @property {string} [collapseKey]
 * @property {number} [collapsedCount]
 * @property {string} [replaces]
 */

/**
 * Absolute, and true at log position `upTo`.
 * @typedef {object} Counts
 * @property {number} unreadCount
 * @property {number} unseenCount
 * @property {Record<string, number>} byKind unread by kind
 * @property {string} upTo
 */

/**
 * Why something did not work. `code` is the edge's `reason`, or one of ours (docs/headless.md).
 * @typedef {object} Problem
 * @property {number} status the HTTP status; 0: there was no answer
 * @property {string} title
 * @property {string} detail
 * @property {string} code
 */

/** @typedef {'idle'|'connecting'|'live'|'waiting'|'offline'|'evicted'|'refused'} State */

/**
 * Immutable; the same object until something has changed.
 * @typedef {object} Snapshot
 * @property {State} state
 * @property {Problem|null} problem why the state is what it is
 * @property {number|null} retryAt when the next attempt is due, by Date.now(); null: none is planned
 * @property {Counts} counts
 * @property {string|null} cursor
 * @property {boolean} leader this tab holds the stream
 * @property {boolean} shared the tabs of this browser share one stream
 * @property {number} skewMs the server's clock minus this one's
 */

/**
 * @typedef {object} Filter
 * @property {boolean} [unread] only what is unread
 * @property {boolean} [archived] what is archived; without it what is not
 * @property {string} [kind] a prefix: 'comment.'
 * @property {string} [level]
 */

/**
 * @typedef {object} ListSnapshot
 * @property {readonly Notification[]} items newest first
 * @property {'idle'|'loading'|'ready'|'error'} status
 * @property {boolean} more there are older ones to load
 * @property {Problem|null} problem of the status 'error'
 */

/**
 * @typedef {object} List
 * @property {() => ListSnapshot} getSnapshot
 * @property {(listener: () => void) => () => void} subscribe
 * @property {() => Promise<void>} loadMore the next page; the first call of a new list loads the first
 * @property {() => Promise<void>} reload
 * @property {() => void} close
 */

/** @typedef {'read'|'unread'|'archive'|'unarchive'|'delete'} ItemOp */

/**
 * A change that was rolled back.
 * @typedef {object} Failed
 * @property {string} operation its Idempotency-Key
 * @property {string} op
 * @property {string[]} ids
 * @property {Problem} problem
 */

/**
 * @typedef {object} ClientEvents
 * @property {{notification: Notification}} notification a live arrival, once per tab
 * @property {{state: State}} state
 * @property {{reason: string}} reset
 * @property {{problem: Problem}} refused
 * @property {Failed} failed
 */

/**
 * @typedef {object} Options
 * @property {string} [url] the edge's base URL; '' or nothing: this page's own origin
 * @property {string} projectId
 * @property {string} userId
 * @property {(how: {expired: boolean}) => string|Promise<string>} [getToken] a JWT; without it the
 *   cookie `belfry_token` is used
 * @property {typeof globalThis.fetch} [fetch]
 */

/**
 * @typedef {object} Client
 * @property {() => void} start
 * @property {() => void} stop
 * @property {() => Snapshot} getSnapshot
 * @property {(listener: () => void) => () => void} subscribe
 * @property {<T extends keyof ClientEvents>(type: T, listener: (event: ClientEvents[T]) => void) => () => void} on
 * @property {(filter?: Filter) => List} list
 * @property {(id: string) => Promise<void>} read
 * @property {(id: string) => Promise<void>} unread
 * @property {(id: string) => Promise<void>} archive
 * @property {(id: string) => Promise<void>} unarchive
 * @property {(id: string) => Promise<void>} delete
 * @property {(op: ItemOp, ids: string[]) => Promise<void>} bulk up to 100 ids
 * @property {(what?: {kind?: string}) => Promise<void>} readAll
 * @property {(what?: {onlyRead?: boolean, kind?: string}) => Promise<void>} archiveAll
 * @property {() => Promise<void>} seen
 * @property {() => Promise<{mutedKinds: string[]}>} getPreferences
 * @property {(preferences: {mutedKinds: string[]}) => Promise<{mutedKinds: string[]}>} setPreferences
 */

export {};
