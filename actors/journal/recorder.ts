import { JOURNAL_FORMAT, type JournalRecord, type Sha256 } from '../../machines/journal/record.ts';
import { headerHash, JournalWriter } from '../../machines/journal/writer.ts';
import type { KernelEvent, SessionKernel, Step } from '../../machines/kernel.ts';
import type { EventSource } from '../../machines/log.ts';
import type { SessionParameters } from '../../machines/parameters.ts';
import type { SessionInput } from '../../machines/session/context.ts';
import type { JournalStore } from '../ports/journal.ts';
import { AudioPieces } from './audio-pieces.ts';

/** Which audio is kept with the journal. */
type KeptAudio = 'none' | 'input' | 'all';

/** Settings that all journals of a process share. */
export interface JournalOptions {
  readonly store: Pick<JournalStore, 'openJournal'>;
  readonly sha256: Sha256;
  /** Hash of the sources that decide a session's behaviour. */
  readonly machine: string;
  readonly version: string;
  readonly audio: KeptAudio;
  /** Wall-clock time now, ISO 8601. */
  readonly now: () => string;
}

/** Event report of the runner, sent after the step and before its commands run. It never waits for the journal. */
export interface RunnerJournal {
  start(kernel: SessionKernel, step: Step): void;
  step(kernel: SessionKernel, step: Step, event: KernelEvent, source: EventSource): void;
  stale(event: KernelEvent, source: EventSource, generation: number, atMs: number): void;
}

/** Journal of one session. */
export interface SessionRecorder extends RunnerJournal {
  /** Records PCM16LE at the pipeline rate. Without `sample` it continues where the last piece ended. */
  heard(pcm: Uint8Array, sample: number | undefined): void;
  /** Records one frame of a reply, at the output rate. */
  said(generation: number, samples: Int16Array): void;
  /** Resolves when everything recorded so far is on disk; rejects with STORE_FAILED once any of it cannot be stored. */
  durable(): Promise<void>;
  end(): Promise<void>;
}

/**
 * Starts a session's journal. `onFailure` is called once if the store fails; the conversation continues without a
 * journal.
 */
export type OpenJournal = (
  session: string,
  input: SessionInput,
  onFailure: (error: Error) => void,
  parameters: SessionParameters,
) => SessionRecorder;

export function journalOf(options: JournalOptions): OpenJournal {
  const { store, sha256, machine, version, now } = options;
  return (session, input, onFailure, parameters) => {
    const header = { format: JOURNAL_FORMAT, session, machine, version, startedAt: now(), parameters, input };
    const first = headerHash(header, sha256);
    const sink = store.openJournal(header, first, onFailure);
    const writer = new JournalWriter(first, sha256);
    const audio = new AudioPieces((piece) => sink.audio(piece));
    const append = (record: JournalRecord) => sink.append(record);
    return {
      start: (kernel, step) => append(writer.start(kernel, step)),
      step: (kernel, step, event, source) => append(writer.step(kernel, step, event, source)),
      stale: (event, source, generation, atMs) => append(writer.stale(event, source, generation, atMs)),
      heard: (pcm, sample) => {
        if (options.audio !== 'none') audio.heard(pcm, sample);
      },
      said: (generation, samples) => {
        if (options.audio === 'all') audio.said(generation, samples, input.outputRate);
      },
      durable: () => sink.durable(),
      async end() {
        audio.flush();
        await sink.end();
      },
    };
  };
}
