import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { expecter, withBehaviour } from '../../actors/behaviour/hearing.ts';
import { heardNow, parseDialog } from '../../actors/dialog/mod.ts';
import { SessionKernel } from '../../machines/kernel.ts';
import { defaultParameters } from '../../machines/parameters.ts';
import type { SessionEvent } from '../../machines/session/events.ts';
import { loadBehaviour } from '../../server/behaviour/load.ts';

const FILE = fileURLToPath(new URL('../../examples/delivery/delivery.behaviour.ts', import.meta.url));
const dialog = parseDialog('entries: [{ id: name, phrases: what is your name, replies: I am Parley. }]');
const program = await loadBehaviour(FILE, dialog);

/** What the recogniser is to hear for, after these words were typed. */
function wantedAfter(...texts: readonly string[]) {
  const input = { language: 'en', outputRate: 24_000 as const, seed: 1, memory: false };
  const kernel = new SessionKernel(
    defaultParameters,
    { ...input, behaviour: { id: 'delivery', version: '1' } },
    { behaviour: program },
  );
  const typed = texts.map((text): SessionEvent => ({ type: 'text', text }));
  const begins: SessionEvent = { type: 'speech.start', sample: 0, ageMs: 64 };
  const commands = [...typed, begins].flatMap((event, at) => kernel.step(event, 100 * at).commands);
  return commands.flatMap((command) =>
    command.type === 'spawn' && command.child === 'stt' ? [command.input.wanted] : [],
  );
}

describe('the grammar of the moment', () => {
  it('has the phrases for which the active states and their ancestors have a transition', () => {
    expect(wantedAfter()).toEqual([{ phrases: ['bring'] }]);
  });

  it('has the answers of the open question', () => {
    expect(wantedAfter('bring me some coffee')).toEqual([
      { phrases: ['cancel'], answer: { slot: 'room', phrases: undefined } },
    ]);
  });

  it('gives engines the entries that can be said, and likely sentences, answers first', () => {
    const expected = expecter(program)?.({ phrases: ['cancel'], answer: { slot: 'item' } });
    expect(expected).toEqual({
      entries: ['answer-item', 'heard-cancel'],
      answers: ['answer-item'],
      sentences: [
        ...['coffee', 'towels', 'mail'],
        ...['cancel it', 'cancel the order', 'forget it', 'forget the order', 'never mind'],
      ],
    });
  });

  it('keeps what the dialog file answers, and leaves out what no state wants', () => {
    const heard = withBehaviour(dialog, program);
    const said = (ids: readonly string[], words: string) =>
      heardNow(heard, ids).grammar.reach(words.split(' ')).ends;
    expect(said(['answer-item'], 'what is your name')).toBe(true);
    expect(said(['answer-item'], 'some coffee')).toBe(true);
    expect(said(['answer-item'], 'never mind')).toBe(false);
    expect(said(['answer-item', 'heard-cancel'], 'never mind')).toBe(true);
  });
});
