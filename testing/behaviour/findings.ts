/** What is wrong with a behaviour. */
import type { Step } from './steps.ts';

/** Each kind of finding, with what it means for a person who wrote the behaviour. */
export const FINDINGS = {
  unreachable: 'a state that nothing leads to',
  'dead end': 'a state without a way out',
  'unhandled end': 'an end of a part for which no state has a transition',
  'two meanings': 'a sentence of one phrase that the robot takes for another',
  'no exit': 'a question that is asked again for as long as the user is silent',
  'starts twice': 'an action that starts again without being asked for',
  'never heard': 'a text that no path lets the user hear',
  'not taken': 'a transition that no path took',
  failed: 'a chart that throws, loops or has a context that is not JSON',
  broken: 'a promise of Parley that did not hold: please report it',
} as const;

export type FindingKind = keyof typeof FINDINGS;

export interface Finding {
  readonly kind: FindingKind;
  /** The state, as the chart names it. */
  readonly at: string;
  readonly detail: string;
  /** How to get there. */
  readonly path?: readonly Step[];
}

/** The same finding of several paths is one. The shortest path shows it. */
export class Findings {
  readonly #found = new Map<string, Finding>();

  add(finding: Finding): void {
    const key = `${finding.kind} ${finding.at} ${finding.detail}`;
    const known = this.#found.get(key);
    if (!known || (finding.path?.length ?? 0) < (known.path?.length ?? 0)) this.#found.set(key, finding);
  }

  get all(): readonly Finding[] {
    const kinds = Object.keys(FINDINGS);
    return [...this.#found.values()].sort(
      (a, b) =>
        kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || compare(a.at, b.at) || compare(a.detail, b.detail),
    );
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
