// SPDX-License-Identifier: Apache-2.0
// As much of React and Vue as react.js and vue.js use, so that checking them needs neither.
declare module 'react' {
  export function useEffect(effect: () => void | (() => void), inputs: unknown[]): void;
  export function useMemo<T>(make: () => T, inputs: unknown[]): T;
  export function useState<T>(first: T): [T, (next: T) => void];
  export function useSyncExternalStore<T>(
    subscribe: (listener: () => void) => () => void, get: () => T, getOnServer?: () => T): T;
}
declare module 'vue' {
  export interface ShallowRef<T> { value: T }
  export function shallowRef<T>(value: T): ShallowRef<T>;
  export function onMounted(hook: () => void): void;
  export function onScopeDispose(hook: () => void): void;
  export function watchEffect(effect: (onCleanup: (clean: () => void) => void) => void): void;
}
