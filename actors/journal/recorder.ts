import { headerHash, JournalWriter } from '../../machines/journal.ts';
import { JOURNAL_FORMAT, type JournalRecord, type Sha256 } from '../../machines/journal-record.ts';
import type { KernelEvent, SessionKernel, Step } from '../../machines/kernel.ts';
import type { EventSource } from '../../machines/log.ts';
import type { SessionParameters } from '../../machines/parameters.ts';
import type { SessionInput } from '../../machines/session/context.ts';
import type { JournalStore } from '../ports/journal.ts';
import { AudioPieces } from './audio-pieces.ts';

/** Which audio is kept beside the journal. */
export type KeptAudio = 'none' | 'input' | 'all';

/** What the journals of a process have in common. */
export interface JournalOptions {
  readonly store: Pick<JournalStore, 'openJournal'>;
  readonly sha256: Sha256;
  /** Hash of the sources that decide. */
  readonly machine: string;
  readonly version: string;
  readonly parameters: SessionParameters;
  readonly audio: KeptAudio;
  /** Wall-clock time now, ISO 8601. */
  readonly now: () => string;
}

/** What the runner tells of each event, after the step and before its commands run. Nothing of it waits. */
export interface RunnerJournal {
  start(kernel: SessionKernel, step: Step): void;
  step(kernel: SessionKernel, step: Step, event: KernelEvent, source: EventSource): void;
  stale(event: KernelEvent, source: EventSource, generation: number, atMs: number): void;
}

/** One session's journal, as the session uses it. */
export interface SessionRecorder extends RunnerJournal {
  /** PCM16LE at the pipeline rate. Without `sample` it goes on where the last piece ended. */
  heard(pcm: Uint8Array, sample: number | undefined): void;
  /** One frame of a reply, at the output rate. */
  said(generation: number, samples: Int16Array): void;
  /** Resolves when all that was recorded so far is on disk; rejects with STORE_FAILED once any of it cannot be. */
  durable(): Promise<void>;
  end(): Promise<void>;
}

/** Begins a session's journal. `onFailure` is told once, if the store fails: the conversation goes on without. */
export type OpenJournal = (
  session: string,
  input: SessionInput,
  onFailure: (error: Error) => void,
) => SessionRecorder;

export function journalOf(options: JournalOptions): OpenJournal {
  const { store, sha256, machine, version, parameters, now } = options;
  return (session, input, onFailure) => {
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
