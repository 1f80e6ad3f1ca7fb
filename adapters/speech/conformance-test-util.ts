import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SpeechConversation, SpeechEngine, SpeechEvent } from '../../actors/ports/speech.ts';
import { type Pcm, samplesInMs } from '../../machines/audio.ts';
import { ParleyError } from '../../machines/errors.ts';
import { Awaiting } from '../../testing/loopback/awaiting.ts';
import { CROWD, type EngineUnderTest, expectCancelled, expectRefused } from '../conformance-test-util.ts';

export interface SpeechUnderTest extends Omit<EngineUnderTest, 'noticesHang'> {
  readonly engine: Pick<SpeechEngine, 'open' | 'close'>;
  /** It hears any audio as these words, and replies with these, spoken, in several events. */
  readonly hears: string;
  readonly replies: string;
  /** Virtual time passes, for a model that needs it. */
  pass?(): Promise<void>;
}

const CLOSED = ['ENGINE_UNREACHABLE', 'ENGINE_PROTOCOL'];

/** A conversation, and what it reported. */
class Talk {
  readonly events: SpeechEvent[] = [];
  readonly #awaiting = new Awaiting({ story: () => this.types().join(' ') });
  readonly #under: SpeechUnderTest;
  #conversation: SpeechConversation | undefined;

  constructor(under: SpeechUnderTest) {
    this.#under = under;
  }

  async open(signal = new AbortController().signal): Promise<this> {
    const opened = this.#under.engine.open(
      {
        ...{ language: 'en', output: 'audio' },
        onEvent: (event) => {
          this.events.push(event);
          this.#awaiting.check();
        },
      },
      signal,
    );
    opened.catch(() => {});
    await this.#under.pass?.();
    this.#conversation = await opened;
    return this;
  }

  get with(): SpeechConversation {
    if (!this.#conversation) throw new Error('not open');
    return this.#conversation;
  }

  types(): string[] {
    return this.events.map(({ type }) => type);
  }

  async until(type: SpeechEvent['type'], count = 1): Promise<void> {
    await this.#under.pass?.();
    const enough = () => this.events.filter((event) => event.type === type).length >= count;
    await this.#awaiting.until(enough, `${count} ${type}`);
  }

  say(ms: number): void {
    for (let said = 0; said < ms; said += PIECE_MS) this.with.append(this.#piece(PIECE_MS));
    this.with.commit();
  }

  #piece(ms: number): Pcm {
    const { inputRate } = this.with;
    return { rate: inputRate, samples: new Int16Array(samplesInMs(ms, inputRate)).fill(1_000) };
  }

  /** What the model said in a response, in the order in which it came. */
  said(response: number): string {
    return this.events
      .flatMap((event) => (event.type === 'text' && event.response === response ? [event.text] : []))
      .join('');
  }
}

const PIECE_MS = 100;

