import {
  JOURNAL_FORMAT,
  type JournalHeader,
  type JournalRecord,
  type Sha256,
} from '../../machines/journal/record.ts';
import { headerHash, JournalWriter } from '../../machines/journal/writer.ts';
import type { KernelEvent, SessionKernel, Step } from '../../machines/kernel.ts';
import type { EventSource } from '../../machines/log.ts';
import type { SessionParameters } from '../../machines/parameters.ts';
import type { SessionInput } from '../../machines/session/model.ts';
import type { JournalStore } from '../ports/journal.ts';
import { AudioPieces } from './audio-pieces.ts';

/** Which audio is kept with the journal. */
type KeptAudio = 'none' | 'input' | 'all';

/** Settings that all journals of a process share. */
export interface JournalOptions {
  readonly store: Pick<JournalStore, 'openJournal' | 'continueJournal'>;
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
  /** The session is resumed with this kernel; `after`: number of the last event that its snapshot includes. */
  restored(kernel: SessionKernel, after: number): void;
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
  /** Leaves the journal open for another process, with everything so far on disk. */
  leave(): Promise<void>;
}

/** A journal up to here, by another process. */
export interface JournalSoFar {
  readonly writer: JournalWriter;
  readonly records: number;
}

/**
 * Starts a session's journal, or continues it. `onFailure` is called once if the store fails; the conversation continues without a
 * journal.
 */
export type OpenJournal = (
  session: string,
  input: SessionInput,
  onFailure: (error: Error) => void,
  parameters: SessionParameters,
  soFar?: JournalSoFar,
) => SessionRecorder;

export function journalOf(options: JournalOptions): OpenJournal {
  const { store, sha256, machine, version, now } = options;
  const open = (header: JournalHeader, onFailure: (error: Error) => void) => {
    const first = headerHash(header, sha256);
    return { sink: store.openJournal(header, first, onFailure), writer: new JournalWriter(first, sha256) };
  };
  return (session, input, onFailure, parameters, soFar) => {
    const header = { format: JOURNAL_FORMAT, session, machine, version, startedAt: now(), parameters, input };
    const { sink, writer } = soFar
      ? { sink: store.continueJournal(session, soFar.records, onFailure), writer: soFar.writer }
      : open(header, onFailure);
    const audio = new AudioPieces((piece) => sink.audio(piece));
    const append = (record: JournalRecord) => sink.append(record);
    return {
      start: (kernel, step) => append(writer.start(kernel, step)),
      restored(kernel, after) {
        const snapshot = kernel.snapshot();
        append(writer.restored(kernel, { type: 'restored', machine, version, parameters, after, snapshot }));
      },
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
      async leave() {
        audio.flush();
        await sink.leave();
      },
    };
  };
}
