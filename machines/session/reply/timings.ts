/** Breakdown of the time from the end of the user's turn to the reply's first sound. */
import { toMicroseconds } from '../../clock.ts';
import type { TurnTimings } from '../../wire.ts';
import type { ListenerSample, Reply, ReplyMarks } from '../model.ts';

export const UNMARKED: ReplyMarks = {
  endpointMs: null,
  sttMs: null,
  begunAtMs: null,
  preparedMs: null,
  askedAtMs: null,
  firstTokenAtMs: null,
  firstSegmentAtMs: null,
};

/**
 * The waterfall of a reply, at its end. Each stage begins where the previous one ended, so those up to `firstFrame`
 * add up to `firstAudio`. A stage that the turn did not need is absent.
 */
export function timingsOf({ marks, turnEndedAtMs }: Reply, listener: ListenerSample | null): TurnTimings {
  const { begunAtMs, askedAtMs, firstTokenAtMs, firstSegmentAtMs } = marks;
  const { firstAudioAtMs = null, playingAtMs = null, playedAtMs = null, fillerAtMs = null } = listener ?? {};
  const stages = {
    endpoint: marks.endpointMs,
    stt: marks.sttMs,
    recall: askedAtMs === begunAtMs ? null : span(begunAtMs, askedAtMs),
    llmFirstToken: span(askedAtMs, firstTokenAtMs),
    firstSegment: span(firstTokenAtMs, firstSegmentAtMs),
    ttsFirstAudio: span(firstSegmentAtMs, firstAudioAtMs),
    firstFrame: span(firstAudioAtMs, playingAtMs),
    firstAudio: span(turnEndedAtMs, playingAtMs),
    prepared: marks.preparedMs,
    firstPlayed: span(playingAtMs, playedAtMs),
    filler: span(turnEndedAtMs, fillerAtMs),
  };
  return Object.fromEntries(
    Object.entries(stages).flatMap(([stage, ms]) => (ms === null ? [] : [[stage, toMicroseconds(ms)]])),
  );
}

function span(from: number | null, to: number | null): number | null {
  return from === null || to === null ? null : to - from;
}
