/** Computes the server's part of a load's delays. */
import { FRAME_MS, msOfSamples, PIPELINE_RATE, samplesPerFrame } from '../../../machines/audio.ts';
import { WIRE_LIMITS } from '../../../machines/wire.ts';
import { percentile } from '../../statistics.ts';
import { callsById, replyParts } from './reply-parts.ts';
import type { ClientSession, EarStamp, SeenReply } from './reports.ts';
import { ENDPOINT_MS, type LoadResult } from './world.ts';

const FRAME = samplesPerFrame(PIPELINE_RATE);
/** Speech in this time before the end need not be answered, ms. */
const ANSWERED_WITHIN_MS = 3_000;
/** Samples in a window of the VAD. */
const WINDOW = 512;

/** Parts of a reply's delay beyond those of engines and endpoint, in ms. */
export interface FirstAudio {
  /** From the end of speech, as spoken by the client, to the first frame there. */
  readonly totalMs: number;
  /** `totalMs` less the endpoint delay and what the engines took by their own clocks. The sum of the parts below. */
  readonly overheadMs: number;
  /** End of speech and endpoint delay over → the utterance is with the recogniser. */
  readonly toSttMs: number;
  /** Transcript sent → request at the model. */
  readonly toLlmMs: number;
  /** Token sent that completes the first segment → request at speech synthesis. */
  readonly toTtsMs: number;
  /** First PCM sent → first frame at the client. */
  readonly toClientMs: number;
  /** Number of tokens in the first segment. */
  readonly tokens: number;
}

export interface BargeIn {
  /** The machine learned of speech → `playback` paused and the last frame of the reply were at the client, whichever was later. */
  readonly clearedMs: number;
  /** The deciding audio was sent by the client → the same. Includes the uplink and the VAD. */
  readonly fromAudioMs: number;
}

/** The delays of every spoken turn that was measured from end to end. */
export function firstAudio(result: LoadResult): FirstAudio[] {
  const engines = callsById(result.engines);
  const stamps = bySession(result.stamps);
  return measured(result).flatMap(({ session, seen }) => {
    const parts = replyParts(engines, seen);
    if (!parts || seen.firstFrameMs === undefined) return [];
    const stop = stamps
      .get(session.session)
      ?.findLast(({ type, atMs }) => type === 'speech.stop' && atMs <= parts.sttReceivedMs);
    const endMs = stop && spokenAtMs(session, stop.sample);
    if (endMs === undefined) return [];
    const toSttMs = parts.sttReceivedMs - (endMs + ENDPOINT_MS);
    const { toLlmMs, toTtsMs, toClientMs, tokens } = parts;
    return [
      {
        totalMs: seen.firstFrameMs - endMs,
        overheadMs: toSttMs + toLlmMs + toTtsMs + toClientMs,
        toSttMs,
        toLlmMs,
        toTtsMs,
        toClientMs,
        tokens,
      },
    ];
  });
}

/** The VAD's event → the message by which the client drops the reply (`flush`, or `speech_started` of Realtime), in ms. */
export function flushes(result: LoadResult): number[] {
  const stamps = bySession(result.stamps);
  return measured(result).flatMap(({ session, seen: { firstFrameMs = 0, flushMs } }) => {
    const start = stamps
      .get(session.session)
      ?.findLast(({ type, atMs }) => type === 'speech.start' && atMs <= (flushMs ?? 0));
    return flushMs !== undefined && start && start.atMs > firstFrameMs ? [flushMs - start.atMs] : [];
  });
}

/** The delays of every reply that speech interrupted at the first attempt: paused, and not resumed. */
export function bargeIns(result: LoadResult): BargeIn[] {
  const stamps = bySession(result.stamps);
  return measured(result).flatMap(({ session, seen }) => {
    const { pausedMs, lastFrameMs } = seen;
    if (pausedMs === undefined || lastFrameMs === undefined || seen.resumed) return [];
    const start = stamps
      .get(session.session)
      ?.findLast(({ type, atMs }) => type === 'speech.start' && atMs <= pausedMs);
    if (!start) return [];
    const clearedMs = Math.max(pausedMs, lastFrameMs);
    // The newest whole window that had been sent when the machine was notified: a lower bound.
    const sent = session.sentMs.findLastIndex((atMs) => atMs <= start.atMs) + 1;
    const decidedBy = Math.floor((sent * FRAME) / WINDOW) * WINDOW;
    const sentMs = session.sentMs[Math.floor((decidedBy - 1) / FRAME)];
    if (sentMs === undefined) return [];
    return [{ clearedMs: clearedMs - start.atMs, fromAudioMs: clearedMs - sentMs }];
  });
}

/** Absolute deviation of each paced frame from a regular grid of `frameMs`, in ms. The grid is placed at the median of the reply's frames, so that neither the lead at the start nor the offset between sessions counts.
 */
