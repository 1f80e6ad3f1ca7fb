/** Journaled conversations on virtual time, for the tests of this folder. */

import { hostLlm, hostStt, hostTts, remoteLlm, remoteStt, remoteTts } from '../../actors/engine-rpc/mod.ts';
import { journalOf, type OpenJournal } from '../../actors/journal/recorder.ts';
import type { ActionPort } from '../../actors/ports/action.ts';
import type { JournalAudio, JournalSink, JournalStore } from '../../actors/ports/journal.ts';
import type { LlmEngine } from '../../actors/ports/llm.ts';
import type { ClientCommand } from '../../actors/session/client-command.ts';
import type { Session } from '../../actors/session/handle.ts';
import { openSession } from '../../actors/session/session.ts';
import { clientAction } from '../../adapters/action/client-action.ts';
import { speexResampler } from '../../adapters/audio/resampler.ts';
import { inProcessBus } from '../../adapters/bus/in-process.ts';
import { slowCheck } from '../../adapters/schema/slow-check.ts';
import { sha256 } from '../../adapters/store/sha256.ts';
import { FRAME_MS, PIPELINE_RATE, samplesPerFrame } from '../../machines/audio.ts';
import { VirtualClock } from '../../machines/clock.ts';
import type { Journal, JournalHeader, JournalRecord } from '../../machines/journal/record.ts';
import type { LogEntry } from '../../machines/log.ts';
import { defaultParameters } from '../../machines/parameters.ts';
import type { SessionMessage } from '../../machines/wire.ts';
import { settle } from '../../testing/conversation.ts';
import { levelVad, scriptedLlm, scriptedStt, scriptedTts } from '../../testing/scripted-engines.ts';

const MACHINE = 'm'.repeat(64);

/** A journal store in memory. A test can delay or fail writes. */
export class MemoryJournals implements Pick<JournalStore, 'openJournal' | 'continueJournal'> {
  readonly records: JournalRecord[] = [];
  readonly audio: JournalAudio[] = [];
  header: JournalHeader | undefined;
  headerHash = '';
  ended = false;
  #durable: Promise<void> = Promise.resolve();
  #fail: (error: Error) => void = () => {};

  /** From now on nothing is durable until the returned function is called. */
  hold(): { release: () => void; fail: (error: Error) => void } {
    const { promise, resolve, reject } = withResolvers();
    promise.catch(() => {});
    this.#durable = promise;
    return {
      release: resolve,
      fail: (error) => {
        reject(error);
        this.#fail(error);
      },
    };
  }

  openJournal(header: JournalHeader, headerHash: string, onFailure: (error: Error) => void): JournalSink {
    this.header = header;
    this.headerHash = headerHash;
    return this.continueJournal('', 0, onFailure);
  }

  continueJournal(_session: string, _records: number, onFailure: (error: Error) => void): JournalSink {
    this.#fail = onFailure;
    return {
      append: (record) => this.records.push(record),
      audio: (piece) => this.audio.push(piece),
      durable: () => this.#durable,
      end: async () => {
        this.ended = true;
      },
      leave: async () => {},
    };
  }

  journal(): Journal {
    if (!this.header) throw new Error('no journal was opened');
    const footer = this.ended
      ? { status: 'ended' as const, records: this.records.length }
      : { status: 'open' as const, records: null };
    return { header: this.header, headerHash: this.headerHash, records: this.records, footer };
  }
}

