/** The part of a drawing that is shown. Pure; drawing and screen have the same units at zoom 1. */

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Screen pixels of one unit of the drawing, and the drawing's point in the middle of the screen. */
export interface View {
  readonly zoom: number;
  readonly x: number;
  readonly y: number;
}

export const MIN_ZOOM = 0.1;
export const MAX_ZOOM = 4;
/** Below this the drawing's small text cannot be read. */
export const READABLE_ZOOM = 0.75;
/** Kept free around what is to be seen, in units of the drawing. */
const MARGIN = 24;
/** Of the screen's width and height, what counts as its edge. */
const EDGE = 0.08;
/** Below this only names are written, as large as on paper, where they have room. */
export const FAR_ZOOM = 0.5;

/** What of the drawing is on the screen. */
export function shown({ zoom, x, y }: View, screen: Size): Rect {
  const width = screen.width / zoom;
  const height = screen.height / zoom;
  return { x: x - width / 2, y: y - height / 2, width, height };
}

/**
 * Where the drawing's own corner (0, 0) lies on the screen, in whole pixels: between two of them text would be blurred.
 */
export function cornerOf(view: View, screen: Size): { readonly x: number; readonly y: number } {
  const { x, y } = shown(view, screen);
  return { x: Math.round(-x * view.zoom), y: Math.round(-y * view.zoom) };
}

/** All of `rect`, as large as it goes. */
export function wholeOf(rect: Rect, screen: Size): View {
  const zoom = Math.min(
    screen.width / (rect.width + 2 * MARGIN),
    screen.height / (rect.height + 2 * MARGIN),
    1,
  );
  return { zoom: clamped(zoom), x: rect.x + rect.width / 2, y: rect.y + rect.height / 2 };
}

/** Closer (`factor` > 1) or farther, where the drawing's point `at` stays where it is on the screen. */
export function zoomed(view: View, factor: number, at: { readonly x: number; readonly y: number }): View {
  const zoom = clamped(view.zoom * factor);
  const share = view.zoom / zoom;
  return { zoom, x: at.x + (view.x - at.x) * share, y: at.y + (view.y - at.y) * share };
}

/** Moved by pixels of the screen, as by a hand that drags the drawing. */
export function dragged(view: View, byX: number, byY: number): View {
  return { ...view, x: view.x - byX / view.zoom, y: view.y - byY / view.zoom };
}

/** Moved only as far as it must be for `rect` to be seen; its top left corner if it is larger than the screen. */
export function revealing(view: View, rect: Rect, screen: Size): View {
  const { x, y, width, height } = shown(view, screen);
  return {
    zoom: view.zoom,
    x: view.x + shift(x, width, rect.x - MARGIN, rect.width + 2 * MARGIN),
    y: view.y + shift(y, height, rect.y - MARGIN, rect.height + 2 * MARGIN),
  };
}

/** With `rect` in the middle, unless it is well in sight already. */
export function lookingAt(view: View, rect: Rect, screen: Size): View {
  const { x, y, width, height } = shown(view, screen);
  const [edgeX, edgeY] = [width * EDGE, height * EDGE];
  const inSight =
    rect.x >= x + edgeX &&
    rect.y >= y + edgeY &&
    rect.x + rect.width <= x + width - edgeX &&
    rect.y + rect.height <= y + height - edgeY;
  if (inSight) return view;
  return { zoom: view.zoom, x: rect.x + rect.width / 2, y: rect.y + rect.height / 2 };
}

/** The smallest rectangle around others; undefined around none. */
export function around(rects: readonly Rect[]): Rect | undefined {
  if (rects.length === 0) return undefined;
  const x = Math.min(...rects.map((rect) => rect.x));
  const y = Math.min(...rects.map((rect) => rect.y));
  const right = Math.max(...rects.map((rect) => rect.x + rect.width));
  const bottom = Math.max(...rects.map((rect) => rect.y + rect.height));
  return { x, y, width: right - x, height: bottom - y };
}

function shift(from: number, length: number, wantedFrom: number, wantedLength: number): number {
  if (wantedFrom < from || wantedLength > length) return wantedFrom - from;
  return Math.max(0, wantedFrom + wantedLength - (from + length));
}

function clamped(zoom: number): number {
  return Math.min(MAX_ZOOM, Math.max(MIN_ZOOM, zoom));
}
