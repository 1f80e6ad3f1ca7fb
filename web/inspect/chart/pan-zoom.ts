import type { RefObject } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { dragged, MAX_ZOOM, MIN_ZOOM, READABLE_ZOOM, type Size, shown, type View, zoomed } from './view.ts';

/** Zoom by one notch of a usual wheel, about. */
const WHEEL = 0.0015;
/** A finger or mouse that moved less than this has clicked, in pixels. */
const SLACK = 4;

export interface PanZoom {
  readonly view: View;
  /** Of the drawing on the screen, in pixels; 0 until it was measured. */
  readonly screen: Size;
  readonly change: (next: (now: View) => View) => void;
}

/** Lets what a box shows be dragged, zoomed with the wheel and pinched. `onHand` is told when somebody does. */
export function usePanZoom(box: RefObject<HTMLElement | null>, onHand: () => void): PanZoom {
  const [view, setView] = useState<View>({ zoom: READABLE_ZOOM, x: 0, y: 0 });
  const [screen, setScreen] = useState<Size>({ width: 0, height: 0 });
  const now = useRef({ view, screen, onHand });
  now.current = { view, screen, onHand };

  const change = useCallback(
    (next: (before: View) => View) =>
      setView((before) => {
        const wanted = next(before);
        return { ...wanted, zoom: Math.min(MAX_ZOOM, Math.max(MIN_ZOOM, wanted.zoom)) };
      }),
    [],
  );

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const measured = new ResizeObserver(() => {
      const { clientWidth: width, clientHeight: height } = element;
      setScreen((before) =>
        before.width === width && before.height === height ? before : { width, height },
      );
    });
    measured.observe(element);
    const stop = listen(element, (next) => {
      now.current.onHand();
      change((before) => next(before, now.current.screen));
    });
    return () => {
      measured.disconnect();
      stop();
    };
  }, []);

  return { view, screen, change };
}

type Hand = (next: (before: View, screen: Size) => View) => void;

interface Finger {
  x: number;
  y: number;
}

function listen(element: HTMLElement, move: Hand): () => void {
  const fingers = new Map<number, Finger>();
  let travelled = 0;

  const pointOf = (clientX: number, clientY: number, view: View, screen: Size) => {
    const { left, top } = element.getBoundingClientRect();
    const { x, y } = shown(view, screen);
    return { x: x + (clientX - left) / view.zoom, y: y + (clientY - top) / view.zoom };
  };

  const onWheel = (event: WheelEvent) => {
    event.preventDefault();
    const factor = Math.exp(-event.deltaY * WHEEL);
    move((view, screen) => zoomed(view, factor, pointOf(event.clientX, event.clientY, view, screen)));
  };
  const onDown = (event: PointerEvent) => {
    if (event.button !== 0) return;
    if (fingers.size === 0) travelled = 0;
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  };
  const onMove = (event: PointerEvent) => {
    const finger = fingers.get(event.pointerId);
    if (!finger) return;
    const { clientX, clientY } = event;
    const [byX, byY] = [clientX - finger.x, clientY - finger.y];
    travelled += Math.abs(byX) + Math.abs(byY);
    if (travelled < SLACK) return;
    if (!element.hasPointerCapture(event.pointerId)) element.setPointerCapture(event.pointerId);
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    const [fromX, fromY] = [finger.x, finger.y];
    finger.x = clientX;
    finger.y = clientY;
    if (!other) {
      move((view) => dragged(view, byX, byY));
      return;
    }
    const before = Math.hypot(fromX - other.x, fromY - other.y);
    const after = Math.hypot(clientX - other.x, clientY - other.y);
    if (before > 0)
      move((view, screen) => zoomed(view, after / before, pointOf(other.x, other.y, view, screen)));
  };
  const onUp = (event: PointerEvent) => fingers.delete(event.pointerId);
  // What ends a drag is no click on what happens to be below.
  const onClick = (event: MouseEvent) => {
    if (travelled >= SLACK) event.stopPropagation();
    travelled = 0;
  };

  element.addEventListener('wheel', onWheel, { passive: false });
  element.addEventListener('pointerdown', onDown);
  element.addEventListener('pointermove', onMove);
  element.addEventListener('pointerup', onUp);
  element.addEventListener('pointercancel', onUp);
  element.addEventListener('click', onClick, { capture: true });
  return () => {
    element.removeEventListener('wheel', onWheel);
    element.removeEventListener('pointerdown', onDown);
    element.removeEventListener('pointermove', onMove);
    element.removeEventListener('pointerup', onUp);
    element.removeEventListener('pointercancel', onUp);
    element.removeEventListener('click', onClick, { capture: true });
  };
}
