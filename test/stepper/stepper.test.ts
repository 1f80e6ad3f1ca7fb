import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type KernelEvent, SessionKernel } from '../../machines/kernel.ts';
import { defaultParameters, type SessionParameters } from '../../machines/parameters.ts';
import type { SessionInput } from '../../machines/session/context.ts';
import { sessionMachine } from '../../machines/session/machine.ts';
import { FlatStepper } from '../../machines/stepper/flat-stepper.ts';
import { stepperOf } from '../../machines/stepper/stepper-of.ts';
import { XStateStepper } from '../../machines/stepper/xstate-stepper.ts';

const INPUT: SessionInput = { language: 'en', outputRate: 24_000, seed: 7, memory: true };
const GOLDEN = new URL('../golden/', import.meta.url);

interface Happening {
  readonly event: KernelEvent | null;
  readonly source: string;
  readonly stale: boolean;
  readonly t: number;
}

/** Two kernels of one machine: by tables, and by XState. */
function pair(parameters: SessionParameters, input: SessionInput) {
  const machine = sessionMachine(parameters);
  return [
    new SessionKernel(machine, input, stepperOf(machine)),
    new SessionKernel(machine, input, new XStateStepper(machine)),
  ] as const;
}

/** As text: the order of an object's members counts, as the journal's hashes are of that. */
function told(kernel: SessionKernel, step: unknown): string {
  return JSON.stringify([step, kernel.value, kernel.state, kernel.context, kernel.ended]);
}

function parametersOf(lines: readonly string[]): { parameters: SessionParameters; input: SessionInput } {
  const header = JSON.parse(lines[0] ?? '');
  return header.header ?? header;
}

describe('the flat chart', () => {
  it('can tell all that the session asks for', () => {
    expect(stepperOf(sessionMachine(defaultParameters))).toBeInstanceOf(FlatStepper);
  });

  it('serves all sessions of a machine', () => {
    const machine = sessionMachine(defaultParameters);
    expect(stepperOf(machine)).toBe(stepperOf(machine));
  });

  it.each(readdirSync(GOLDEN).filter((name) => name.endsWith('.jsonl')))(
    'steps %s as XState does',
    (name) => {
      const lines = readFileSync(new URL(name, GOLDEN), 'utf8').trim().split('\n');
      const { parameters, input } = parametersOf(lines);
      const [flat, reference] = pair(parameters, input);
      expect(told(flat, flat.initial)).toBe(told(reference, reference.initial));
      const happenings: Happening[] = lines.map((line) => JSON.parse(line));
      for (const { event, source, stale, t } of happenings) {
        if (!event || stale || source === 'start') continue;
        if (source === 'timer') expect(flat.takeTimer(t)).toEqual(reference.takeTimer(t));
        expect(told(flat, flat.step(event, t))).toBe(told(reference, reference.step(event, t)));
      }
    },
  );

  it('steps as XState does whatever comes in whatever order', () => {
    const error = { code: 'INTERNAL', message: 'as scripted' } as const;
    const event = fc.constantFrom<KernelEvent | 'delay'>(
      'delay',
      { type: 'text', text: 'wave, please' },
      { type: 'speech.start', sample: 0, ageMs: 0 },
      { type: 'speech.stop', sample: 0, ageMs: 0 },
      { type: 'transcript.partial', text: 'stop it' },
      { type: 'transcript.partial', text: 'uh-huh' },
      { type: 'xstate.done.actor.stt', output: { text: 'hello' } },
      { type: 'xstate.done.actor.stt', output: { text: '' } },
      { type: 'xstate.error.actor.stt', error },
      { type: 'xstate.done.actor.memory', output: { facts: ['tea'] } },
      { type: 'xstate.error.actor.memory', error },
      { type: 'llm.delta', text: 'Hello there. ' },
      { type: 'llm.action', id: 'a', name: 'wave', args: {} },
      { type: 'llm.action', id: 'b', name: 'estop', args: {} },
      { type: 'xstate.done.actor.llm' },
      { type: 'xstate.error.actor.llm', error },
      { type: 'segment.started', segment: 0 },
      { type: 'segment.audio', segment: 0, samples: 9_600, words: [], ready: true },
      { type: 'xstate.done.actor.tts' },
      { type: 'xstate.error.actor.tts', error },
      { type: 'playout.started' },
      { type: 'playout.progress', samples: 2_400, sent: 7_200, moving: true },
      { type: 'xstate.done.actor.playback', output: { samples: 9_600 } },
      { type: 'xstate.error.actor.playback', error },
      { type: 'action.done', id: 'a', result: null },
      { type: 'xstate.done.actor.actions' },
      { type: 'xstate.error.actor.actions', error },
      { type: 'played', generation: 1, samples: 4_800 },
      { type: 'ear.failed', error },
      { type: 'interrupt' },
      { type: 'rearm' },
      ...(['estop', 'bye'] as const).map((type) => ({ type })),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(event, fc.constantFrom(0, 20, 400, 3_000)), { maxLength: 40 }),
        (events) => {
          const [flat, reference] = pair(defaultParameters, INPUT);
          let nowMs = 0;
          for (const [given, passedMs] of events) {
            const [timer, same] = [flat, reference].map((kernel) =>
              given === 'delay' ? kernel.takeTimer(Number.POSITIVE_INFINITY) : undefined,
            );
            expect(timer).toEqual(same);
            const next = given === 'delay' ? timer?.event : given;
            nowMs = Math.max(nowMs + passedMs, timer?.dueMs ?? 0);
            if (next)
              expect(told(flat, flat.step(next, nowMs))).toBe(told(reference, reference.step(next, nowMs)));
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
