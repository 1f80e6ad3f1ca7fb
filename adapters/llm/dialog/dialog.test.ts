import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseDialog } from '../../../actors/dialog/mod.ts';
import type { LlmEvent } from '../../../actors/ports/llm.ts';
import { VirtualClock } from '../../../machines/clock.ts';
import { type DialogLlmOptions, dialogLlm } from './dialog.ts';

const dialog = parseDialog(
  readFileSync(new URL('../../../examples/robot.dialog.yaml', import.meta.url), 'utf8'),
  'robot.dialog.yaml',
);
const never = new AbortController().signal;

function asked(content: string, seed = 0) {
  return {
    messages: [
      { role: 'assistant', content: 'Hello.' },
      { role: 'user', content },
    ],
    language: 'en',
    seed,
  } as const;
}

async function answer(content: string, seed = 0, options: Partial<DialogLlmOptions> = {}) {
  const events: LlmEvent[] = [];
  for await (const event of dialogLlm({ dialog, ...options }).reply(asked(content, seed), never))
    events.push(event);
  return {
    text: events.map((event) => (event.type === 'delta' ? event.text : '')).join(''),
    deltas: events.filter((event) => event.type === 'delta').length,
    actions: events.filter((event) => event.type === 'action'),
  };
}

describe('the dialog LLM', () => {
  it('answers a phrase a sentence at a time', async () => {
    const { text, deltas, actions } = await answer('What is your name?');
    expect(text).toBe('My name is Parley.');
    expect(deltas).toBe(1);
    expect(actions).toEqual([]);
  });

  it('picks variants by seed: the same for the same, another for another', async () => {
    expect(await answer('tell me a joke', 7)).toEqual(await answer('tell me a joke', 7));
    const texts = await Promise.all(
      [0, 1, 2].map(async (seed) => (await answer('tell me a joke', seed)).text),
    );
    expect(new Set(texts).size).toBe(3);
    expect((await answer('tell me a joke', 0xffff_ffff)).text).not.toBe('');
  });

  it('requests a movement with the spoken number', async () => {
    const { text, actions } = await answer('go forward ten meters');
    expect(actions).toEqual([{ type: 'action', id: 'action-1', name: 'go-forward', args: { distance: 10 } }]);
    expect(text).toBe('Going forward ten meters.');
  });

  it.each([
    ['go forward one meter', 'Going forward one meter.'],
    ['go forward', 'Going forward one meter.'],
    ['go back two meters', 'Going back two meters.'],
  ])('says the unit in the singular for one only: %s', async (said, reply) => {
    expect((await answer(said)).text).toBe(reply);
  });

  it('uses the default when no number was spoken', async () => {
    expect((await answer('turn left')).actions).toMatchObject([{ args: { direction: 'left', angle: 90 } }]);
  });

  it('answers with time, date and day of the given clock', async () => {
    const options = { wallClock: () => new Date('2024-02-29T15:05:00Z'), timeZone: 'UTC' };
    expect((await answer('what time is it', 0, options)).text.replace(/\s/g, ' ')).toBe('It is 3:05 PM.');
    expect((await answer('what day is it', 0, options)).text).toBe('Today is Thursday, February 29, 2024.');
  });

  it('replies that it did not understand, also when nothing was recognised', async () => {
    expect((await answer('')).text).toBe(dialog.notUnderstood[0]);
    expect((await answer('ten of clubs', 1)).text).toBe(dialog.notUnderstood[1]);
  });

  it('requests a voice stop without a reply', async () => {
    expect(await answer('stop')).toMatchObject({ text: '', deltas: 0, actions: [{ name: 'halt' }] });
  });

  it('leaves out what was not said, where it stands in brackets', async () => {
    const bar = parseDialog(`
slots: { size: [small, large], milk: [milk, cream], drink: [latte, espresso] }
entries:
  - id: order
    phrases: "a [{size}] {drink} [with {milk}]"
    replies: "[{size},] One [{size}] {drink}[ with {milk}]."
    actions: [{ name: brew, args: { drink: "{drink}", size: "[{size}]", in: ["[{milk}]"], note: "with [{milk}]" } }]
`);
    const one = await answer('a large latte with cream', 0, { dialog: bar });
    expect(one.text).toBe('large, One large latte with cream.');
    expect(one.actions).toMatchObject([
      { args: { drink: 'latte', size: 'large', in: ['cream'], note: 'with cream' } },
    ]);
    const other = await answer('a espresso', 0, { dialog: bar });
    expect(other.text).toBe('One espresso.');
    expect(other.actions).toEqual([
      { type: 'action', id: 'action-1', name: 'brew', args: { drink: 'espresso', in: [], note: 'with' } },
    ]);
  });

  it('gives a day as an ISO date of its time zone', async () => {
    const calendar = parseDialog(`
slots: { when: date }
entries: [{ id: meet, phrases: "meet me {when}", replies: "{when}.", actions: [{ name: note, args: { on: "{when}" } }] }]
`);
    // In Tokyo it is 1 January already.
    const options = {
      dialog: calendar,
      wallClock: () => new Date('2026-12-31T16:00:00Z'),
      timeZone: 'Asia/Tokyo',
    };
    expect(await answer('meet me tomorrow', 0, options)).toMatchObject({
      text: 'tomorrow.',
      actions: [{ args: { on: '2027-01-02' } }],
    });
  });

  it.each([
    ['done', undefined, { leftM: 1 }, 'There is 1 metre left. That was 3.'],
    ['failed', 'a wall', undefined, 'No: a wall.'],
    ['failed', undefined, undefined, ''],
    ['refused', undefined, undefined, ''],
    ['cancelled', 'a wall', undefined, ''],
  ] as const)('says what became of an action: %s', async (status, message, data, said) => {
    const reporting = parseDialog(`
entries:
  - id: go
    phrases: go
    actions:
      - name: go
        done: "There is {leftM} {leftM|metre|metres} left. That was {distance}."
        failed: ["No: {message}.", "No, only {leftM} left."]
`);
    const result = { status, ...(message && { message }), ...(data && { data }) };
    const request = { ...asked('go'), results: [{ id: '1-a', name: 'go', args: { distance: 3 }, result }] };
    let text = '';
    for await (const event of dialogLlm({ dialog: reporting }).reply(request, never))
      text += event.type === 'delta' ? event.text : event.name;
    expect(text).toBe(said);
  });

  it('waits between words if configured, and ends with CANCELLED when aborted while it waits', async () => {
    const clock = new VirtualClock({ settle: () => new Promise((resolve) => setImmediate(resolve)) });
    const abort = new AbortController();
    const reply = dialogLlm({ dialog, clock, deltaDelayMs: 100 }).reply(
      asked('tell me a story'),
      abort.signal,
    );
    const events = reply[Symbol.asyncIterator]();
    await events.next();
    const second = events.next();
    await clock.advance(100);
    expect((await second).value).toEqual({ type: 'delta', text: 'upon ' });
    const third = events.next();
    abort.abort();
    await expect(third).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(clock.nextAtMs()).toBeUndefined();
  });

  it('ends with CANCELLED if it was aborted before', async () => {
    const events = dialogLlm({ dialog }).reply(asked('hello'), AbortSignal.abort())[Symbol.asyncIterator]();
    await expect(events.next()).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
