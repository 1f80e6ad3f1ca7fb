import type { RefObject } from 'preact';
import { useLayoutEffect } from 'preact/hooks';

/** Calls `onResize` with the element when it is first laid out, and whenever its size changes. */
export function useResize(of: RefObject<HTMLElement | null>, onResize: (element: HTMLElement) => void): void {
  useLayoutEffect(() => {
    const element = of.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => onResize(element));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
}
