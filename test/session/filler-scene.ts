/** Shared scene of the filler tests: a voice whose sound encodes its text, and a conversation as one ordered list. */
import type { TtsEngine, TtsEvent } from '../../actors/ports/tts.ts';
import { type PhraseCache, phraseCache } from '../../adapters/tts/phrase-cache.ts';
import { cachedTts } from '../../adapters/tts/phrase-cache-tts.ts';
import { samplesInMs } from '../../machines/audio.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { type Conversation, settle } from '../../testing/conversation.ts';
import { hang, pause } from '../../testing/scripted-engines.ts';
import { parameters, type Scene, scene, type Talk } from './scene.ts';

export const FILLER = 'Let me see.';
/** Longer than a track holds: 6 s. */
export const LONG_FILLER = `${'Well, '.repeat(19)}Hello.`;
/** 50 ms per letter: 550 ms, which are 27.5 frames. */
export const FILLER_FRAMES = 28;
/** After the end of the turn. */
export const AFTER_MS = 1_500;

const RATE = 24_000;
const MS_PER_CHAR = 50;
const FILLER_SOUND = 1_000;
const REPLY_SOUND = 2_000;

/** How the voice speaks uncached text. Default: after 50 ms. */
type Slowness = (text: string) => number | 'hangs';

/** A voice that speaks its cached phrase as one number and everything else as another; fills `asked` with the texts. */
function toneVoice(clock: VirtualClock, slowness: Slowness, asked: string[] = []): TtsEngine {
  return {
    name: 'tone',
    async *synthesize({ text }, signal): AsyncGenerator<TtsEvent, void, void> {
      asked.push(text);
      const afterMs = slowness(text);
      if (afterMs === 'hangs') await hang(signal);
      else await pause(clock, afterMs, signal);
      for (const { index, 0: word } of text.matchAll(/\S+/gu)) {
        const sample = samplesInMs(index * MS_PER_CHAR, RATE);
        yield { type: 'word', sample, offset: index, length: word.length };
      }
      const samples = new Int16Array(samplesInMs(text.length * MS_PER_CHAR, RATE));
      yield {
        type: 'audio',
        pcm: { rate: RATE, samples: samples.fill(isFiller(text) ? FILLER_SOUND : REPLY_SOUND) },
      };
    },
    close: async () => {},
  };
}

function isFiller(text: string): boolean {
  return text === FILLER || text === LONG_FILLER;
}

export interface FillerScene extends Scene {
  /** Another voice, without a cache. */
  readonly voiceOf?: (clock: VirtualClock) => TtsEngine;
  readonly slowness?: Slowness;
  /** Cached texts. Default: the filler. */
  readonly prepared?: readonly string[];
  readonly spoken?: string[];
}

/** A conversation with one filler, which is in its voice's phrase cache. */
export async function fillerScene(options: FillerScene = {}): Promise<Talk> {
  const { slowness = () => 50, prepared = [FILLER], spoken = [], voiceOf, ...given } = options;
  const clock = new VirtualClock({ settle });
  const cache = phraseCache();
  await prepare(cache, prepared);
  return scene({
    clock,
    tts: voiceOf?.(clock) ?? cachedTts(toneVoice(clock, slowness, spoken), cache),
    parameters: fillerParameters(),
    ...given,
  });
}

export function fillerParameters(
  change: Parameters<typeof parameters>[0] = {},
): ReturnType<typeof parameters> {
  return parameters({
    ...change,
    phrases: { fillers: [FILLER], ...change.phrases },
    reply: { fillerAfterMs: AFTER_MS, ...change.reply },
  });
}

/** On its own clock, so that the conversation begins at 0. */
async function prepare(cache: PhraseCache, texts: readonly string[]): Promise<void> {
  const clock = new VirtualClock({ settle });
  const voice = cachedTts(
    toneVoice(clock, () => 0),
    cache,
  );
  for (const text of texts) {
    const made = voice.prepare({ text, language: 'en' }, new AbortController().signal);
    await clock.advance(0);
    await made;
  }
}

interface Stretch {
  readonly whose: 'filler' | 'reply';
  readonly atMs: number;
  frames: number;
}

/**
 * What the client received, in order: states, pauses, flushes, errors and ends, and each stretch of sound with its
 * kind, its number of frames, and the time of the first one.
 */
export function story(talk: Conversation): string[] {
  const received: (string | Stretch)[] = [];
  let stretch: Stretch | undefined;
  for (const one of talk.heard) {
    if (one.type === 'audio') {
      const whose = one.samples[0] === FILLER_SOUND ? 'filler' : 'reply';
      if (stretch?.whose !== whose) {
        stretch = { whose, atMs: one.atMs, frames: 0 };
        received.push(stretch);
      }
      stretch.frames += 1;
    } else if (one.type === 'state') received.push(one.value);
    else if (one.type === 'error') received.push(one.code);
    else if (one.type === 'reply.end') received.push(`${one.reason} '${one.heard}'`);
    else if (one.type === 'playback' || one.type === 'flush') {
      received.push(one.type === 'playback' ? `playback ${one.state}` : 'flush');
      stretch = undefined;
    }
  }
  return received.map((one) =>
    typeof one === 'string' ? one : `${one.whose} × ${one.frames} at ${Math.round(one.atMs)}`,
  );
}

/** Frame numbers of a generation, in order of arrival. */
export function frameNumbers(talk: Conversation, generation = 1): number[] {
  return talk.of('audio').flatMap((frame) => (frame.generation === generation ? [frame.seq] : []));
}

/** The fillers requested from speech synthesis. */
export function fillersAsked(talk: Conversation): string[] {
  return talk.log.flatMap((entry) =>
    entry.type === 'command' && entry.command.type === 'send' && entry.command.message.type === 'filler'
      ? [entry.command.message.text]
      : [],
  );
}

/** Has the filler cached but never yields it; records stopped requests in `stopped`. */
export function lateFiller(stopped: string[]): (clock: VirtualClock) => TtsEngine {
  return (clock) =>
    withFiller(
      toneVoice(clock, () => 50),
      async function* (signal): AsyncGenerator<TtsEvent, void, void> {
        try {
          await hang(signal);
          yield* [];
        } finally {
          stopped.push(FILLER);
        }
      },
    );
}

/** Has the filler cached, and fails in the middle of it. */
export function failingFiller(): (clock: VirtualClock) => TtsEngine {
  return (clock) =>
    withFiller(
      toneVoice(clock, () => 50),
      async function* (): AsyncGenerator<TtsEvent, void, void> {
        yield { type: 'audio', pcm: { rate: RATE, samples: new Int16Array(2_400).fill(FILLER_SOUND) } };
        throw new ParleyError('TTS_FAILED', 'as scripted');
      },
    );
}

function withFiller(voice: TtsEngine, say: (signal: AbortSignal) => AsyncIterable<TtsEvent>): TtsEngine {
  return {
    ...voice,
    cached: ({ text }) => isFiller(text),
    synthesize: (request, signal) =>
      isFiller(request.text) ? say(signal) : voice.synthesize(request, signal),
  };
}
