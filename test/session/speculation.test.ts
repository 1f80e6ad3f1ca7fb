import { describe, expect, it } from 'vitest';
import type { LlmEngine } from '../../actors/ports/llm.ts';
import type { MemoryPort } from '../../actors/ports/memory.ts';
import type { TtsEngine } from '../../actors/ports/tts.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { type Conversation, settle } from '../../testing/conversation.ts';
import { hang, pause, scriptedLlm, scriptedTts } from '../../testing/scripted-engines.ts';
import {
  answered,
  answeredAloud,
  assistant,
  backToIdle,
  facts,
  parameters,
  REPLY,
  type Scene,
  say,
  scene,
  user,
} from './scene.ts';

/** Everything of a discarded speculation that the client could have noticed: must be empty. */
function traces(talk: Conversation, generation: number): unknown[] {
  return talk.heard.filter((one) => 'generation' in one && one.generation === generation);
}

/** What was started for speculations and how it ended, in order. */
function speculations(talk: Conversation): string[] {
  return talk.log.flatMap((entry) => {
    if (entry.type === 'child.end' && entry.kind === 'speculation')
      return [`${entry.generation} ${entry.how}`];
    if (entry.type === 'command' && entry.command.type === 'spawn' && entry.command.child === 'speculation')
      return [`${entry.command.input.generation} '${entry.command.input.text}'`];
    return [];
  });
}

/** A speech engine that counts its requests. */
function countingTts(clock: VirtualClock): { readonly tts: TtsEngine; readonly asked: string[] } {
  const asked: string[] = [];
  const inner = scriptedTts(clock);
  const tts: TtsEngine = {
    ...inner,
    synthesize: (request, signal) => {
      asked.push(request.text);
      return inner.synthesize(request, signal);
    },
  };
  return { tts, asked };
}

async function speakTwoParts(options: Scene): Promise<Conversation> {
  const talk = await scene(options);
  await talk.speak(600);
  await talk.beSilent(400); // silence is noticed after 128 ms, the speculation begins, the turn is not over
  return talk;
}

