import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../machines/clock.ts';
import type { LogEntry } from '../../machines/log.ts';
import type { SessionMessage } from '../../machines/wire.ts';
import { ChainAudit } from '../../testing/simulation/chain-audit.ts';
import { plannedChains } from '../../testing/simulation/chains.ts';
import { Vocabulary } from '../../testing/simulation/engines.ts';
import { Faults, NO_FAULTS } from '../../testing/simulation/faults.ts';
import { Random } from '../../testing/simulation/random.ts';
import { runSeed } from '../../testing/simulation/run-seed.ts';
import { scriptOf } from '../../testing/simulation/seed.ts';
import { sharesOf } from '../../testing/simulation/shares.ts';
import { Sickbay } from '../../testing/simulation/sickness.ts';

const PATIENCE_MS = 600_000;

describe('a seed whose engines are chains', { timeout: PATIENCE_MS }, () => {
  it('finds nothing while fifty sessions talk and engines fail', async () => {
    const options = {
      seed: 4,
      turns: 50,
      profile: { 'chain.hang': 1, 'chain.error': 1, 'chain.breakOff': 1 },
    };
    const one = await runSeed(options);
    expect(one.findings).toEqual([]);
    expect(one.sessions).toBeGreaterThanOrEqual(50);
    expect(one.reached).toContain('fifty sessions talked while an engine was down');
  });

  it('omits suppressed faults, and keeps its other steps unchanged', async () => {
    const options = { seed: 2, turns: 40 };
    const whole = await runSeed(options);
    const sick = whole.faultsDone.filter((fault) => fault.startsWith('chain.'));
    expect(sick.length).toBeGreaterThan(0);
    const script = scriptOf(2, 40).slice(0, 20);
    const small = await runSeed({ ...options, script, suppressed: new Set(sick) });
    expect(small.findings).toEqual([]);
    const ids = new Set(script.map(({ id }) => id));
    expect(small.faultsDone.filter((fault) => sick.includes(fault))).toEqual([]);
    for (const fault of small.faultsDone) expect(ids).toContain(Number(/@(\d+)#/.exec(fault)?.[1]));
  });
});

describe('the users of a seed', () => {
  it('keep their steps when others are omitted', () => {
    const all = sharesOf({ seed: 4, turns: 60 });
    expect(all).toHaveLength(50);
    const [, second, third] = all;
    const left = sharesOf({
      seed: 4,
      turns: 60,
      script: [...(second?.steps ?? []), ...(third?.steps ?? [])],
    });
    expect(left).toEqual([second, third]);
  });
});

describe('the sickbay of a chain', () => {
  it('knows which engine has been healthy all the time', () => {
    const clock = new VirtualClock();
    const faults = new Faults(1, { ...NO_FAULTS, 'chain.hang': 1 });
    const sickbay = new Sickbay(clock, faults, { stt: 1, llm: 1, tts: 1 });
    expect(sickbay.worksSince('llm', 0)).toBe(true);
    // A chain of one is sick with its only engine.
    for (let step = 0; step < 30; step++) {
      faults.atStep(step);
      sickbay.befall();
    }
    expect(sickbay.ails('llm', 0)).toBe('hang');
    expect(sickbay.worksSince('llm', 0)).toBe(false);
    expect(sickbay.downSince('llm', 0)).toBe(true);
    sickbay.heal();
    expect(sickbay.well).toBe(true);
    expect(sickbay.worksSince('llm', 0)).toBe(false);
  });
});

describe('the audit of a chain', () => {
  function audited(viaBus: boolean) {
    const clock = new VirtualClock({ startMs: 1 });
    const faults = new Faults(2, NO_FAULTS);
    const found: string[] = [];
    const chains = plannedChains(
      2,
      {
        ...{ clock, faults, random: new Random(1), said: new Vocabulary(), spoken: new Vocabulary() },
        die: () => {},
      },
      { reached: () => {}, found: (what) => found.push(what) },
    );
    const audit = new ChainAudit({
      ...{ clock, chains, viaBus, lost: () => 0, reached: () => {} },
      found: (what) => found.push(what),
    });
    return { audit, found, clock };
  }
  const failed = (code: 'TTS_FAILED' | 'ENGINE_LOST'): LogEntry => ({
    ...({ type: 'event', seq: 1, atMs: 1, source: 'tts', state: 'speaking' } as const),
    event: { type: 'xstate.error.actor.tts', error: { code, message: 'as planned' } },
  });

  it('reports when a kind fails while an engine of its chain works, unless the bus caused it', () => {
    const direct = audited(false);
    direct.audit.observe(failed('TTS_FAILED'));
    expect(direct.found).toEqual(['tts failed (TTS_FAILED) though one engine of its chain works']);
    const remote = audited(true);
    remote.audit.observe(failed('ENGINE_LOST'));
    expect(remote.found).toEqual([]);
    remote.audit.observe(failed('TTS_FAILED'));
    expect(remote.found).toHaveLength(1);
  });

  it('reports when a reply with words was not audible', () => {
    const { audit, found } = audited(false);
    audit.observe({ type: 'child.start', atMs: 1, child: 's/1/tts/1', kind: 'tts', generation: 1 });
    const publish = (message: Parameters<typeof said>[0]) => audit.observe(said(message));
    publish({ type: 'reply', turn: 1, generation: 1, text: 'Yes.' });
    publish({ type: 'reply.end', turn: 1, generation: 1, reason: 'completed', heard: '', timings: {} });
    audit.heard({ generation: 1, voices: [] });
    expect(found).toEqual([
      'reply 1 was not audible, and no error was sent',
      'reply 1 was not audible though a speech engine works',
    ]);
  });

  it('reports a stall longer than any deadline', async () => {
    const { audit, found, clock } = audited(false);
    const at = { type: 'event', seq: 1, atMs: 1, source: 'client', state: 'processing' } as const;
    audit.observe({ ...at, event: { type: 'text', text: 'hello' } });
    await clock.advance(9_000);
    audit.observe({ ...at, event: { type: 'interrupt' } });
    expect(found).toEqual(['nothing happened in processing for 9000 ms']);
  });
});

function said(message: SessionMessage) {
  return { type: 'command', seq: 1, atMs: 1, command: { type: 'publish', message } } as const;
}
