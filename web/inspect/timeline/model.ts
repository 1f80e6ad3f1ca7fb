import type { JournalRecord } from '../../../machines/journal/record.ts';
import type { AudioLevel, InspectedEar } from '../../../server/endpoints/inspect/wire.ts';
import { commandsOf, errorOf, eventOf, isMap, typeOf } from '../model/entries.ts';
import { BesideLanes } from './beside.ts';
import { type Item, Lane } from './lane.ts';
import { type TurnRow, turnOf } from './turns.ts';

type Told = Readonly<Record<string, unknown>>;

const CHILDREN: Readonly<Record<string, string>> = {
  stt: 'STT',
  speculation: 'speculation',
  memory: 'memory',
  llm: 'LLM',
  tts: 'TTS',
  playback: 'playback',
  actions: 'executor',
  lasting: 'lasting actions',
  discarded: 'discarded speech',
};

/** A sound of the user's during a reply, until it is known what it was. */
interface Yield {
  readonly item: Item;
  readonly pausedAt: number;
}

/** Everything that happened in a session, in lanes over one clock. Records are appended as they come. */
export class TimelineModel {
  readonly speech = new Lane('speech', 'user speech');
  readonly words = new Lane('words', 'transcript');
  readonly state = new Lane('state', 'state');
  readonly bargeIns = new Lane('barge-ins', 'barge-in');
  readonly segments = new Lane('segments', 'segments');
  readonly playout = new Lane('playout', 'playout');
  readonly robot = new Lane('robot', 'robot actions');
  readonly errors = new Lane('errors', 'errors');
  readonly stale = new Lane('stale', 'stale events');
  readonly #beside = new BesideLanes();
  readonly turns: TurnRow[] = [];
  /** User audio, in the order of time. */
  readonly levels: AudioLevel[] = [];
  /** Why there is no user audio to draw; empty until it is known. */
  recording = '';
  /** ms since the session's start, of the last record. */
  durationMs = 0;
  /** Another number after every change: who drew this one need not draw again. */
  version = 0;
  readonly #children = new Map<string, Lane>();
  readonly #living = new Map<string, Item>();
  readonly #given = new Map<string, Item>();
  readonly #acting = new Map<string, Item>();
  readonly #begun = new Map<number, number>();
  #speaking: Item | undefined;
  #state: Item | undefined;
  #playing: Item | undefined;
  #yield: Yield | undefined;
  /** Time from the start of the current sound to its event, ms. */
  #onsetAgeMs = 0;

  /** From top to bottom. Children that never lived have none. */
  get lanes(): readonly Lane[] {
    const children = Object.keys(CHILDREN).flatMap((kind) => this.#children.get(kind) ?? []);
    const always = [this.speech, this.words, this.state, this.bargeIns];
    const rest = [this.segments, this.playout, this.robot, this.errors, this.stale];
    return [...always, ...this.#beside.lanes, ...children, ...rest.filter(({ items }) => items.length > 0)];
  }

  append(records: readonly JournalRecord[]): void {
    this.version += 1;
    for (const record of records) {
      this.durationMs = Math.max(this.durationMs, record.t);
      this.#event(record, eventOf(record));
      if (!record.stale) this.#beside.changed(record.t, record.change, record.record);
      for (const command of commandsOf(record)) this.#command(record, command);
    }
  }

  addLevels(levels: readonly AudioLevel[]): void {
    this.version += 1;
    for (const level of levels) if (level.at > (this.levels.at(-1)?.at ?? -1)) this.levels.push(level);
  }

  /** What the ear reports live; recorded sessions have none of it. */
  addEar(reports: readonly InspectedEar[]): void {
    this.version += 1;
    for (const report of reports) this.#beside.heard(report);
  }

  /** What was recorded before the first level that came live. */
  addRecordedLevels(recorded: readonly AudioLevel[]): void {
    this.version += 1;
    const first = this.levels[0]?.at ?? Number.POSITIVE_INFINITY;
    this.levels.unshift(...recorded.filter(({ at }) => at < first));
    this.recording = this.levels.length > 0 ? '' : 'not recorded';
  }

  #event(record: JournalRecord, event: Told): void {
    const { t, record: at } = record;
    const type = typeOf(event);
    if (record.stale) {
      this.stale.mark(t, 'stale', `${type}, of generation ${record.generation}`, at);
      return;
    }
    const [, how, child] = /^xstate\.(done|error)\.actor\.(\w+)$/u.exec(type) ?? [];
    if (how && child) {
      if (how === 'error') this.errors.mark(t, 'error', `${child}: ${errorOf(event, []) ?? ''}`, at);
      this.#endChild(child, t, how);
      if (child === 'stt') this.#final(record, event);
      if (child === 'playback') this.#pause(t);
    }
    this.#beside.event(t, type, event, at);
    if (type === 'speech.start') {
      this.#onsetAgeMs = typeof event.ageMs === 'number' ? event.ageMs : 0;
      this.#speaking ??= this.speech.begin(t, 'speech', 'speech', at);
    } else if (type === 'speech.stop' || type === 'ear.failed') this.#endSpeech(t);
    else if (type === 'transcript.partial') this.words.mark(t, 'partial', textOf(event.text), at);
    else if (type === 'text') this.words.mark(t, 'typed', textOf(event.text), at);
    else if (type === 'segment.ready') this.#segmentReady(t, event.segment);
    else if (type === 'filler.audio') this.#fillerCame(t, event.samples);
    else if (type === 'playout.started') this.#play(t, at);
  }

  #command(record: JournalRecord, command: Told): void {
    const { t, record: at } = record;
    const child = textOf(command.child);
    const message = isMap(command.message) ? command.message : {};
    if (command.type === 'spawn') this.#startChild(child, t, at);
    else if (command.type === 'stop') {
      this.#endChild(child, t, 'cancelled');
      if (child === 'playback') this.#pause(t);
    } else if (command.type === 'send' && message.type === 'segment')
      this.#given.set(String(message.segment), this.segments.begin(t, 'segment', textOf(message.text), at));
    else if (command.type === 'send' && message.type === 'filler')
      this.#given.set('filler', this.segments.begin(t, 'segment', `filler: ${textOf(message.text)}`, at));
    else if (command.type === 'publish') this.#told(record, message);
  }

