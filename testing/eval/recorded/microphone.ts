import type { JournalAudio } from '../../../actors/ports/journal.ts';
import { msOfSamples, PIPELINE_RATE, samplesPerFrame } from '../../../machines/audio.ts';
import type { JournalRecord } from '../../../machines/journal/record.ts';
import type { KernelEvent } from '../../../machines/kernel.ts';

/** A frame of recorded input, and when it arrives, ms since the session's start. */
export interface ArrivingFrame {
  readonly atMs: number;
  readonly samples: Int16Array;
}

/** What is read of a journal. */
interface Timeline {
  readonly records: readonly Pick<JournalRecord, 't' | 'source' | 'event'>[];
}

/** The ear fills gaps up to this length with silence and shortens longer ones to it. */
const MAX_GAP_SAMPLES = 2 * PIPELINE_RATE;

/**
 * The recorded input in frames of 20 ms, each with the time of its arrival. The journal has that time only for some
 * samples: those at which speech began or ended. Between two of them samples follow each other in real time, up to the
 * later one; so a pause of the microphone lies after the earlier one. What a client had sent before a command is there
 * when the command comes.
 */
export function arrivingFrames(journal: Timeline, audio: readonly JournalAudio[]): readonly ArrivingFrame[] {
  const input = joined(audio.filter(({ direction }) => direction === 'in'));
  const known = positionsOf(journal, 'ear');
  const sent = positionsOf(journal, 'client');
  const step = samplesPerFrame(PIPELINE_RATE);
  const frames: ArrivingFrame[] = [];
  let [next, command, lastMs] = [0, 0, 0];
  for (let from = 0; from < input.length; from += step) {
    const samples = input.subarray(from, from + step);
    const end = from + samples.length;
    while (next < known.length - 1 && (known[next]?.sample ?? 0) < end) next += 1;
    while (command < sent.length && (sent[command]?.sample ?? 0) < end) command += 1;
    const near = known[next] ?? { sample: 0, atMs: 0 };
    const heardMs = near.atMs + msOfSamples(end - near.sample, PIPELINE_RATE);
    lastMs = Math.min(Math.max(lastMs, heardMs), sent[command]?.atMs ?? Number.POSITIVE_INFINITY);
    frames.push({ atMs: lastMs, samples });
  }
  return frames;
}

/** Where in the input an event was, and when, by sample. */
function positionsOf(
  { records }: Timeline,
  from: 'ear' | 'client',
): readonly { readonly sample: number; readonly atMs: number }[] {
  return records
    .filter(({ source }) => source === from)
    .flatMap(({ t, event }) => {
      const facts = JSON.parse(event) as KernelEvent;
      if (!('sample' in facts)) return [];
      return { sample: facts.sample, atMs: 'ageMs' in facts ? t - facts.ageMs : t };
    })
    .sort((a, b) => a.sample - b.sample);
}

function joined(pieces: readonly JournalAudio[]): Int16Array {
  const gaps = pieces.map(({ sample }, index) => {
    const before = pieces[index - 1];
    const missing = sample - (before ? before.sample + before.samples.length : 0);
    return Math.max(0, Math.min(missing, MAX_GAP_SAMPLES));
  });
  const all = new Int16Array(
    pieces.reduce((sum, { samples }, index) => sum + samples.length + (gaps[index] ?? 0), 0),
  );
  let at = 0;
  for (const [index, { samples }] of pieces.entries()) {
    at += gaps[index] ?? 0;
    all.set(samples, at);
    at += samples.length;
  }
  return all;
}
