import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { sessionMachine } from '../../machines/session/machine.ts';
import { Audit } from '../../testing/simulation/audit.ts';
import { FAULT_NAMES, Faults, NO_FAULTS, parseFaultProfile } from '../../testing/simulation/faults.ts';
import type { Finding } from '../../testing/simulation/findings.ts';
import { runFullSeed } from '../../testing/simulation/full-level.ts';
import { runKernelSeed } from '../../testing/simulation/kernel-level.ts';
import { LogHash } from '../../testing/simulation/log-hash.ts';
import { simulationParameters } from '../../testing/simulation/parameters.ts';
import { Random } from '../../testing/simulation/random.ts';
import type { SimulationReport } from '../../testing/simulation/report.ts';
import { scriptOf } from '../../testing/simulation/seed.ts';
import { shrink } from '../../testing/simulation/shrink.ts';
import { simulate } from '../../testing/simulation/simulate.ts';

const run = promisify(execFile);
/** Long on a busy machine: nothing here waits for anything but the processor. */
const PATIENCE_MS = 120_000;
const hashProcess = fileURLToPath(new URL('./hash-process.ts', import.meta.url));

describe('the simulator', { timeout: PATIENCE_MS }, () => {
  it('finds nothing at the kernel level, and sees all that should sometimes happen', async () => {
    const report = await simulate({ level: 'kernel', from: 1, to: 16, turns: 80 });
    expect(report.failure).toBeNull();
    expect(report.turns).toBe(1_280);
    expect(report.unreached).toEqual([]);
  });

  it('finds nothing at the full level', async () => {
    const report = await simulate({ level: 'full', from: 1, to: 6, turns: 30 });
    expect(report.failure).toBeNull();
    expect(report.turns).toBe(180);
    expect(Object.values(report.fired).filter((count) => count > 0).length).toBeGreaterThan(25);
  });

  it('comes to the same whatever the number of threads that share the seeds', async () => {
    const [one, three] = await Promise.all(
      [1, 3].map((jobs) => simulate({ level: 'kernel', from: 1, to: 5, turns: 10, jobs })),
    );
    const told = ({ hash, turns, events, fired, reached }: SimulationReport) => ({
      ...{ hash, turns, events, fired, reached },
    });
    expect(three && told(three)).toEqual(one && told(one));
  });

  it('does no fault when none are wanted, and then every engine is understood', async () => {
    const result = await runFullSeed({ seed: 5, turns: 20, profile: NO_FAULTS });
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
    const outputs = await Promise.all(
      environments.map((env) =>
        run(process.execPath, ['--import', 'tsx', hashProcess, '7', '15'], {
          env: { ...process.env, ...env },
        }),
      ),
    );
    const [first, second] = outputs.map(({ stdout }) => JSON.parse(stdout));
    expect(first).toEqual(second);
    expect(first.events).toBeGreaterThan(100);
  });

  it('gives another hash for another seed', () => {
    const hashes = [1, 2, 3].map((seed) => runKernelSeed({ seed, turns: 3 }).hash);
    expect(new Set(hashes).size).toBe(3);
  });
});

describe('a failing seed', { timeout: PATIENCE_MS }, () => {
  it('is made smaller for as long as the same check fails', async () => {
    // given a check that fails whenever the user presses the emergency stop
    const fails = (options: Parameters<typeof runKernelSeed>[0]) => {
      const result = runKernelSeed(options);
      const bad = options.script?.some(({ act }) => act.type === 'estop') ?? true;
      const finding: Finding = { by: 'client', what: 'planted', session: 's1', seq: 1 };
      return { ...result, findings: bad ? [finding] : [] };
    };
    const options = { seed: 3, turns: 60, script: scriptOf(3, 60) };
    // when
    const small = await shrink(options, fails(options), fails);
    // then
    expect(small.script).toHaveLength(1);
    expect(small.script[0]?.act.type).toBe('estop');
    expect(small.result.faultsDone).toEqual([]);
  });
});

describe('faults', () => {
  it('keep their choices when others are left out', () => {
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

  it('are refused under a name that is none, or with a probability that is none', () => {
    expect(() => parseFaultProfile({ 'llm.sulks': 0.5 })).toThrow();
    expect(() => parseFaultProfile({ 'llm.error': 2 })).toThrow();
    expect(parseFaultProfile({ 'llm.error': 0.25 })).toEqual({ 'llm.error': 0.25 });
  });

  it('have names that the documentation lists', async () => {
    const { readFile } = await import('node:fs/promises');
    const page = await readFile(new URL('../../docs/simulation.md', import.meta.url), 'utf8');
    expect(FAULT_NAMES.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });
});

describe('the oracle', () => {
  const auditOf = (found: Finding[]) =>
    new Audit(
      's1',
      { language: 'en', outputRate: 24_000, seed: 1, memory: false },
      {
        machine: sessionMachine(simulationParameters),
        parameters: simulationParameters,
        hash: new LogHash(),
        found: (finding) => found.push(finding),
        reached: () => {},
        replays: false,
      },
    );

  it('says which command it did not expect', () => {
    const found: Finding[] = [];
    const audit = auditOf(found);
    audit.observe({ type: 'command', seq: 0, atMs: 0, command: { type: 'stop', child: 'llm' } });
    expect(found).toEqual([
      {
        by: 'oracle',
        session: 's1',
        seq: 0,
        what: 'the oracle expects: say state idle 0 0; the kernel asks: stop llm',
      },
    ]);
  });

  it('says which command is missing', () => {
    const found: Finding[] = [];
    const audit = auditOf(found);
    audit.end();
    expect(found.map(({ what }) => what)).toEqual(['the oracle expects besides: say state idle 0 0']);
  });

  it('does not let a delay fire that is not due', () => {
    const found: Finding[] = [];
    const audit = auditOf(found);
    const state = { type: 'state', value: 'idle', turn: 0, generation: 0, seq: 0, at: 0 } as const;
    audit.observe({ type: 'command', seq: 0, atMs: 0, command: { type: 'publish', message: state } });
    audit.observe({
      ...{ type: 'event', seq: 1, atMs: 5, source: 'timer', state: 'idle' },
      event: { type: 'xstate.after.endpointDelay.endpointing' },
    });
    audit.end();
    expect(found.map(({ what }) => what).join('\n')).toContain('the delay endpointDelay was not due');
  });
});

describe('a random stream', () => {
  it('is the same for the same seed and name, whatever was drawn before', () => {
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
