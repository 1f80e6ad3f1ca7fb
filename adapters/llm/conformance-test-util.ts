import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LlmEngine, LlmEvent, LlmRequest } from '../../actors/ports/llm.ts';
import { type Outcome, outcomeOf } from '../../testing/loopback/outcome.ts';
import {
  BROKEN,
  CROWD,
  type EngineUnderTest,
  expectCancelled,
  expectRefused,
} from '../conformance-test-util.ts';

export interface LlmUnderTest extends EngineUnderTest {
  readonly engine: LlmEngine;
  /** It answers `asks` with `reply`, text and actions, in more than one event. Actions are written as `<name>`. */
  readonly asks: string;
  readonly reply: string;
}

/** Hours of conversation. */
const MANY_MESSAGES = 500;
/** More than a user says in a turn. */
const MANY_WORDS = 'and then '.repeat(5_000);

const user = (content: string) => ({ role: 'user' as const, content });

/** What Parley asks of every language engine. `make` makes one, with what it thinks by. */
export function llmConformance(name: string, make: () => Promise<LlmUnderTest>): void {
  describe(`the language engine ${name}`, () => {
    let under: LlmUnderTest;
    beforeAll(async () => {
      under = await make();
      await under.engine.warm?.();
    });
    afterAll(() => under.close());

    const reply = (signal = new AbortController().signal, more: Partial<LlmRequest> = {}) =>
      under.engine.reply({ messages: [user(under.asks)], language: 'en', seed: 0, ...more }, signal);
    const ask = (signal?: AbortSignal, more?: Partial<LlmRequest>): Promise<Outcome<LlmEvent>> =>
      outcomeOf(reply(signal, more));
    const answers = async (more?: Partial<LlmRequest>) => {
      const { events, end } = await ask(undefined, more);
      expect([end, written(events)]).toEqual(['done', under.reply]);
      return events;
    };

    it('gives the reply piece by piece, in order, and nothing after it', async () => {
      const events = await answers();
      expect(events.length).toBeGreaterThan(1);
      expect(events).not.toContainEqual({ type: 'delta', text: '' });
      const ids = events.flatMap((event) => (event.type === 'action' ? [event.id] : []));
      expect(new Set(ids).size).toBe(ids.length);
    });

    it('gives the same reply whole', async () => {
      await answers({ stream: false });
    });

    it('ends a reply to speech without words, and one to no messages at all', async () => {
      for (const messages of [[user('')], [user(' \n')], []])
        expect(await ask(undefined, { messages })).toMatchObject({ end: 'done' });
    });

    it('takes a long turn, and a conversation of hours', async () => {
      expect(await ask(undefined, { messages: [user(MANY_WORDS)] })).toMatchObject({ end: 'done' });
      const before = Array.from({ length: MANY_MESSAGES }, (_, i) => ({
        ...{ role: i % 2 === 0 ? ('user' as const) : ('assistant' as const) },
        content: `This is message ${i} of a long conversation.`,
      }));
      await answers({ messages: [...before, user(under.asks)] });
    });

    it('ends at once when it is cancelled, before its first word and after it', async () => {
      under.hang();
      const before = new AbortController();
      const waiting = ask(before.signal);
      await setImmediate();
      before.abort();
      await expectCancelled(waiting);
      await under.recover();

      const after = new AbortController();
      const events = reply(after.signal)[Symbol.asyncIterator]();
      await events.next();
      after.abort();
      await expectCancelled(outcomeOf({ [Symbol.asyncIterator]: () => events }));
      await answers();
    });

    it('does not begin a request that was cancelled before', async () => {
      const { events, end } = await ask(AbortSignal.abort());
      expect([end, events]).toEqual(['CANCELLED', []]);
    });

    it('frees what it thinks by when the reader leaves', async () => {
      for await (const _event of reply()) break;
      await answers();
    });

    it(`takes as many of ${CROWD} requests as its limit allows, and refuses the others at once`, async () => {
      under.hang();
      const controllers = Array.from({ length: CROWD }, () => new AbortController());
      const crowd = controllers.map(({ signal }) => ask(signal));
      const taken = Math.min(under.limit, CROWD);
      await expectRefused(crowd, CROWD - taken);
      for (const controller of controllers) controller.abort();
      const ends = (await Promise.all(crowd)).map(({ end }) => end);
      expect(ends.filter((end) => end === 'CANCELLED')).toHaveLength(taken);
      await under.recover();
      await answers();
    });

    it('survives what it thinks by: the reply fails, and the next one is given', async () => {
      const outcome = ask();
      await setImmediate();
      await under.crash();
      expect(BROKEN).toContain((await outcome).end);
      await under.recover();
      await answers();
    });

    it('is not stuck when what it thinks by hangs', async () => {
      const controller = new AbortController();
      under.hang();
      const outcome = ask(controller.signal);
      await setImmediate();
      await under.recover();
      controller.abort();
      expect((await outcome).end).toMatch(/^(CANCELLED|done)$/u);
      await answers();
    });

    it('takes nothing after it was closed, and ends what it was saying', async () => {
      under.hang();
      const outcome = ask();
      await setImmediate();
      await under.engine.close();
      expect((await outcome).end).toBe('CANCELLED');
      expect((await ask()).end).toBe('CANCELLED');
    });
  });
}

function written(events: readonly LlmEvent[]): string {
  return events.map((event) => (event.type === 'delta' ? event.text : `<${event.name}>`)).join('');
}
