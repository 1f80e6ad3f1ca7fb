import { ParleyError } from '../../machines/errors.ts';
import { throwIfAborted } from '../cancellation.ts';
import type { ResamplerFactory } from '../ports/resampler.ts';
import type { TtsEngine, TtsEvent, TtsRequest } from '../ports/tts.ts';
import { asParleyError, type Open, stallLimit } from './attempt.ts';
import { Chain } from './chain.ts';
import { firstToAnswer, type Winner } from './contest.ts';
import type { ReportsHealth } from './llm.ts';
import type { Member } from './member.ts';
import type { ChainOptions } from './options.ts';
import { Segment } from './segment.ts';
import { Voices } from './voices.ts';

export interface TtsChainOptions extends ChainOptions {
  /** Resamples the rest of a segment that another engine finishes at another rate. */
  readonly resamplers: ResamplerFactory;
}

/** Weight of a segment that is faster than the estimate of the engine's pace. A slower one replaces the estimate. */
const PACE_WEIGHT = 0.2;

/** Factor on the longest pause of an engine when only sick engines could continue. */
const LAST_STALLS = 2;

/**
 * Returns several speech engines as one. Each segment is a new request, so after a failure the reply continues in the
 * next engine's voice. If a segment breaks off, the next engine continues it from the word that was sounding. A phrase
 * that an engine has in its cache is taken from it, even if its breaker is open. Only the first engine gets a request's
 * `voice`: the others do not know it. If it does not have that voice either, it speaks in its default one. Throws CONFIG_INVALID.
 */
export function chainTts(engines: readonly TtsEngine[], options: TtsChainOptions): TtsEngine & ReportsHealth {
  const chain = new Chain('tts', engines, options);
  const [leader] = engines;
  const voices = new Voices({
    clock: options.clock,
    onUnknown: (voice, error) => chain.emit(leader?.name ?? '', { type: 'voiceUnknown', voice, error }),
  });

  async function* speak(
    request: TtsRequest,
    segment: Segment,
    signal: AbortSignal,
  ): AsyncGenerator<TtsEvent> {
    const failed = new Set<Member<TtsEngine>>();
    for (let after: Member<TtsEngine> | undefined; ; ) {
      const text = segment.rest;
      const open: Open<TtsEngine, TtsEvent> = (engine, aborted) =>
        voices.speak(engine, requestTo(engine, text), aborted);
      const order = chain.order(failed);
      if (!after) chain.probe(order, open, isAudio);
      const winner = await firstToAnswer(chain, {
        order,
        open,
        answers: isAudio,
        missing: ({ name }) =>
          hasWords(text) ? new ParleyError('TTS_FAILED', `${name} gave no audio for a text`) : undefined,
        signal,
        ...(after && { after }),
      });
      const { member } = winner.attempt;
      // The last healthy engine gets more time: those after it are known to be sick.
      const limit = stallLimit(options) * (order.healthy > 1 ? 1 : LAST_STALLS);
      const error = yield* play(winner, segment, order.members.length > 1 ? limit : undefined);
      if (!error) {
        learnPace(member, segment.spokenMs, text);
        return;
      }
      failed.add(member);
      if (signal.aborted || chain.closed || failed.size === chain.members.length) throw error;
      segment.resume(member.msPerChar);
      if (!hasWords(segment.rest)) return;
      after = member;
    }

    function requestTo(engine: TtsEngine, text: string): TtsRequest {
      const { voice: _firsts, ...others } = request;
      return { ...(engine === leader ? request : others), text };
    }
  }

  /** Passes on the winner's events; returns the error that it failed with. */
  async function* play(
    { attempt, events, ended }: Winner<TtsEngine, TtsEvent>,
    segment: Segment,
    limit: number | undefined,
  ): AsyncGenerator<TtsEvent, ParleyError | undefined> {
    try {
      for (const event of events) yield* segment.take(event);
      for (let more = !ended; more; ) {
        const { done, value } = await attempt.next(limit);
        if (done) more = false;
        else yield* segment.take(value);
      }
      attempt.succeed();
      yield* segment.finish();
      return undefined;
    } catch (thrown) {
      const error = asParleyError(thrown, 'TTS_FAILED');
      attempt.fail(error);
      return error;
    } finally {
      attempt.abandon();
    }
  }

  return {
    name: chain.name,
    health: () => chain.health,
    warm: () => chain.warm(),
    close: () => chain.close(),
    cached: (request) => atHand(chain, voices.resolve(request)) !== undefined,
    async *synthesize(asked, signal) {
      throwIfAborted(signal);
      const request = voices.resolve(asked);
      const ready = atHand(chain, request);
      if (ready) {
        yield* ready.synthesize(request, signal);
        return;
      }
      const segment = new Segment(request.text, options.resamplers);
      try {
        yield* speak(request, segment, signal);
      } finally {
        segment.close();
      }
    },
  };
}

/** The engine that has the phrase in its cache, unless a healthier one comes first. */
function atHand(chain: Chain<TtsEngine>, request: TtsRequest): TtsEngine | undefined {
  for (const { engine, breaker } of chain.members) {
    if (engine.cached?.(request)) return engine;
    if (breaker.state === 'closed') return undefined;
  }
  return undefined;
}

function isAudio(event: TtsEvent): boolean {
  return event.type === 'audio' && event.pcm.samples.length > 0;
}

/** False for text for which an engine may yield no audio. */
function hasWords(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text);
}

function learnPace(member: Member<TtsEngine>, ms: number, text: string): void {
  if (ms === 0 || text.trim() === '') return;
  const fresh = ms / text.trim().length;
  member.msPerChar = Math.max(fresh, member.msPerChar + PACE_WEIGHT * (fresh - member.msPerChar));
}
