// SPDX-License-Identifier: Apache-2.0
// What `@belfry/web/widget` brings for TypeScript: its exports, and the element with its events for
// document.querySelector and addEventListener.
import type { Counts, Problem, State } from './types/client/types.js';
import type { BelfryBell } from './types/widget/element.js';
import type { Action, Notification } from './types/widget/types.js';

export * from './types/widget/index.js';
export type { Action, BellOptions, KindTab, RenderItem } from './types/widget/types.js';

declare global {
  interface HTMLElementTagNameMap {
    'belfry-bell': BelfryBell;
  }

  interface HTMLElementEventMap {
    'belfry-open': CustomEvent<null>;
    'belfry-close': CustomEvent<null>;
    'belfry-click': CustomEvent<{ notification: Notification }>;
    'belfry-action': CustomEvent<{ notification: Notification; action: Action }>;
    'belfry-notification': CustomEvent<{ notification: Notification }>;
    'belfry-change': CustomEvent<{ counts: Counts; state: State; problem: Problem | null }>;
  }
}
