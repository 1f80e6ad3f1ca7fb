import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Item } from './lane.ts';
import { AXIS, NAMES } from './lanes-view.tsx';
import { panned, type TimeWindow, zoomed } from './time-window.ts';

/** A press that moves less is a click, in CSS pixels. */
const STILL = 4;

/** The page must not scroll meanwhile, which only a listener that is not passive can prevent. */
export function useWheel(
  box: { readonly current: HTMLDivElement | null },
  onWheel: (event: WheelEvent, x: number) => void,
): void {
  const handler = useRef(onWheel);
  handler.current = onWheel;
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const listen = (event: WheelEvent) => {
      const upright = !event.shiftKey && Math.abs(event.deltaX) <= Math.abs(event.deltaY);
      // Many lanes in a small panel: the wheel scrolls them unless a key asks to zoom.
      if (upright && !event.ctrlKey && !event.altKey && element.scrollHeight > element.clientHeight) return;
      event.preventDefault();
      handler.current(event, event.clientX - element.getBoundingClientRect().left - NAMES);
    };
    element.addEventListener('wheel', listen, { passive: false });
    return () => element.removeEventListener('wheel', listen);
  }, []);
}

export interface Looked {
  readonly seen: TimeWindow;
  readonly durationMs: number;
  readonly width: number;
}

/** One finger drags, two zoom; on the axis the moment is dragged. */
export function usePress(
  latest: { readonly current: Looked },
  look: (next: (now: TimeWindow, durationMs: number) => TimeWindow) => void,
  onSeek: (t: number) => void,
) {
  const fingers = useRef(new Map<number, number>());
  const dragged = useRef({ distance: 0, axis: false });
  const place = (event: PointerEvent) => {
    const drawing = event.currentTarget;
    return drawing instanceof Element ? event.clientX - drawing.getBoundingClientRect().left - NAMES : 0;
  };
  const timeAt = (x: number) => {
    const { seen, width } = latest.current;
    return seen.from + (x / width) * (seen.to - seen.from);
  };
  return {
    down: (event: PointerEvent) => {
      if (event.button !== 0) return;
      const { currentTarget } = event;
      if (!(currentTarget instanceof Element)) return;
      currentTarget.setPointerCapture(event.pointerId);
      const axis = event.clientY - currentTarget.getBoundingClientRect().top < AXIS;
      fingers.current.set(event.pointerId, place(event));
      dragged.current = { distance: 0, axis: axis && fingers.current.size === 1 };
      if (dragged.current.axis) onSeek(timeAt(place(event)));
    },
    move: (event: PointerEvent) => {
      const before = fingers.current.get(event.pointerId);
      if (before === undefined) return;
      const x = place(event);
      fingers.current.set(event.pointerId, x);
      const other = [...fingers.current].find(([id]) => id !== event.pointerId)?.[1];
      dragged.current.distance += Math.abs(x - before);
      if (other !== undefined) {
        const factor = Math.max(1, Math.abs(x - other)) / Math.max(1, Math.abs(before - other));
        look((now, ms) => zoomed(now, factor, timeAt((x + other) / 2), ms));
      } else if (dragged.current.axis) onSeek(timeAt(x));
      else if (dragged.current.distance > STILL)
        look((now, ms) => panned(now, timeAt(before) - timeAt(x), ms));
    },
    up: (event: PointerEvent, item: Item | undefined) => {
      const pressed = fingers.current.delete(event.pointerId);
      const { distance, axis } = dragged.current;
      if (pressed && !axis && distance <= STILL && place(event) >= 0)
        onSeek(item?.from ?? timeAt(place(event)));
    },
    cancel: (event: PointerEvent) => {
      fingers.current.delete(event.pointerId);
    },
  };
}
