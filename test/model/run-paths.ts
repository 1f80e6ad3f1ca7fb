/** Runs paths of the session's models on real sessions over a bus. */
import type { Bus } from '../../actors/ports/bus.ts';
import { describePath, runOnSession, type SessionPath } from '../../testing/model/mod.ts';
import type { PathsOfModel } from './session-paths.ts';

/** Running many paths at once hides the round trips of a server. */
const SESSIONS_AT_ONCE = 32;

export interface PathsRun {
  readonly run: readonly SessionPath[];
  /** What broke, with the shortest path to it. */
  readonly broken: Readonly<Record<string, string>>;
}

/** Runs all paths, and replays each session's log. Rejects where a session differs from its model. */
export async function runPaths(sessions: readonly PathsOfModel[], bus: Bus): Promise<PathsRun> {
  const waiting = sessions.flatMap(({ model, paths }, nth) =>
    paths.map((path, index) => ({ model, path, name: `path-${nth}-${index}` })),
  );
  const run: SessionPath[] = [];
  const broken = new Map<string, string>();
  const note = (what: string, path: SessionPath) => {
    const after = describePath(path);
    if (after.length < (broken.get(what)?.length ?? Number.POSITIVE_INFINITY)) broken.set(what, after);
  };
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { model, path, name } = next;
      const { violations, divergence } = await runOnSession(model, path, bus, name);
      run.push(path);
      for (const { invariant, what } of violations) note(`invariant ${invariant}: ${what}`, path);
      if (divergence) note('it is replayed differently', path);
    }
  };
  await Promise.all(Array.from({ length: SESSIONS_AT_ONCE }, work));
  return { run, broken: Object.fromEntries(broken) };
}
