import { PIPELINE_RATE } from '../../../machines/audio.ts';
import { eventOf, isMap } from './entries.ts';
import type { AudioPiece } from './journal-text.ts';
import { lastWhere } from './search.ts';
import type { SessionLog } from './session-log.ts';

/** A stretch of sound and when it was heard. */
export interface PlacedAudio {
  /** ms since the session's start. */
  readonly t: number;
  readonly rate: number;
  readonly samples: Int16Array;
}

/** Sample `sample` of a reply was heard at `t`. */
interface Anchor {
  readonly sample: number;
  readonly t: number;
}

/** What is looked at separately, so that a pause within a piece is heard as one. */
const STEP_MS = 20;
/** Precision of the listener's known position. */
const UNSURE_MS = 120;

/** Recorded sound on the clock of the session's events: the user's from the ear's events, replies from the listener's position at each event. */
export function placeAudio(log: SessionLog, pieces: readonly AudioPiece[]): PlacedAudio[] {
  const inputStart = startOfInput(log);
  const replies = playoutOf(log);
  return pieces.flatMap((piece) => {
    const { direction, generation, sample, rate, samples } = piece;
    if (direction === 'in') return [{ t: inputStart + (sample / rate) * 1_000, rate, samples }];
    const reply = replies.get(generation);
    return reply ? cut(piece, reply) : [];
  });
}

/** When the first sample of the session's input was heard. */
function startOfInput(log: SessionLog): number {
  const heard = log.entries.find(({ type }) => type === 'speech.start' || type === 'speech.stop');
  const record = heard && log.records[heard.index];
  if (!record) return 0;
  const { sample, ageMs } = eventOf(record);
  if (typeof sample !== 'number' || typeof ageMs !== 'number') return 0;
  return record.t - ageMs - (sample / PIPELINE_RATE) * 1_000;
}

interface Playout {
  readonly anchors: Anchor[];
  /** When it was over; what was sent after it was not heard. */
  endMs: number;
}

function playoutOf(log: SessionLog): Map<number, Playout> {
  const replies = new Map<number, Playout>();
  let paused = false;
  for (const { index, type, t, stale } of log.entries) {
    const record = log.records[index];
    if (!record || stale) continue;
    const { listener } = eventOf(record);
    if (!isMap(listener) || typeof listener.generation !== 'number') continue;
    const { generation, played } = listener;
    const reply = replies.get(generation) ?? { anchors: [], endMs: Number.POSITIVE_INFINITY };
    replies.set(generation, reply);
    const changes = record.commands.includes('"type":"playback"');
    const pauses = changes && record.commands.includes('"paused"');
    const resumed = changes && !pauses;
    // The client's report is a little old; the pacing continues from the last known time.
    const exact = type === 'playout.started' || resumed || listener.acknowledged !== true;
    const before = reply.anchors.at(-1)?.sample ?? 0;
    if (typeof played === 'number' && exact && (!paused || resumed) && played >= before)
      reply.anchors.push({ sample: played, t });
    if (record.commands.includes('"reply.end"')) reply.endMs = t;
    if (changes) paused = pauses;
  }
  return replies;
}

function cut({ sample, rate, samples }: AudioPiece, { anchors, endMs }: Playout): PlacedAudio[] {
  const placed: PlacedAudio[] = [];
  const step = Math.max(1, Math.round((STEP_MS / 1_000) * rate));
  let begun: { t: number; at: number } | undefined;
  const end = (at: number) => {
    if (begun) placed.push({ t: begun.t, rate, samples: samples.subarray(begun.at, at) });
    begun = undefined;
  };
  for (let at = 0; at < samples.length; at += step) {
    const t = heardAt(sample + at, rate, anchors);
    if (t === undefined || t > endMs) {
      end(at);
      continue;
    }
    if (begun && Math.abs(begun.t + ((at - begun.at) / rate) * 1_000 - t) > UNSURE_MS) end(at);
    begun ??= { t, at };
  }
  end(samples.length);
  return placed;
}

/** From the last report before the sample on; undefined if the reply was never heard. */
function heardAt(sample: number, rate: number, anchors: readonly Anchor[]): number | undefined {
  const anchor =
    anchors[
      Math.max(
        0,
        lastWhere(anchors, (one) => one.sample <= sample),
      )
    ];
  return anchor && anchor.t + ((sample - anchor.sample) / rate) * 1_000;
}
