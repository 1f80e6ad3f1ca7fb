/** Shared scene of the session tests: a conversation with engines that answer, and its end, which checks everything. */
import { expect, onTestFinished } from 'vitest';
import { speexResampler } from '../../adapters/audio/resampler.ts';
import { inProcessBus } from '../../adapters/bus/in-process.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { defaultParameters, type SessionParameters } from '../../machines/parameters.ts';
import type { Message } from '../../machines/session/model.ts';
import { Conversation, type ConversationOptions, settle } from '../../testing/conversation.ts';
import {
  type LlmScript,
  type SttScript,
  scriptedLlm,
  scriptedStt,
  scriptedTts,
  type TtsScript,
} from '../../testing/scripted-engines.ts';

/** Six words in one sentence: at 60 ms per letter it sounds for 1,860 ms. */
export const REPLY = 'There are two chairs by a desk.';

export interface Scene extends Partial<ConversationOptions> {
  readonly said?: readonly SttScript[];
  /** The replies in order; the last one repeats. */
  readonly replies?: readonly (LlmScript | string)[];
  readonly voice?: (text: string) => TtsScript;
  /** Messages of the problems that the session must log. Default: none. */
  readonly problems?: readonly string[];
}

/** A conversation, and the messages of each request to its language engine. */
export type Talk = Conversation & { readonly asked: readonly (readonly Message[])[] };

/** Begins a conversation. The end of the test ends it and checks it. */
export async function scene(options: Scene = {}): Promise<Talk> {
  const clock = options.clock ?? new VirtualClock({ settle });
  const replies = options.replies ?? [REPLY];
  const asked: (readonly Message[])[] = [];
  const talk = new Conversation({
    clock,
    bus: inProcessBus({ clock }),
    resamplers: await speexResampler(),
    stt: scriptedStt(clock, options.said ?? [{ partial: 'hello', text: 'hello' }]),
    llm: scriptedLlm(clock, ({ messages }) => {
      const reply = replies[Math.min(asked.length, replies.length - 1)] ?? '';
      asked.push(messages);
      return typeof reply === 'string' ? { text: reply } : reply;
    }),
    tts: scriptedTts(clock, ({ text }) => options.voice?.(text) ?? {}),
    parameters: parameters({}),
    ...options,
  });
  onTestFinished(() => finish(talk, options.problems));
  return Object.assign(talk, { asked });
}

export function parameters(
  change: {
    readonly [Group in keyof SessionParameters]?: Partial<SessionParameters[Group]>;
  },
): SessionParameters {
  const base: SessionParameters = defaultParameters;
  return {
    endpointing: { ...base.endpointing, ...change.endpointing },
    speculation: { ...base.speculation, ...change.speculation },
    reading: { ...base.reading, ...change.reading },
    bargeIn: { ...base.bargeIn, ...change.bargeIn },
    attention: { ...base.attention, ...change.attention },
    body: { ...base.body, ...change.body },
    asking: { ...base.asking, ...change.asking },
    deadlines: { ...base.deadlines, ...change.deadlines },
    reply: { ...base.reply, ...change.reply },
    // The scripted engine answers nothing else than what the user says.
    history: { ...base.history, summaryTokens: 0, ...change.history },
    actions: { ...base.actions, ...change.actions },
    phrases: { ...base.phrases, ...change.phrases },
    languages: { ...base.languages, ...change.languages },
    words: { ...base.words, ...change.words },
  };
}

/** Says something and falls silent; the default ends a turn. */
export async function say(talk: Conversation, speechMs = 500, silenceMs = 800): Promise<void> {
  await talk.speak(speechMs);
  await talk.beSilent(silenceMs);
}

/** Says something and falls silent until the reply sounds. */
export async function askAloud(talk: Conversation, speechMs = 600): Promise<void> {
  await say(talk, speechMs);
  await talk.until(() => talk.state === 'speaking');
}

/** Types something and waits until the reply sounds. */
export async function askByText(talk: Conversation, text = 'hello'): Promise<void> {
  talk.send({ type: 'text', text });
  await talk.until(() => talk.state === 'speaking');
}

/** Back to idle, with every turn ended. */
export function backToIdle(talk: Conversation, limitMs = 60_000): Promise<void> {
  return talk.until(() => talk.state === 'idle', limitMs);
}

/** Types something and waits until the reply has ended. */
export async function answered(talk: Conversation, text?: string): Promise<void> {
  await askByText(talk, text);
  await backToIdle(talk);
}

/** Says something and waits until the reply has ended. */
export async function answeredAloud(talk: Conversation, speechMs?: number): Promise<void> {
  await askAloud(talk, speechMs);
  await backToIdle(talk);
}

export const user = (content: string) => ({ role: 'user' as const, content });
export const assistant = (content: string) => ({ role: 'assistant' as const, content });
export const system = (content: string) => ({ role: 'system' as const, content });
export const facts = (content: string) => ({ ...system(content), facts: true as const });

/** Pauses and continuations of the playback, in order. */
export function playback(talk: Conversation): string[] {
  return talk.of('playback').map(({ state }) => state);
}

/** Checks that the stages of each turn add up to the silence before its reply. */
function checkTimings(talk: Conversation): void {
  for (const { timings } of talk.of('reply.end')) {
    if (timings.firstAudio === undefined) continue;
    const { endpoint = 0, stt = 0, recall = 0, llmFirstToken = 0 } = timings;
    const { firstSegment = 0, ttsFirstAudio = 0, firstFrame = 0 } = timings;
    const stages = [endpoint, stt, recall, llmFirstToken, firstSegment, ttsFirstAudio, firstFrame];
    expect(stages.reduce((sum, ms) => sum + ms)).toBeCloseTo(timings.firstAudio, 2);
    expect(Math.min(...stages)).toBeGreaterThanOrEqual(0);
  }
}

/** Ends the session and checks it: no broken invariant, a byte-identical replay of its log, and no other problem. */
async function finish(talk: Conversation, problems: readonly string[] = []): Promise<void> {
  const { violations, divergence } = await talk.end();
  expect(violations).toEqual([]);
  expect(divergence).toBeUndefined();
  expect(talk.problems.map(({ message }) => message)).toEqual(problems);
  checkTimings(talk);
}
