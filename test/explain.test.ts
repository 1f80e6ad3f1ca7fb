import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { defaultParameters } from '../machines/parameters.ts';
import { initialContext } from '../machines/session/context.ts';
import type { SessionEvent } from '../machines/session/events.ts';
import { sessionMachine } from '../machines/session/machine.ts';
import type { SessionInput } from '../machines/session/model.ts';
import { conversationOf, regionsOf } from '../machines/session/regions.ts';
import { Stepper } from '../testing/model/transitions.ts';
import { Explainer } from '../web/inspect/model/explain.ts';

const INPUT: SessionInput = { language: 'en', outputRate: 24_000, seed: 1, memory: false };

describe('Explainer', () => {
  it('says which guards let an event pass and which refused it, in the order asked', () => {
    const explainer = new Explainer(defaultParameters);

    const { taken, guards } = explainer.explain(
      { value: 'idle', context: initialContext(INPUT, defaultParameters) },
      { type: 'text', text: 'hi' },
      10,
    );

    const transcribing = 'responding.phase.processing.transcribing · always';
    expect(taken.slice(0, 2)).toEqual(['idle · text', `${transcribing} #2`]);
    expect(guards.filter(({ transition }) => transition.startsWith(transcribing)).slice(0, 2)).toEqual([
      { transition: `${transcribing} #1`, passed: false },
      { transition: `${transcribing} #2`, passed: true },
    ]);
  });

  it('says that an event which no state wants took nothing', () => {
    const explainer = new Explainer(defaultParameters);

    const explained = explainer.explain(
      { value: 'idle', context: initialContext(INPUT, defaultParameters) },
      { type: 'llm.delta', text: 'late' },
      10,
    );

    // The guards of a stop in discarded speech, of results of actions, of the robot's attention and of its body are asked after every event.
    expect(explained.taken).toEqual([]);
    expect(explained.guards.filter(({ passed }) => passed)).toEqual([]);
    expect(explained.guards.map(({ transition }) => transition).sort()).toEqual([
      '(root) · always',
      'attention.awake · always #1',
      'attention.awake · always #2',
      'body.still · always',
      'idle · always',
    ]);
  });

  it('says that an event after the end took nothing', () => {
    const explainer = new Explainer(defaultParameters);

    const explained = explainer.explain(
      { value: 'ended', context: initialContext(INPUT, defaultParameters) },
      { type: 'halt' },
      10,
    );

    expect(explained).toEqual({ taken: [], guards: [] });
  });

  it('says of every event of recorded sessions what the machine itself did', () => {
    for (const name of ['spoken', 'barge-in', 'failing-engine']) {
      const explainer = new Explainer(defaultParameters);
      const stepper = new Stepper(sessionMachine, { input: INPUT, parameters: defaultParameters });
      let { snapshot } = stepper.initial();

      for (const { event, t } of eventsOf(name)) {
        const before = snapshot;
        const value = conversationOf(before.value);
        if (value === 'ended') break; // the kernel takes nothing more either
        const now = { ...before, context: { ...before.context, nowMs: t } };
        const stepped = stepper.step(now, event);
        const explained = explainer.explain(
          { value, regions: regionsOf(before.value), context: before.context },
          event,
          t,
        );
        snapshot = stepped.snapshot;

        expect(explained.taken).toEqual(stepped.taken);
        for (const { transition } of explained.guards) expect(stepper.transitions.has(transition)).toBe(true);
      }
    }
  });
});

/** What happened in a recorded session. */
function eventsOf(name: string): { event: SessionEvent; t: number }[] {
  const file = readFileSync(new URL(`golden/${name}.jsonl`, import.meta.url), 'utf8');
  return file
    .split('\n')
    .filter((line) => line.includes('"type":"record"'))
    .map((line): { event: SessionEvent | null; t: number; stale: boolean } => JSON.parse(line))
    .flatMap(({ event, t, stale }) => (event === null || stale ? [] : [{ event, t }]));
}