export function jitter(result: LoadResult, frameMs = FRAME_MS): number[] {
  const lead = WIRE_LIMITS.sendAheadMs / frameMs + 1;
  return measured(result).flatMap(({ seen }) => {
    const offsets = [...seen.framesMs.subarray(lead)].map((atMs, index) => atMs - (index + lead) * frameMs);
    if (offsets.length < 10) return [];
    const middle = percentile(offsets, 0.5);
    return offsets.map((offset) => Math.abs(offset - middle));
  });
}

/** Number of frames that arrived too late for a client that plays from the first frame on, and of all frames. */
export function underruns(result: LoadResult): { readonly late: number; readonly frames: number } {
  let late = 0;
  let frames = 0;
  for (const { seen } of measured(result)) {
    const startMs = seen.framesMs[0] ?? 0;
    frames += seen.framesMs.length;
    for (const [index, atMs] of seen.framesMs.entries()) if (atMs > startMs + index * FRAME_MS) late += 1;
  }
  return { late, frames };
}

/** From a typed text to the first of the reply's text, less what the model took to its first token, in ms. */
export function textFirstDelta(result: LoadResult): number[] {
  const engines = callsById(result.engines);
  return measured(result, 'text').flatMap(({ session, seen }) => {
    const typed = session.textsMs[seen.turn - 1];
    const llm = engines.get(typed?.id ?? '')?.llm;
    const firstMs = llm?.tokensMs[0];
    if (!typed || !llm || firstMs === undefined || seen.firstTextMs === undefined) return [];
    return [seen.firstTextMs - typed.atMs - (firstMs - llm.receivedMs)];
  });
}

/** From a typed text to the first frame of the reply, engines and all, in ms. */
export function textFirstFrame(result: LoadResult): number[] {
  return measured(result).flatMap(({ session, seen }) => {
    const typed = session.textsMs[seen.turn - 1];
    return typed && seen.firstFrameMs !== undefined ? [seen.firstFrameMs - typed.atMs] : [];
  });
}

export interface Outcomes {
  /** Number of ended turns. */
  readonly ended: number;
  /** Of these: failed, or without audio. */
  readonly failed: number;
  /** Utterances without any answer. */
  readonly unanswered: number;
  /** Codes of errors that clients received. */
  readonly errors: readonly string[];
}

/** Results of the turns that ended while every session was active. */
export function outcomes({ clients }: LoadResult): Outcomes {
  const { sessions, measureFromMs, endMs } = clients;
  const ended = sessions.flatMap(({ replies }) =>
    replies.filter((reply) => reply.endedMs !== undefined && reply.endedMs >= measureFromMs),
  );
  const mute = ({ reason, firstFrameMs }: SeenReply) =>
    reason === 'failed' || (reason === 'completed' && firstFrameMs === undefined);
  const unanswered = sessions.flatMap(({ spokenMs, replies }) =>
    spokenMs.filter(
      (atMs, index) =>
        atMs >= measureFromMs &&
        atMs <= endMs - ANSWERED_WITHIN_MS &&
        !replies.some(
          ({ firstFrameMs = 0 }) => firstFrameMs > atMs && firstFrameMs < (spokenMs[index + 1] ?? endMs),
        ),
    ),
  );
  return {
    ended: ended.length,
    failed: ended.filter(mute).length,
    unanswered: unanswered.length,
    errors: [...new Set(sessions.flatMap(({ errors }) => errors))],
  };
}

/** The replies that began while every session was active. */
function measured(
  { clients }: LoadResult,
  by: 'audio' | 'text' = 'audio',
): { readonly session: ClientSession; readonly seen: SeenReply }[] {
  return clients.sessions.flatMap((session) =>
    session.replies.flatMap((seen) => {
      const beganMs = by === 'audio' ? seen.firstFrameMs : seen.firstTextMs;
      return beganMs !== undefined && beganMs >= clients.measureFromMs ? [{ session, seen }] : [];
    }),
  );
}

/** Time at which the client spoke that sample: the time of its frame, less the rest of the frame after it. */
function spokenAtMs({ sentMs }: ClientSession, sample: number): number | undefined {
  const frame = Math.floor(sample / FRAME);
  const atMs = sentMs[frame];
  return atMs === undefined ? undefined : atMs - msOfSamples((frame + 1) * FRAME - sample, PIPELINE_RATE);
}

function bySession(stamps: readonly EarStamp[]): Map<string, EarStamp[]> {
  const sessions = new Map<string, EarStamp[]>();
  for (const stamp of stamps) {
    const known = sessions.get(stamp.session);
    if (known) known.push(stamp);
    else sessions.set(stamp.session, [stamp]);
  }
  return sessions;
}