function withResolvers() {
  let resolve = () => {};
  let reject = (_error: Error) => {};
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

export interface TalkOptions {
  readonly store: Pick<JournalStore, 'openJournal' | 'continueJournal'>;
  readonly session?: string;
  readonly llm?: (clock: VirtualClock) => LlmEngine;
  readonly actions?: ActionPort;
  readonly audio?: 'none' | 'input' | 'all';
  readonly onLog?: (entry: LogEntry) => void;
  /** Text in and out, and reported results of actions. */
  readonly textOnly?: boolean;
  /** Hash that the journal names. */
  readonly machine?: string;
}

/** One session on virtual time, journaled. */
export class Talk {
  readonly clock = new VirtualClock({ settle });
  readonly heard: SessionMessage[] = [];
  readonly problems: Error[] = [];
  readonly #bus = inProcessBus();
  readonly #session: Session;
  readonly #id: string;
  readonly #hosts: readonly { close(): Promise<void> }[];

  static async open(options: TalkOptions): Promise<Talk> {
    return new Talk(options, await speexResampler());
  }

  private constructor(options: TalkOptions, resamplers: Awaited<ReturnType<typeof speexResampler>>) {
    const clock = this.clock;
    const bus = this.#bus;
    this.#id = options.session ?? 'talk';
    const stt = scriptedStt(clock, [{ partial: 'turn', text: 'turn around' }]);
    const llm =
      options.llm?.(clock) ??
      scriptedLlm(clock, () => ({
        text: 'Hello there. How are you? I have a 🤖 story for you. It is long.',
      }));
    const tts = scriptedTts(clock);
    this.#hosts = [hostStt(bus, clock, stt), hostLlm(bus, clock, llm), hostTts(bus, clock, tts)];
    const journal: OpenJournal = journalOf({
      store: options.store,
      sha256,
      machine: options.machine ?? MACHINE,
      version: '0.0.0',
      audio: options.audio ?? 'none',
      now: () => '2026-01-02T03:04:05.000Z',
    });
    this.#session = openSession(
      {
        bus,
        clock,
        slowSchemaCheck: slowCheck,
        parameters: defaultParameters,
        engines: {
          stt: (scope) => remoteStt(bus, clock, stt.name, scope),
          llm: (scope) => remoteLlm(bus, clock, llm.name, scope),
          tts: (scope) => remoteTts(bus, clock, tts.name, scope),
        },
        vad: levelVad(),
        resamplers,
        actions: options.actions ?? clientAction({ clock }),
        store: {
          saveSession: async () => {},
          endSession: async () => {},
          saveTurn: async () => {},
          sessions: async () => [],
          turns: async () => [],
          close: async () => {},
        },
        journal,
        onLog: (_session, entry) => options.onLog?.(entry),
        onProblem: (_session, error) => this.problems.push(error),
      },
      {
        ...{ session: this.#id, language: 'en', outputRate: 24_000, seed: 7 },
        ...(options.textOnly && { input: 'text', output: 'text', results: true }),
      },
      { message: (message) => this.heard.push(message), audio: () => {} },
    );
  }

  send(command: ClientCommand): void {
    this.#session.command(command);
  }

  wait(ms: number): Promise<void> {
    return this.clock.advance(ms);
  }

  /** Sends a loud tone, or silence, in real time. */
  async sound(ms: number, level = 8_000): Promise<void> {
    for (let at = 0; at < ms; at += FRAME_MS) {
      const samples = new Int16Array(samplesPerFrame(PIPELINE_RATE)).map((_, i) =>
        i % 2 === 0 ? level : -level,
      );
      this.#session.audio(new Uint8Array(samples.buffer));
      await this.wait(FRAME_MS);
    }
  }

  of<Type extends SessionMessage['type']>(type: Type): Extract<SessionMessage, { type: Type }>[] {
    return this.heard.filter((one): one is Extract<SessionMessage, { type: Type }> => one.type === type);
  }

  async end(): Promise<void> {
    const closed = this.#session.close('lost');
    await this.clock.advance(0);
    await closed;
    const hosts = Promise.all(this.#hosts.map((host) => host.close()));
    await this.clock.advance(10_000);
    await hosts;
  }
}

/** A spoken turn, a typed one that is interrupted by speech, and the end. */
export async function converse(talk: Talk): Promise<void> {
  await talk.sound(200, 0);
  await talk.sound(600);
  await talk.sound(8_000, 0);
  talk.send({ type: 'text', text: 'tell me a "story" – 你好' });
  await talk.sound(1_500, 0);
  await talk.sound(900);
  await talk.sound(6_000, 0);
  talk.send({ type: 'text', text: 'again' });
  await talk.wait(300);
  talk.send({ type: 'interrupt' });
  await talk.wait(300);
  await talk.end();
}

export async function recordedJournal(): Promise<Journal> {
  const store = new MemoryJournals();
  await converse(await Talk.open({ store }));
  return store.journal();
}