/** What Parley asks of every speech-to-speech model. `make` makes one, with what it talks by. */
export function speechConformance(name: string, make: () => Promise<SpeechUnderTest>): void {
  describe(`the speech model ${name}`, () => {
    let under: SpeechUnderTest;
    let talk: Talk;
    beforeAll(async () => {
      under = await make();
    });
    beforeEach(async () => {
      talk = await new Talk(under).open();
    });
    afterEach(() => talk.with.close());
    afterAll(() => under.close());

    const isAnswered = async (by = talk) => {
      const before = by.types().filter((type) => type === 'done').length;
      const response = by.with.respond();
      await by.until('done', before + 1);
      expect([by.said(response), by.events.at(-1)]).toEqual([under.replies, { type: 'done', response }]);
    };

    it('names an utterance, then gives its words once', async () => {
      talk.say(1_000);
      await talk.until('words');
      expect(talk.types()).toEqual(['committed', 'words']);
      const [committed, words] = talk.events;
      const item = committed?.type === 'committed' ? committed.item : '';
      expect(words).toEqual({ type: 'words', item, text: under.hears });
    });

    it('answers with words and audio of one item, in order, then ends the response, and gives nothing after it', async () => {
      talk.say(1_000);
      await talk.until('words');
      await isAnswered();
      const parts = talk.events.slice(2, -1);
      expect(new Set(parts.map(({ type }) => type))).toEqual(new Set(['text', 'audio']));
      expect(new Set(parts.map((event) => ('item' in event ? event.item : event.type))).size).toBe(1);
      const audio = parts.flatMap((event) => (event.type === 'audio' ? [event.pcm] : []));
      expect(new Set(audio.map(({ rate }) => rate)).size).toBe(1);
      expect(audio.every(({ samples }) => samples.length > 0)).toBe(true);
      await isAnswered();
      expect(talk.types().filter((type) => type === 'done')).toHaveLength(2);
    });

    it('ends an utterance without audio: refused, or without words', async () => {
      talk.with.commit();
      talk.say(100);
      await talk.until('words');
      const [first] = talk.events;
      expect(first?.type).toMatch(/^(refused|committed)$/u);
      expect(talk.events.at(-1)).toMatchObject({ type: 'words', text: under.hears });
    });

    it('hears 60 s to their end', async () => {
      talk.say(60_000);
      await talk.until('words');
      expect(talk.events.at(-1)).toMatchObject({ type: 'words', text: under.hears });
    });

    it('gives nothing of a response after it was cancelled, and answers the next one', async () => {
      const waiting = talk.with.respond();
      talk.with.cancel(waiting);
      await isAnswered();
      const begun = talk.with.respond();
      const before = talk.events.length;
      await talk.until('text', 1 + talk.types().filter((type) => type === 'text').length);
      talk.with.cancel(begun);
      const count = talk.events.length;
      expect(count).toBeGreaterThan(before);
      await isAnswered();
      expect(
        talk.events.slice(count).filter((event) => 'response' in event && event.response === begun),
      ).toEqual([]);
      expect(talk.said(waiting)).toBe('');
    });

    it('does not open when it was cancelled before, and stops opening when it is cancelled', async () => {
      await expect(new Talk(under).open(AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' });
      const stop = new AbortController();
      const opening = outcomeOf(opened(stop.signal));
      stop.abort();
      await expectCancelled(opening);
    });

    it(`opens as many of ${CROWD} conversations as its limit allows, and refuses the others at once`, async () => {
      const others = Math.min(under.limit - 1, CROWD);
      const controllers = Array.from({ length: CROWD }, () => new AbortController());
      const crowd = controllers.map(({ signal }) => outcomeOf(opened(signal)));
      await expectRefused(crowd, CROWD - others);
      for (const controller of controllers) controller.abort();
      const ends = (await Promise.all(crowd)).map(({ end }) => end);
      expect(ends.filter((end) => end === 'CANCELLED')).toHaveLength(others);
      await isAnswered(await new Talk(under).open());
    });

    it('reports once that its connection broke, and nothing after it; a new conversation is answered', async () => {
      talk.with.respond();
      await under.crash();
      await talk.until('closed');
      const closed = talk.events.at(-1);
      expect(closed).toMatchObject({ type: 'closed', error: { code: expect.toBeOneOf(CLOSED) } });
      talk.say(100);
      talk.with.respond();
      talk.with.close();
      await under.recover();
      const next = await new Talk(under).open();
      await isAnswered(next);
      expect(talk.events.at(-1)).toBe(closed);
      next.with.close();
    });

    it('gives up a model that hangs', async () => {
      under.hang();
      talk.with.respond();
      await under.recover();
      await talk.until('closed');
      expect(talk.events.at(-1)).toMatchObject({ error: { code: expect.toBeOneOf(CLOSED) } });
      const next = await new Talk(under).open();
      await isAnswered(next);
      next.with.close();
    });

    it('opens nothing after it was closed', async () => {
      await under.engine.close();
      await expect(new Talk(under).open()).rejects.toMatchObject({ code: 'CANCELLED' });
      expect(talk.events).toEqual([]);
    });

    const opened = (signal: AbortSignal) =>
      under.engine.open({ language: 'en', output: 'audio', onEvent: () => {} }, signal);
  });
}

/** How a promise ends, as of an engine's request. */
async function outcomeOf(promise: Promise<unknown>) {
  try {
    await promise;
    return { events: [], end: 'done' };
  } catch (error) {
    if (error instanceof ParleyError) return { events: [], end: error.code, error };
    throw error;
  }
}
