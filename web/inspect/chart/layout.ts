import * as z from 'zod/mini';

/** Where everything of the statechart is drawn: made by ELK when the pages are built. Units are CSS pixels at zoom 1. */

const point = z.tuple([z.number(), z.number()]);

/** One transition as it is written in the drawing. */
const writtenTransition = z.object({
  /** As in machines/chart-description.ts. */
  id: z.string(),
  /** `event [guard]`, and of one without an edge where it leads. */
  text: z.string(),
  event: z.string(),
  /** Empty if it has none. */
  guard: z.string(),
  /** Paths of the states it enters; empty if it stays. */
  targets: z.array(z.string()),
});

const laidState = z.object({
  /** As in machines/chart-description.ts; the root's is empty. */
  path: z.string(),
  name: z.string(),
  kind: z.enum(['atomic', 'compound', 'parallel', 'final']),
  parent: z.nullable(z.string()),
  /** Whether the state around it begins here. */
  first: z.boolean(),
  invokes: z.array(z.string()),
  x: z.number(),
  y: z.number(),
  width: z.number(),
  height: z.number(),
  /** Transitions without an edge: those that stay, and those into the state's own inside. One a line, below the name. */
  rows: z.array(writtenTransition),
});

const laidEdge = z.object({
  /** Of one state to another, with the same end: one line of the label each. */
  transitions: z.array(writtenTransition),
  from: z.string(),
  to: z.string(),
  /** The line, bend by bend; its last point is the arrow's. */
  points: z.array(point),
  label: z.object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() }),
});

export const chartLayout = z.object({
  width: z.number(),
  height: z.number(),
  /** Those around before those within. */
  states: z.array(laidState),
  edges: z.array(laidEdge),
});

export type ChartLayout = z.infer<typeof chartLayout>;
export type LaidState = z.infer<typeof laidState>;
export type LaidEdge = z.infer<typeof laidEdge>;
export type WrittenTransition = z.infer<typeof writtenTransition>;

/** How the drawing is set, for who measures it and for who draws it. */
export const CHART_TYPE = {
  /** Height of a line of small text. */
  line: 14,
  /** Height of a state's name, its margins included. */
  title: 24,
  /** Left and right of a text. */
  pad: 10,
  /** Mean width of a character of small text at 11 px and of a name at 13 px; measured over the chart's own words. */
  small: 5.8,
  name: 7.4,
} as const;

/** How the children of a state are written behind its name. */
export function invokedText(invokes: readonly string[]): string {
  return invokes.length === 0 ? '' : `  ⚙ ${invokes.join(' ')}`;
}
