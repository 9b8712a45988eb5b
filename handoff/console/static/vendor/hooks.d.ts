// What the console uses of preact/hooks.
export type Ref<T> = { current: T };
export function useState<T>(initial: T | (() => T)): [T, (next: T | ((now: T) => T)) => void];
export function useRef<T>(initial: T): Ref<T>;
export function useEffect(effect: () => void | (() => void), deps?: readonly unknown[]): void;
export function useLayoutEffect(effect: () => void | (() => void), deps?: readonly unknown[]): void;
export function useMemo<T>(make: () => T, deps: readonly unknown[]): T;
export function useCallback<T extends (...args: any[]) => any>(fn: T, deps: readonly unknown[]): T;
export function useId(): string;
export function useErrorBoundary(handler?: (error: any) => void): [any, () => void];
