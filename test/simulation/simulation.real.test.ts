import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { FAULT_NAMES, Faults, NO_FAULTS, parseFaultProfile } from '../../testing/simulation/faults.ts';
import { Random } from '../../testing/simulation/random.ts';
import type { SimulationReport } from '../../testing/simulation/report.ts';
import { runSeed } from '../../testing/simulation/run-seed.ts';
import { type Finding, type SeedOptions, scriptOf } from '../../testing/simulation/seed.ts';
import { shrink } from '../../testing/simulation/shrink.ts';
import { simulate } from '../../testing/simulation/simulate.ts';
import { compiled } from '../support/program.ts';

const run = promisify(execFile);
/** Long on a busy machine: these tests wait only for the processor. */
const PATIENCE_MS = 600_000;

describe('the simulator', { timeout: PATIENCE_MS }, () => {
  it('finds nothing in a few seeds', async () => {
    const report = await simulate({ from: 3, to: 6, turns: 40 });
    expect(report.failure).toBeNull();
    expect(report.turns).toBe(160);
    expect(Object.values(report.fired).filter((count) => count > 0).length).toBeGreaterThan(25);
  });

  it('gives the same result for any number of threads', async () => {
    const [one, three] = await Promise.all(
      [1, 3].map((jobs) => simulate({ from: 1, to: 5, turns: 5, jobs })),
    );
    const summary = ({ hash, turns, events, fired, reached }: SimulationReport) => ({
      ...{ hash, turns, events, fired, reached },
    });
    expect(three && summary(three)).toEqual(one && summary(one));
  });

  it('causes no fault when faults are off, and then every utterance is understood', async () => {
    const result = await runSeed({ seed: 5, turns: 20, profile: NO_FAULTS });
    expect(result.findings).toEqual([]);
    expect(result.faultsDone).toEqual([]);
  });

  it('gives the same hash in processes that differ in time zone, language and flags', async () => {
    const environments = [
      {
        TZ: 'Pacific/Kiritimati',
        LANG: 'tr_TR.UTF-8',
        LC_ALL: 'tr_TR.UTF-8',
        NODE_OPTIONS: '--stack-trace-limit=3',
      },
      { TZ: 'America/St_Johns', LANG: 'C', LC_ALL: 'C', NODE_OPTIONS: '--max-old-space-size=512' },
    ];
    const hashProcess = await compiled(new URL('./hash-process.ts', import.meta.url));
    const outputs = await Promise.all(
      environments.map((env) =>
        run(process.execPath, [hashProcess, '7', '15'], {
          env: { ...process.env, ...env },
        }),
      ),
    );
    const [first, second] = outputs.map(({ stdout }) => JSON.parse(stdout));
    expect(first).toEqual(second);
    expect(first.events).toBeGreaterThan(100);
  });

  it('gives different hashes for different seeds', async () => {
    const results = await Promise.all([1, 2, 3].map((seed) => runSeed({ seed, turns: 3 })));
    expect(new Set(results.map(({ hash }) => hash)).size).toBe(3);
  });
});

describe('a failing seed', { timeout: PATIENCE_MS }, () => {
  it('is shrunk while the same check fails', async () => {
    // given a check that fails whenever the user presses the voice stop
    const fails = async (options: SeedOptions) => {
      const result = await runSeed(options);
      const bad = options.script?.some(({ act }) => act.type === 'halt') ?? true;
      const finding: Finding = { by: 'client', what: 'planted', session: 's1', seq: 1 };
      return { ...result, findings: bad ? [finding] : [] };
    };
    const options = { seed: 3, turns: 60, script: scriptOf(3, 60) };
    // when
    const small = await shrink(options, await fails(options), fails);
    // then
    expect(small.script).toHaveLength(1);
    expect(small.script[0]?.act.type).toBe('halt');
    expect(small.result.faultsDone).toEqual([]);
  });
});

describe('faults', () => {
  it('keep their choices when others are omitted', () => {
    const doneWith = (suppressed: readonly string[]) => {
      const faults = new Faults(4, { 'llm.error': 0.5, 'tts.error': 0.5 }, new Set(suppressed));
      for (let step = 0; step < 10; step++) {
        faults.atStep(step);
        faults.does('llm.error');
        faults.does('tts.error');
      }
      return faults.done();
    };
    const all = doneWith([]);
    const [left] = all;
    expect(all.length).toBeGreaterThan(2);
    expect(doneWith(left === undefined ? [] : [left])).toEqual(all.slice(1));
  });

  it('are refused with an unknown name or an invalid probability', () => {
    expect(() => parseFaultProfile({ 'llm.sulks': 0.5 })).toThrow();
    expect(() => parseFaultProfile({ 'llm.error': 2 })).toThrow();
    expect(parseFaultProfile({ 'llm.error': 0.25 })).toEqual({ 'llm.error': 0.25 });
  });

  it('are all listed in the documentation', async () => {
    const { readFile } = await import('node:fs/promises');
    const page = await readFile(new URL('../../lab/simulation.md', import.meta.url), 'utf8');
    expect(FAULT_NAMES.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });
});

describe('a random stream', () => {
  it('is the same for the same seed and name, independent of earlier draws', () => {
    const used = new Random(1);
    used.next();
    used.restart(9, 'engines');
    expect([used.int(0, 1_000), used.pick(['a', 'b', 'c'])]).toEqual([
      Random.named(9, 'engines').int(0, 1_000),
      (() => {
        const fresh = Random.named(9, 'engines');
        fresh.next();
        return fresh.pick(['a', 'b', 'c']);
      })(),
    ]);
  });
});
