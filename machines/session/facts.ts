import type { LogEntry } from '../log.ts';
import type { SessionParameters } from '../parameters.ts';
import type { SpokenSegment } from '../policies/heard.ts';
import type { Attention, Modality, PublicState, SessionMessage, SettingsChange, Tool } from '../wire.ts';
import type { AskingParameters } from './asking/asking.ts';
import { REPLY_CHILDREN } from './children.ts';
import { followed } from './language/language.ts';
import type { ListenerSample } from './model.ts';
import { PacedPosition } from './reply/heard-check.ts';

export type Entry<Type extends LogEntry['type']> = Extract<LogEntry, { type: Type }>;
export type Message<Type extends SessionMessage['type']> = Extract<SessionMessage, { type: Type }>;

export interface MonitorOptions {
  /** Output rate of the session, Hz. Default 24,000. */
  readonly outputRate?: number;
  /** `actions` of the session's parameters. Default: any action, and any number. */
  readonly actions?: SessionParameters['actions'];
  /** Language of the session. Default: `en`. */
  readonly language?: string;
  /** Those of the session's parameters that decide which language a turn has. Default: its own. */
  readonly languages?: SessionParameters['languages'] | undefined;
  /** Those of the session's parameters that decide what is asked back. Default: nothing is. */
  readonly asks?: AskingParameters | undefined;
  /** When the session hears that speech is for it. Default: always. */
  readonly attention?: Listening;
  /** Phrases of the voice stop. Default: none. */
  readonly halt?: readonly string[];
  /** `words.backchannels` of the session's parameters. Default: none. */
  readonly backchannels?: Readonly<Record<string, readonly string[]>>;
  /** Default: audio. */
  readonly input?: Modality;
  readonly output?: Modality;
  /** Whether the client reports the results of actions. Default: no. */
  readonly results?: boolean;
  /** `endpointing.awaitedDelayMs` of the session's parameters. Default: 0. */
  readonly awaitedDelayMs?: number;
}

/** Attention of a session: its mode, wake phrases, and how long the window after a turn is open. */
interface Listening {
  readonly mode: Attention;
  readonly wake: readonly string[];
  readonly windowMs: number;
}

/** An invariant of docs/explanation/architecture.md, checked over a session's ordered log. */
export interface Invariant {
  /** Called for each entry. The facts do not contain it yet, except for a generation that begins with it. */
  observe(entry: LogEntry): void;
  /** Called when all commands of the last event have been carried out: before each event, and with null at the end. */
  rest?(entry: LogEntry | null): void;
}

/** What an invariant gets: what is known so far, and where to report a violation. */
interface Watch {
  readonly facts: SessionFacts;
  readonly options: Required<MonitorOptions>;
  /** `invariant`: its number in docs/explanation/architecture.md. */
  broken(invariant: number, what: string, entry: LogEntry | null): void;
}

export type MakeInvariant = (watch: Watch) => Invariant;

/** The reply in progress, according to the log. */
export interface OpenReply {
  readonly generation: number;
  readonly position: PacedPosition;
  readonly segments: SpokenSegment[];
  text: string;
  nextFrame: number;
  frameSamples: number;
  /** The listener's position at the last event. */
  listener: ListenerSample | null;
  /** Samples of the filler in front of the segments. */
  filler: number;
}

/** What the log says about a session so far. Keeps nothing of ended replies. */
export class SessionFacts {
  readonly #outputRate: number;
  state: PublicState = 'idle';
  turn = 0;
  /** Generation of the newest reply, open or ended. */
  generation = 0;
  /** Generation of the newest speculation. */
  speculation = 0;
  reply: OpenReply | null = null;
  settings: SettingsChange | undefined;
  /** The tools of the server. */
  tools: readonly Tool[] | undefined;
  /** Of the newest words, as the session follows it. */
  language: string;

  readonly #languages: MonitorOptions['languages'];
  readonly #own: string;

