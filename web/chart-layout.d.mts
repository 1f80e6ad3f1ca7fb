import type { ChartLayout } from './inspect/chart/layout.ts';

/** The drawing of the session's statechart as it is written now. */
export function layoutChart(): Promise<ChartLayout>;
