import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { inProcessBus } from '../../adapters/bus/in-process.ts';
import { natsBus } from '../../adapters/bus/nats.ts';
import {
  coverageOf,
  missing,
  renderTable,
  runOnKernel,
  type TransitionInfo,
} from '../../testing/model/mod.ts';
import { startNatsServer } from '../../testing/nats-server.ts';
import { afterTest } from '../support/after-test.ts';
import { fewPaths } from './few-paths.ts';
import { runPaths } from './run-paths.ts';
import { type PathsOfModel, UNREACHABLE } from './session-paths.ts';

describe('the session, on a few paths that take every transition of its chart', () => {
  let sessions: readonly PathsOfModel[];
  let transitions: ReadonlyMap<string, TransitionInfo>;
  const untaken = (paths: Parameters<typeof coverageOf>[0]) =>
    missing(transitions, coverageOf(paths), UNREACHABLE);

  beforeAll(() => {
    sessions = fewPaths();
    transitions = sessions[0]?.model.stepper.transitions ?? new Map();
  });

  it('takes the steps of its model on the kernel', () => {
    for (const { model, paths } of sessions) for (const path of paths) runOnKernel(model, path);
    expect(untaken(sessions.flatMap(({ paths }) => paths))).toEqual([]);
  });

  it.each([
    ['the in-process bus', async () => inProcessBus()],
    [
      'a real nats-server',
      async () => {
        const server = await startNatsServer();
        afterTest(() => server.stop());
        return natsBus({ url: server.url });
      },
    ],
  ])('takes the same steps over %s', async (_what, open) => {
    const bus = await open();
    const { run, broken } = await runPaths(sessions, bus);
    await bus.drain();
    expect(broken).toEqual({});
    expect(untaken(run)).toEqual([]);
  });

  it('has its transitions in lab/transitions.md (regenerate it with `node scripts/transitions.mjs`)', () => {
    const page = readFileSync(new URL('../../lab/transitions.md', import.meta.url), 'utf8');
    const rows = (text: string) => text.split('\n').filter((line) => line.startsWith('| '));
    const columns = 4;
    const unmeasured = renderTable({ transitions, levels: {}, excused: {}, head: '' });
    expect(rows(page).map((row) => row.split(' | ').slice(0, columns).join(' | '))).toEqual(
      rows(unmeasured).map((row) => row.replace(/ \|$/u, '')),
    );
  });
});
