import type { RefObject } from 'preact';
import { useLayoutEffect, useState } from 'preact/hooks';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Height of the bar above the chart. */
const BAR = 32;
/** Before it is measured: that of a laptop's window. */
const FIRST: Size = { width: 740, height: 320 };

/** Width within an element, and height of what it is in, in whole pixels, as they change. */
export function useSize(of: RefObject<HTMLElement | null>): Size {
  const [size, setSize] = useState(FIRST);
  useLayoutEffect(() => {
    const element = of.current;
    if (!element) return;
    const measure = () => {
      const { clientWidth: width, parentElement } = element;
      // Of the panel, so that a list that opens below the chart does not move it.
      const height = (parentElement?.parentElement?.clientHeight ?? 0) - BAR;
      if (width > 0)
        setSize((before) =>
          before.width === width && before.height === height ? before : { width, height },
        );
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    if (element.parentElement?.parentElement) observer.observe(element.parentElement.parentElement);
    return () => observer.disconnect();
  }, [of]);
  return size;
}
