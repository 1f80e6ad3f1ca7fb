/**
 * A few of the session's paths, in few-paths.json: together they take every transition, in every combination that one
 * event takes, and reach every value of the chart. To find them all paths are generated, which takes most of a minute.
 */
import { readFileSync } from 'node:fs';
import { conversationOf } from '../../machines/session/regions.ts';
import type { SessionModel, SessionPath } from '../../testing/model/mod.ts';
import { models, type PathsOfModel } from './session-paths.ts';

const FILE = new URL('few-paths.json', import.meta.url);
const ARROW = ' → ';
/** What a path costs beside its steps, in steps. */
const OPENING = 5;

/** The paths of few-paths.json, each with its model. Throws where an event can no longer happen. */
export function fewPaths(): readonly PathsOfModel[] {
  const listed: readonly (readonly string[])[] = JSON.parse(readFileSync(FILE, 'utf8'));
  return models().map((model, nth) => ({
    model,
    paths: (listed[nth] ?? []).map((path) => walked(model, path.split(ARROW))),
  }));
}

function walked(model: SessionModel, events: readonly string[]): SessionPath {
  const start = model.initial();
  let state = start;
  const steps = events.map((type) => {
    const event = model.events(state).find((possible) => possible.type === type);
    if (!event)
      throw new Error(
        `${type} cannot happen in ${JSON.stringify(state.snapshot.value)}: npm run docs:transitions`,
      );
    state = model.step(state, event);
    return { event, state };
  });
  return { start, steps };
}

/** The text of few-paths.json, chosen from all paths: always the one that reaches most for its length. */
export function chosenPaths(sessions: readonly PathsOfModel[]): string {
  const waiting = sessions.flatMap(({ paths }, nth) =>
    paths.map((path) => ({ nth, path, reached: reachedBy(path) })),
  );
  const open = new Set(waiting.flatMap(({ reached }) => [...reached]));
  const chosen: string[][] = sessions.map(() => []);
  while (open.size > 0) {
    const worth = ({ path, reached }: (typeof waiting)[number]) =>
      [...reached].filter((one) => open.has(one)).length / (path.steps.length + OPENING);
    const best = waiting.reduce((one, other) => (worth(other) > worth(one) ? other : one));
    for (const one of best.reached) open.delete(one);
    chosen[best.nth]?.push(best.path.steps.map(({ event }) => event.type).join(ARROW));
  }
  return `${JSON.stringify(chosen, null, 2)}\n`;
}

function reachedBy({ steps }: SessionPath): ReadonlySet<string> {
  return new Set(
    steps.flatMap(({ state: { snapshot, happenings } }) => [
      JSON.stringify(conversationOf(snapshot.value)),
      ...happenings.map(({ taken }) => taken.join()),
    ]),
  );
}