  constructor({ outputRate, language, languages }: Required<MonitorOptions>) {
    this.#outputRate = outputRate;
    this.#own = language;
    this.#languages = languages;
    this.language = language;
  }

  /** Before the checks: a reply may begin with this entry. */
  open(entry: LogEntry): void {
    const generation = generationBegunBy(entry);
    if (generation <= this.generation) return;
    this.generation = generation;
    this.reply = {
      generation,
      position: new PacedPosition(this.#outputRate),
      segments: [],
      text: '',
      nextFrame: 0,
      frameSamples: 0,
      listener: null,
      filler: 0,
    };
  }

  /** After the checks. */
  close(entry: LogEntry): void {
    const { reply } = this;
    switch (entry.type) {
      case 'event':
        this.state = entry.state;
        this.#recordLanguage(entry.event);
        if (entry.event.type === 'settings') this.settings = { ...this.settings, ...entry.event.change };
        if (entry.event.type === 'tools') this.tools = entry.event.tools;
        if (reply) recordEvent(reply, entry.event);
        return;
      case 'child.start':
        if (entry.kind === 'speculation') this.speculation = entry.generation;
        return;
      case 'frame':
        if (reply?.generation !== entry.generation) return;
        reply.nextFrame = entry.seq + 1;
        reply.frameSamples = entry.samples;
        reply.position.frame(entry.atMs, entry.samples);
        return;
      case 'command':
        // A behaviour may speak at the start, before any event.
        if (entry.seq === 0 && entry.command.type === 'publish' && entry.command.message.type === 'state')
          this.state = entry.command.message.value;
        if (entry.command.type === 'publish') this.#published(entry.command.message, entry.atMs);
        else if (entry.command.type === 'send' && entry.command.message.type === 'segment')
          reply?.segments.push({ text: entry.command.message.text, samples: 0, ready: false, words: [] });
        return;
      default:
        return;
    }
  }

  #recordLanguage(event: Entry<'event'>['event']): void {
    if (event.type === 'settings') this.language = event.change.language ?? this.language;
    const said = saidIn(event);
    const input = { language: this.#own };
    this.language = followed(said, { input, settings: this.settings }, this.#languages) ?? this.language;
  }

  #published(message: SessionMessage, atMs: number): void {
    const { reply } = this;
    if (message.type === 'state') this.turn = message.turn;
    else if (message.type === 'playback') reply?.position.setPaused(atMs, message.state === 'paused');
    else if (message.type === 'reply' && reply) reply.text += message.text;
    else if (message.type === 'reply.end' && reply?.generation === message.generation) this.reply = null;
  }
}

/** The language of an event's words, if it has one. */
function saidIn(event: Entry<'event'>['event']): string | undefined {
  if (event.type === 'text' || event.type === 'transcript.partial') return event.language;
  return event.type === 'xstate.done.actor.stt' ? event.output.language : undefined;
}

function recordEvent(reply: OpenReply, event: Entry<'event'>['event']): void {
  reply.listener = event.listener ?? null;
  if (event.type === 'filler.audio' && event.samples > 0) reply.filler = event.samples;
  if (event.type !== 'segment.ready') return;
  const segment = reply.segments[event.segment];
  const { samples, words } = event;
  if (segment) reply.segments[event.segment] = { ...segment, samples, words, ready: true };
}

/** The generation that begins at the latest with this entry; 0 if it shows none. */
export function generationBegunBy(entry: LogEntry): number {
  if (entry.type === 'child.start')
    return REPLY_CHILDREN.some((kind) => kind === entry.kind) ? entry.generation : 0;
  const message = publishedIn(entry);
  // The first words of a reply may come in the step that begins it, before any other entry with its generation.
  return message?.type === 'state' || message?.type === 'playback' || message?.type === 'reply'
    ? message.generation
    : 0;
}

/** The message that an entry publishes; undefined for any other entry. */
export function publishedIn(entry: LogEntry): SessionMessage | undefined {
  return entry.type === 'command' && entry.command.type === 'publish' ? entry.command.message : undefined;
}
