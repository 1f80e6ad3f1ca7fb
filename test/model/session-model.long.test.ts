import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bus } from '../../actors/ports/bus.ts';
import { inProcessBus } from '../../adapters/bus/in-process.ts';
import { natsBus } from '../../adapters/bus/nats.ts';
import { type Coverage, coverageOf, missing, runOnKernel } from '../../testing/model/mod.ts';
import { startNatsServer } from '../../testing/nats-server.ts';
import { chosenPaths } from './few-paths.ts';
import { runPaths } from './run-paths.ts';
import {
  feedImpossible,
  LEVELS,
  type SessionPaths,
  sessionPaths,
  takenBy,
  transitionsPage,
  UNREACHABLE,
  WITHOUT_BEHAVIOUR,
} from './session-paths.ts';

const LONG_MS = 600_000;

describe('the session, on every path of its chart', () => {
  const measured: Record<string, Coverage> = {};
  let generated: SessionPaths;

  beforeAll(() => {
    generated = sessionPaths();
  }, LONG_MS);

  it(
    'leaves no transition out on the kernel',
    () => {
      for (const { model, paths } of generated.sessions) for (const path of paths) runOnKernel(model, path);
      const coverage = new Map([...takenBy(generated), ...feedImpossible(generated)]);
      measured[LEVELS.kernel] = coverage;
      expect(missing(generated.transitions, coverage, WITHOUT_BEHAVIOUR)).toEqual([]);
    },
    LONG_MS,
  );

  it(
    'takes the same steps over the in-process bus',
    async () => {
      const bus = inProcessBus();
      const { run, broken } = await runPaths(generated.sessions, bus);
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
        const { run, broken } = await runPaths(generated.sessions, bus);
        const coverage = coverageOf(run);
        measured[LEVELS.nats] = coverage;
        expect(broken).toEqual({});
        expect(missing(generated.transitions, coverage, UNREACHABLE)).toEqual([]);
      },
      LONG_MS,
    );
  });

  it('has paths of which npm test takes a few (regenerate them with `node scripts/transitions.mjs`)', () => {
    const chosen = readFileSync(new URL('few-paths.json', import.meta.url), 'utf8');
    expect(chosen).toBe(chosenPaths(generated.sessions));
  });

  it('excuses only transitions that no path takes', () => {
    const taken = takenBy(generated);
    expect(Object.keys(UNREACHABLE).filter((id) => taken.has(id))).toEqual([]);
    expect(Object.keys(UNREACHABLE).filter((id) => !generated.transitions.has(id))).toEqual([]);
  });

  it('is shown in lab/transitions.md as measured (regenerate it with `node scripts/transitions.mjs`)', () => {
    const page = readFileSync(new URL('../../lab/transitions.md', import.meta.url), 'utf8');
    expect(page).toBe(transitionsPage(generated, measured));
  });
});
