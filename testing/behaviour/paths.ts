/** Paths as conversations in Markdown, which people read and a diff shows. */
import type { Path } from './explore.ts';
import { isSpoken, type Step, stepOf } from './steps.ts';
import { type Grounds, type Line, Walk } from './walk.ts';

const STATE = '  → ';
const EXPECT = 'expect: ';
const FENCE = '```';

/** Name of a path's file, after the transition that it shows first. */
export function fileNameOf({ shows }: Path): string {
  const slug = (shows[0] ?? 'start')
    .replaceAll(/[^\p{L}\p{N}.]+/gu, '-')
    .replaceAll(/^-+|-+$/gu, '')
    .toLowerCase();
  return `${slug}.md`;
}

/** A path as a page. `expected`: lines that the user wrote, by the number of steps before them. */
export function pageOf(
  { shows, lines }: Path,
  expected: ReadonlyMap<number, readonly string[]> = new Map(),
): string {
  let steps = 0;
  const shown = (line: Line) => (line.kind === 'state' ? STATE : '') + line.text;
  const body = [...(expected.get(0) ?? [])];
  lines.forEach((line, at) => {
    if (line.kind === 'step') steps += 1;
    body.push(shown(line));
    // Expectations stand behind all that their step led to.
    const next = lines[at + 1];
    if (steps > 0 && (!next || next.kind === 'step'))
      body.push(...(expected.get(steps) ?? []).map((one) => EXPECT + one));
  });
  return [
    `# ${shows[0] ?? 'The start'}`,
    '',
    ...shows.slice(1).map((one) => `Also: ${one}`),
    FENCE,
    ...body,
    FENCE,
    '',
  ].join('\n');
}

/** A page as it was written: its steps, its lines without the expectations, and these by the number of steps before them. */
export interface Page {
  readonly steps: readonly Step[];
  readonly lines: readonly string[];
  readonly expected: ReadonlyMap<number, readonly string[]>;
}

export function parsePage(text: string): Page {
  const [, body = ''] = text.split(new RegExp(`^${FENCE}.*$`, 'mu'));
  const steps: Step[] = [];
  const lines: string[] = [];
  const expected = new Map<number, string[]>();
  for (const line of body.split('\n').map((one) => one.trimEnd())) {
    if (line === '') continue;
    if (line.startsWith(EXPECT)) {
      expected.set(steps.length, [...(expected.get(steps.length) ?? []), line.slice(EXPECT.length)]);
      continue;
    }
    lines.push(line);
    const step = stepOf(line);
    if (step) steps.push(step);
  }
  return { steps, lines, expected };
}

/** What a page says that is no longer so. */
export interface PageDifference {
  /** The first line that is not as written; undefined: an end is missing. */
  readonly written: string | undefined;
  readonly happened: string | undefined;
  /** Expectations that did not come true. */
  readonly unmet: readonly string[];
}

/** Holds the conversation of a page again. Undefined: all is as written. */
export async function difference(
  grounds: Grounds,
  { steps, lines, expected }: Page,
): Promise<PageDifference | undefined> {
  const walk = new Walk(grounds, steps.some(isSpoken));
  await walk.begin();
  const unmet: string[] = [];
  let seen = 0;
  const check = (after: number) => {
    const fresh = walk.lines.slice(seen).map(({ text }) => text);
    seen = walk.lines.length;
    for (const one of expected.get(after) ?? [])
      if (!fresh.some((text) => text.includes(one))) unmet.push(one);
  };
  check(0);
  for (const [at, step] of steps.entries()) {
    await walk.take(step, steps[at + 1]);
    check(at + 1);
  }
  const happened = walk.lines.map((line) => (line.kind === 'state' ? STATE : '') + line.text);
  const at = happened.findIndex((line, i) => line !== lines[i]);
  const first = at < 0 && lines.length > happened.length ? happened.length : at;
  if (first < 0 && unmet.length === 0) return undefined;
  return first < 0
    ? { written: undefined, happened: undefined, unmet }
    : { written: lines[first], happened: happened[first], unmet };
}
