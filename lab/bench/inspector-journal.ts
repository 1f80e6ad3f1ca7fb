// Generates journals: sessions of any length with any words, stepped by the real kernel.
import { sha256 } from '../../adapters/store/sha256.ts';
import { JOURNAL_FORMAT, type JournalHeader, type JournalRecord } from '../../machines/journal/record.ts';
import { headerHash, JournalWriter } from '../../machines/journal/writer.ts';
import { type KernelEvent, SessionKernel, type Step } from '../../machines/kernel.ts';
import type { EventSource } from '../../machines/log.ts';
import { defaultParameters } from '../../machines/parameters.ts';
import type { Command } from '../../machines/session/commands.ts';
import { journalLines, parseJournalFile } from '../../server/journal-file.ts';

const OUTPUT_RATE = 24_000;
/** Interval of playback reports, like the real one. */

/** A session whose children answer immediately, and whose user types. */
export class MadeSession {
  readonly header: JournalHeader;
  readonly records: JournalRecord[] = [];
  readonly #kernel: SessionKernel;
  readonly #writer: JournalWriter;
  #t = 0;

  constructor(session: string, startedAt = '2026-01-01T00:00:00.000Z') {
    const input = { language: 'en', outputRate: OUTPUT_RATE, seed: 1, memory: false } as const;
    this.header = {
      format: JOURNAL_FORMAT,
      session,
      machine: sha256('made'),
      version: '0.0.0',
      startedAt,
      parameters: defaultParameters,
      input,
    };
    this.#kernel = new SessionKernel(defaultParameters, input);
    this.#writer = new JournalWriter(headerHash(this.header, sha256), sha256);
    this.records.push(this.#writer.start(this.#kernel, this.#kernel.initial));
  }

  /** Advances time and fires timers that are due. */
  wait(ms: number): void {
    const until = this.#t + ms;
    for (;;) {
      const timer = this.#kernel.popTimer(until);
      if (!timer) break;
      this.#t = timer.dueMs;
      this.#step('timer', timer.event);
    }
    this.#t = until;
  }

  tell(source: EventSource, event: KernelEvent): readonly Command[] {
    return this.#step(source, event).commands;
  }

  /** An event of a child that has ended. */
  late(source: EventSource, event: KernelEvent): void {
    this.records.push(this.#writer.stale(event, source, this.#kernel.context.generation, this.#t));
  }

  /** Adds a typed turn and its whole reply, `playMs` of it played. */
  turn(text: string, reply: readonly string[], playMs = 1_000): void {
    this.tell('client', { type: 'text', text });
    const segments = reply.flatMap((words) => {
      this.wait(5);
      return segmentsOf(this.tell('llm', { type: 'llm.delta', text: words }));
    });
    segments.push(...segmentsOf(this.tell('llm', { type: 'xstate.done.actor.llm' })));
    this.tell('actions', { type: 'xstate.done.actor.actions' });
    const samples = Math.round((playMs / 1_000 / Math.max(1, segments.length)) * OUTPUT_RATE);
    for (const segment of segments) {
      this.tell('tts', { type: 'segment.started', segment });
      const words = [{ sample: 0, offset: 0 }];
      this.tell('tts', { type: 'segment.ready', segment, samples, words });
    }
    this.tell('tts', { type: 'xstate.done.actor.tts' });
    this.tell('playback', { type: 'playout.started' });
    const total = samples * segments.length;
    this.wait(playMs);
    this.tell('playback', { type: 'xstate.done.actor.playback', output: { samples: total } });
    this.wait(200);
  }

  /** Ends the session; returns its journal file. */
  file(): string {
    this.tell('client', { type: 'bye' });
    const { header, records } = this;
    const footer = { status: 'ended', records: records.length } as const;
    const journal = { header, headerHash: headerHash(header, sha256), records, footer };
    return [...journalLines({ journal, audio: [] })].join('');
  }

  #step(source: EventSource, event: KernelEvent): Step {
    const step = this.#kernel.step(event, this.#t);
    this.records.push(this.#writer.step(this.#kernel, step, event, source));
    return step;
  }
}

/** A session of at least `events` events. */
export function longSession(events: number, session = 'long'): MadeSession {
  const made = new MadeSession(session);
  for (let turn = 1; made.records.length < events - 1; turn++)
    made.turn(
      `question ${turn}`,
      [`This is answer ${turn}. `, 'It has two sentences and a few words.'],
      2_000,
    );
  return made;
}

function segmentsOf(commands: readonly Command[]): number[] {
  return commands.flatMap((command) =>
    command.type === 'send' && command.message.type === 'segment' ? [command.message.segment] : [],
  );
}

/** The events of a recorded session, stepped by the machine of this version. The result is a journal that replays, even if decisions have changed since the recording.
 */
export function restepped(text: string, name: string): string {
  const { journal } = parseJournalFile(text, name);
  const { header, headerHash: hash, footer } = journal;
  const kernel = new SessionKernel(header.parameters, header.input);
  const writer = new JournalWriter(hash, sha256);
  const records = journal.records.map(({ record, source, event: json, stale, generation, t }) => {
    if (record === 0 || source === 'start' || source === 'restored')
      return writer.start(kernel, kernel.initial);
    // The JSON was written by a kernel, so its type is trusted.
    const event = JSON.parse(json) as KernelEvent;
    if (stale) return writer.stale(event, source, generation, t);
    if (source === 'timer') kernel.popTimer(t);
    return writer.step(kernel, kernel.step(event, t), event, source);
  });
  return [...journalLines({ journal: { header, headerHash: hash, records, footer }, audio: [] })].join('');
}
