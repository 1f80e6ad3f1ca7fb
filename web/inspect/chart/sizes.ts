import type { PublicState } from '../../../machines/wire.ts';

/** By the room there is: public states on two lines, on one, or on one with larger letters. */
export type Look = 'narrow' | 'usual' | 'roomy';

/** Sizes of everything, by the room there is. */
export interface Sizes {
  readonly look: Look;
  /** Of public states. */
  readonly columns: 6 | 3;
  readonly margin: number;
  readonly nodeWidth: number;
  readonly nodeHeight: number;
  /** Free above a line of public states: for arrows and one label. */
  readonly channels: readonly number[];
  readonly row: number;
  readonly title: number;
  /** Height of the room for a label within a box. */
  readonly label: number;
}

/** Free around what is in a box. */
export const PAD = 8;
/** Narrower than this, six public states do not fit beside each other. */
const WIDE = 690;
/** From this on there is room for larger letters. */
const ROOMY = { width: 980, height: 440 };
/** Rows of the longest lane as it mostly is: of a large window, what is left goes to the arrows. */
const USUAL_ROWS = 7;

/** By lines, from the left: as a conversation goes, and what may end it at any time beside it. */
export const LINES: Readonly<Record<Sizes['columns'], readonly (readonly PublicState[])[]>> = {
  6: [['idle', 'listening', 'processing', 'speaking', 'stopped', 'ended']],
  3: [
    ['idle', 'stopped', 'ended'],
    ['listening', 'processing', 'speaking'],
  ],
};

/** Sizes for a room of `width` × `height` CSS pixels: letters keep theirs, boxes and lines take what there is. */
export function sizesFor(width: number, height: number): Sizes {
  if (width < WIDE) {
    const margin = 6;
    const column = (width - 2 * margin) / 3;
    return {
      look: 'narrow',
      columns: 3,
      margin,
      nodeWidth: Math.min(column - 16, 150),
      nodeHeight: 46,
      channels: [24, 44],
      row: 19,
      title: 20,
      label: 36,
    };
  }
  const margin = 10;
  const column = (width - 2 * margin) / 6;
  const roomy = width >= ROOMY.width && height >= ROOMY.height;
  const [nodeHeight, row, title, label] = roomy ? [76, 24, 24, 28] : [58, 20, 20, 24];
  const lanes = 2 * title + USUAL_ROWS * row + label + 5 * PAD;
  return {
    look: roomy ? 'roomy' : 'usual',
    columns: 6,
    margin,
    nodeWidth: Math.min(column - 22, 160),
    nodeHeight,
    channels: [Math.max(50, Math.min(96, height - nodeHeight - lanes))],
    row,
    title,
    label,
  };
}