  #told({ t, record: at }: JournalRecord, message: Told): void {
    this.#beside.message(t, message, at);
    switch (message.type) {
      case 'state': {
        const value = textOf(message.value);
        const generation = Number(message.generation);
        if (!this.#begun.has(generation)) this.#begun.set(generation, t);
        if (this.#state) this.state.end(this.#state, t);
        this.#state = this.state.begin(t, value, value, at);
        if (value !== 'ended') return;
        this.state.end(this.#state, t);
        this.#endSpeech(t);
        return;
      }
      case 'playback':
        if (message.state === 'paused') this.#yielded(t, at);
        else if (message.state === 'playing')
          this.#judged(t, 'went on', (waited) => `no barge-in: the reply resumed after ${waited} ms`);
        return;
      case 'flush':
        this.#judged(t, 'confirmed', (waited) => `barge-in, confirmed after ${waited} ms`);
        return;
      case 'reply.end': {
        this.#endReply(t);
        this.turns.push(turnOf(message, this.#begun.get(Number(message.generation)) ?? t, t));
        return;
      }
      case 'action':
        this.#acted(t, at, message);
        return;
      case 'error':
        this.errors.mark(t, 'error', `${textOf(message.code)}: ${textOf(message.message)}`, at);
        return;
      default:
    }
  }

  #startChild(kind: string, t: number, record: number): void {
    const title = CHILDREN[kind];
    if (!title) return;
    let lane = this.#children.get(kind);
    if (!lane) {
      lane = new Lane(kind, title);
      this.#children.set(kind, lane);
    }
    this.#endChild(kind, t, 'cancelled');
    this.#living.set(kind, lane.begin(t, 'running', 'running', record));
  }

  #endChild(kind: string, t: number, how: string): void {
    const item = this.#living.get(kind);
    if (!item) return;
    this.#living.delete(kind);
    item.label = how;
    this.#children.get(kind)?.end(item, t, how);
  }

  #final({ t, record }: JournalRecord, event: Told): void {
    const output = isMap(event.output) ? event.output : {};
    if (typeof output.text === 'string') this.words.mark(t, 'final', output.text || '(nothing)', record);
  }

  #endSpeech(t: number): void {
    if (this.#speaking) this.speech.end(this.#speaking, t);
    this.#speaking = undefined;
  }

  #segmentReady(t: number, segment: unknown): void {
    const item = this.#given.get(String(segment));
    if (item) this.segments.end(item, t);
    this.#given.delete(String(segment));
  }

  #fillerCame(t: number, samples: unknown): void {
    const item = this.#given.get('filler');
    if (item) this.segments.end(item, t, samples === 0 ? 'dropped' : item.kind);
    this.#given.delete('filler');
  }

  #play(t: number, record: number): void {
    this.#playing ??= this.playout.begin(t, 'playing', 'playing', record);
  }

  #pause(t: number): void {
    if (this.#playing) this.playout.end(this.#playing, t);
    this.#playing = undefined;
  }

  #yielded(t: number, record: number): void {
    const played = this.#playing !== undefined;
    this.#pause(t);
    if (played) this.#playing = this.playout.begin(t, 'paused', 'paused', record);
    const age = this.#onsetAgeMs;
    const label = `paused ${Math.round(age)} ms after the first sound`;
    const item = this.bargeIns.begin(t - age, 'yield', label, record);
    this.#yield = { item, pausedAt: t };
  }

  #judged(t: number, kind: string, words: (waitedMs: number) => string): void {
    const made = this.#yield;
    if (!made) return;
    this.#yield = undefined;
    made.item.label = `${words(Math.round(t - made.pausedAt))}; ${made.item.label}`;
    this.bargeIns.end(made.item, t, kind.replace(' ', '-'));
    if (kind !== 'went on' || !this.#playing) return;
    this.#pause(t);
    this.#play(t, made.item.record);
  }

  #endReply(t: number): void {
    this.#judged(t, 'confirmed', (waited) => `the reply ended after ${waited} ms`);
    this.#pause(t);
    for (const item of this.#given.values()) this.segments.end(item, t, 'dropped');
    this.#given.clear();
  }

  #acted(t: number, record: number, message: Told): void {
    const [id, status] = [textOf(message.id), textOf(message.status)];
    const label = `${textOf(message.name)} ${JSON.stringify(message.args ?? {})}`;
    if (status === 'started') {
      this.#acting.set(id, this.robot.begin(t, 'started', label, record));
      return;
    }
    const item = this.#acting.get(id);
    if (status === 'progress') {
      this.robot.mark(t, status, `${label}: ${textOf(message.message)}`, record);
      return;
    }
    this.#acting.delete(id);
    if (item) {
      item.label = `${item.label}: ${status}`;
      this.robot.end(item, t, status);
    } else this.robot.mark(t, status, `${label}: ${status}`, record);
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
