import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bus } from '../../actors/ports/bus.ts';
import { inProcessBus } from '../../adapters/bus/in-process.ts';
import { natsBus } from '../../adapters/bus/nats.ts';
import {
  type Coverage,
  coverageOf,
  describePath,
  missing,
  runOnKernel,
  runOnSession,
  type SessionPath,
} from '../../testing/model/mod.ts';
import { startNatsServer } from '../../testing/nats-server.ts';
import {
  feedImpossible,
  LEVELS,
  sessionPaths,
  takenBy,
  transitionsPage,
  UNREACHABLE,
} from './session-paths.ts';

/** Running many paths at once hides the round trips of a server. */
const SESSIONS_AT_ONCE = 32;
const LONG_MS = 600_000;

describe('the session, on every path of its chart', () => {
  const measured: Record<string, Coverage> = {};
  let generated: ReturnType<typeof sessionPaths>;

  beforeAll(() => {
    generated = sessionPaths();
  }, LONG_MS);

  /** Runs all paths over a bus; returns the paths that broke something. */
  async function runAll(bus: Bus): Promise<{ run: SessionPath[]; broken: Record<string, string> }> {
    const waiting = generated.sessions.flatMap(({ model, paths }, nth) =>
      paths.map((path, index) => ({ model, path, name: `path-${nth}-${index}` })),
    );
    const run: SessionPath[] = [];
    /** The shortest path to each state. */
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

  it(
    'leaves no transition out on the kernel',
    () => {
      for (const { model, paths } of generated.sessions) for (const path of paths) runOnKernel(model, path);
      const coverage = new Map([...takenBy(generated), ...feedImpossible(generated)]);
      measured[LEVELS.kernel] = coverage;
      expect(missing(generated.transitions, coverage)).toEqual([]);
    },
    LONG_MS,
  );

  it(
    'takes the same steps over the in-process bus',
    async () => {
      const bus = inProcessBus();
      const { run, broken } = await runAll(bus);
      await bus.drain();
      const coverage = coverageOf(run);
      measured[LEVELS.inProcess] = coverage;
      expect(broken).toEqual({});
      expect(missing(generated.transitions, coverage, UNREACHABLE)).toEqual([]);
    },
    LONG_MS,
  );

  describe('over a real nats-server', () => {
    let bus: Bus;
    const stop: (() => Promise<void>)[] = [];

    beforeAll(async () => {
      const server = await startNatsServer();
      bus = await natsBus({ url: server.url });
      stop.push(
        () => bus.drain(),
        () => server.stop(),
      );
    });
    afterAll(async () => {
      for (const one of stop) await one();
    });

    it(
      'takes the same steps',
      async () => {
        const { run, broken } = await runAll(bus);
        const coverage = coverageOf(run);
        measured[LEVELS.nats] = coverage;
        expect(broken).toEqual({});
        expect(missing(generated.transitions, coverage, UNREACHABLE)).toEqual([]);
      },
      LONG_MS,
    );
  });

  it('excuses only transitions that no path takes', () => {
    const taken = takenBy(generated);
    expect(Object.keys(UNREACHABLE).filter((id) => taken.has(id))).toEqual([]);
    expect(Object.keys(UNREACHABLE).filter((id) => !generated.transitions.has(id))).toEqual([]);
  });

  it('is shown in docs/transitions.md as measured (regenerate it with `node scripts/transitions.mjs`)', () => {
    const page = readFileSync(new URL('../../docs/transitions.md', import.meta.url), 'utf8');
    expect(page).toBe(transitionsPage(generated, measured));
  });
});
