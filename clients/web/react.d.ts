// SPDX-License-Identifier: Apache-2.0
// What `@belfry/web/react` brings for TypeScript: its hooks, and <belfry-bell> in JSX.
import type { DetailedHTMLProps, HTMLAttributes } from 'react';
import type { BelfryBell } from './types/widget/element.js';

export * from './types/react.js';

interface BellAttributes extends HTMLAttributes<BelfryBell> {
  'project-id'?: string;
  'user-id'?: string;
  url?: string;
  placement?: 'bottom-end' | 'bottom-start' | 'top-end' | 'top-start';
  badge?: 'unread' | 'unseen';
  toasts?: string;
  locale?: string;
  theme?: 'auto' | 'light' | 'dark';
  open?: boolean;
}

declare module 'react' {
  namespace JSX {
    interface IntrinsicElements {
      'belfry-bell': DetailedHTMLProps<BellAttributes, BelfryBell>;
    }
  }
}