describe('a speculation during the silence that ends the turn', () => {
  it('is taken over when the final words are the same, and saves the engines’ time', async () => {
    const clock = new VirtualClock({ settle });
    const { tts, asked: spoken } = countingTts(clock);
    // Given final words that differ only in spelling
    const talk = await scene({ clock, tts, said: [{ partial: 'hello there', text: 'Hello there!' }] });
    // When the turn ends
    await answeredAloud(talk);
    // Then each engine was asked once, and the first sound came as soon as the turn was known
    expect(talk.asked).toEqual([[user('hello there')]]);
    expect(spoken).toEqual([REPLY]);
    expect(speculations(talk)).toEqual(["1 'hello there'", '1 cancelled']);
    const [end] = talk.of('reply.end');
    expect(end).toMatchObject({ generation: 1, reason: 'completed', heard: REPLY });
    expect(end?.timings).toMatchObject({ llmFirstToken: 0, firstSegment: 0, ttsFirstAudio: 0 });
    expect(end?.timings.firstAudio).toBe((end?.timings.endpoint ?? 0) + (end?.timings.stt ?? 0));
    expect(end?.timings.prepared).toBeGreaterThan(300);
    expect(talk.turns).toMatchObject([{ userText: 'Hello there!', replyText: REPLY }]);
  });

  it('continues from its current point when it was not ready yet', async () => {
    const text = 'One two three four. Five six seven eight nine ten.';
    // Given an LLM that has emitted half of its text when the turn ends
    const talk = await scene({ replies: [{ text, firstTokenMs: 300, tokenMs: 60 }] });
    await answeredAloud(talk);
    expect(
      talk
        .of('reply')
        .map(({ text: delta }) => delta)
        .join(''),
    ).toBe(text);
    expect(talk.of('reply').length).toBeGreaterThan(2);
    expect(talk.of('reply.end')).toMatchObject([{ generation: 1, reason: 'completed', heard: text }]);
  });

  it('is discarded without a trace when the final words differ', async () => {
    const actions = [{ type: 'action' as const, id: 'a', name: 'wave', args: {} }];
    const talk = await scene({
      said: [{ partial: 'go away', text: 'go away please' }],
      replies: [{ text: 'I wave. ', actions, firstTokenMs: 0 }, REPLY],
    });
    await answeredAloud(talk);
    expect(talk.asked).toHaveLength(2);
    expect(traces(talk, 1)).toEqual([]);
    expect(talk.of('action')).toEqual([]);
    expect(talk.of('reply.end')).toMatchObject([
      { turn: 1, generation: 2, reason: 'completed', heard: REPLY },
    ]);
    expect(talk.turns).toMatchObject([{ generation: 2, userText: 'go away please', replyText: REPLY }]);
    // The next turn's LLM knows nothing of it either.
    await answered(talk);
    expect(talk.asked.at(-1)).toEqual([user('go away please'), assistant(REPLY), user('hello')]);
  });

  it('holds its actions back until it is taken over', async () => {
    const ran: string[] = [];
    const actions = [{ type: 'action' as const, id: 'a', name: 'wave', args: {} }];
    const talk = await speakTwoParts({
      replies: [{ text: REPLY, actions, firstTokenMs: 0 }],
      actions: {
        run: async ({ name }) => {
          ran.push(name);
          return null;
        },
      },
    });
    expect(speculations(talk)).toEqual(["1 'hello'"]);
    expect(ran).toEqual([]);
    await talk.beSilent(300);
    await backToIdle(talk);
    expect(ran).toEqual(['wave']);
  });

  it('is discarded when the user continues, and recognition continues undisturbed', async () => {
    const talk = await speakTwoParts({});
    await talk.speak(400);
    expect(speculations(talk)).toEqual(["1 'hello'", '1 cancelled']);
    await talk.beSilent(900);
    await backToIdle(talk);
    expect(traces(talk, 1)).toEqual([]);
    expect(talk.of('reply.end')).toMatchObject([{ turn: 1, reason: 'completed', heard: REPLY }]);
    expect(talk.of('error')).toEqual([]);
  });

  it.each([
    ['halt', 'stopped'],
    ['bye', 'ended'],
    ['text', 'speaking'],
  ] as const)('is discarded by %s', async (type, state) => {
    const aborted: string[] = [];
    const clock = new VirtualClock({ settle });
    const inner = scriptedLlm(clock, () => ({ text: REPLY }));
    const llm: LlmEngine = {
      ...inner,
      async *reply(request, signal) {
        const words = request.messages.at(-1)?.content ?? '';
        if (words === 'hello') signal.addEventListener('abort', () => aborted.push(words));
        if (words === 'hello') await hang(signal);
        yield* inner.reply(request, signal);
      },
    };
    const talk = await speakTwoParts({ clock, llm });
    talk.send(type === 'text' ? { type, text: 'good morning' } : { type });
    await talk.until(() => talk.state === state);
    expect(aborted).toEqual(['hello']);
    expect(speculations(talk)).toEqual(["1 'hello'", '1 cancelled']);
    expect(traces(talk, 1)).toEqual([]);
  });

  it('that fails is requested again by the reply, without an error for the user', async () => {
    const replies = [{ text: '', firstTokenMs: 0, failsAt: 0 }, REPLY];
    const talk = await scene({ replies });
    await answeredAloud(talk);
    expect(speculations(talk)).toEqual(["1 'hello'", '1 error']);
    expect(talk.of('error')).toEqual([]);
    expect(talk.of('reply.end')).toMatchObject([{ generation: 2, reason: 'completed', heard: REPLY }]);
  });

  it('that fails after it was taken over fails the reply', async () => {
    const talk = await scene({ replies: [{ text: REPLY, firstTokenMs: 700, failsAt: 0 }] });
    await say(talk, 600);
    await talk.until(() => talk.of('reply.end').length > 0);
    expect(talk.of('error')).toMatchObject([{ code: 'LLM_FAILED' }]);
    expect(talk.of('reply.end')).toMatchObject([{ generation: 1, reason: 'failed' }]);
  });

  it('whose LLM hangs is ended by the deadline of the reply', async () => {
    const talk = await scene({ replies: [{ text: REPLY, hangsAt: 0 }] });
    await say(talk, 600);
    await backToIdle(talk);
    expect(talk.of('error')).toMatchObject([{ code: 'LLM_TIMEOUT' }]);
  });

  it('whose speech fails is synthesised again', async () => {
    const clock = new VirtualClock({ settle });
    let calls = 0;
    const good = scriptedTts(clock);
    const tts: TtsEngine = {
      ...good,
      async *synthesize(request, signal) {
        if (calls++ === 0) throw new ParleyError('TTS_FAILED', 'as scripted');
        yield* good.synthesize(request, signal);
      },
    };
    const talk = await scene({ clock, tts });
    await answeredAloud(talk);
    expect(calls).toBe(2);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed', heard: REPLY }]);
  });

  it.each([
    ['knows what the memory knows', 50, false, [facts('It is noon.'), user('hello')], []],
    ['does without a memory that fails', 50, true, [user('hello')], ['MEMORY_FAILED']],
    ['waits for the memory no longer than a reply does', 1_500, false, [user('hello')], []],
  ])('%s', async (_what, delayMs, fails, asked, errors) => {
    const clock = new VirtualClock({ settle });
    let recalls = 0;
    const memory: MemoryPort = {
      recall: async (_request, signal) => {
        recalls += 1;
        await pause(clock, delayMs, signal);
        if (fails) throw new ParleyError('MEMORY_FAILED', 'as scripted');
        return ['It is noon.'];
      },
    };
    // A turn that takes a second to end, so that a slow memory has missed its deadline by then.
    const talk = await scene({ clock, memory, parameters: parameters({ endpointing: { delayMs: 1_000 } }) });
    await say(talk, 600, 1_300);
    await backToIdle(talk);
    expect(recalls).toBe(1);
    expect(talk.asked).toEqual([asked]);
    expect(talk.of('error').map(({ code }) => code)).toEqual(errors);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed', heard: REPLY }]);
  });

  it.each([
    ['when it is switched off', { speculation: { enabled: false } }, 'hello'],
    ['to words that stop in mid-sentence', {}, 'turn left and'],
    ['to words that stop everything', { words: { halt: ['stop now'] } }, 'stop now'],
  ] as const)('is not begun %s', async (_when, change, partial) => {
    const talk = await scene({ parameters: parameters(change), said: [{ partial, text: partial }] });
    await say(talk, 600, 1_300);
    expect(speculations(talk)).toEqual([]);
  });
});
