import type { JournalRecord } from '../../../machines/journal/record.ts';
import type { Command } from '../../../machines/session/commands.ts';
import type { PublicState } from '../../../machines/wire.ts';
import { type Rejection, rejectionWords } from '../../rejection.ts';

/** What a list shows of one record, found once. */
export interface Entry {
  /** Position in the journal. */
  readonly index: number;
  /** ms since the session's start. */
  readonly t: number;
  /** Of the event; `start` for the first record. */
  readonly type: string;
  readonly source: JournalRecord['source'];
  readonly generation: number;
  readonly stale: boolean;
  /** The turn and the public state after it. */
  readonly turn: number;
  readonly state: PublicState;
  /** How many parts of the state changed, and how many commands it caused. */
  readonly changes: number;
  readonly commands: number;
  /** Code of an error in the event or its commands. */
  readonly error: string | undefined;
}

type JsonMap = Readonly<Record<string, unknown>>;

/** The event of a record, as data; empty for the start. */
export function eventOf(record: JournalRecord): JsonMap {
  const event: unknown = JSON.parse(record.event);
  return isMap(event) ? event : {};
}

/** The commands of a record. They are of the recording version; the page ignores unknown fields. */
export function commandsOf(record: JournalRecord): readonly Command[] {
  if (record.commands === '[]') return [];
  const commands: unknown = JSON.parse(record.commands);
  return Array.isArray(commands) ? commands.filter(isCommand) : [];
}

function isCommand(command: unknown): command is Command {
  return isMap(command) && typeof command.type === 'string';
}

export function typeOf(event: JsonMap): string {
  return typeof event.type === 'string' ? event.type : 'start';
}

/** An event's type as people say it: `llm done`, `llm failed`, `after endpointDelay`; others as they are. */
export function eventTitle(type: string): string {
  const [, how, child] = /^xstate\.(done|error)\.actor\.(.+)$/u.exec(type) ?? [];
  if (child) return `${child} ${how === 'done' ? 'done' : 'failed'}`;
  const [, delay] = /^xstate\.after\.([^.]+)/u.exec(type) ?? [];
  return delay ? `after ${delay}` : type;
}

/** The code of the error in an event, or of the one that a command sends to the client. */
export function errorOf(event: JsonMap, commands: readonly Command[]): string | undefined {
  if (isMap(event.error) && typeof event.error.code === 'string') return event.error.code;
  for (const command of commands)
    if (command.type === 'publish' && command.message?.type === 'error') return command.message.code;
  return undefined;
}

/** Why a recogniser rejected what it heard, if the event says so. */
export function rejectionOf({ output }: JsonMap): Rejection | undefined {
  const rejected = isMap(output) ? output.rejected : undefined;
  if (!isMap(rejected)) return undefined;
  const { nearest, confidence, reason } = rejected;
  return {
    nearest: typeof nearest === 'string' ? nearest : '',
    confidence: typeof confidence === 'number' ? confidence : 0,
    reason: String(reason),
  };
}

/** A line about an event, beside its type. Always plain text. */
export function eventWords(record: JournalRecord): string {
  const event = eventOf(record);
  if (isMap(event.error))
    return `${String(event.error.code ?? '')} ${String(event.error.message ?? '')}`.trim();
  const rejected = rejectionOf(event);
  if (rejected) return rejectionWords(rejected);
  if (isMap(event.output) && typeof event.output.text === 'string') return quoted(event.output.text);
  if (typeof event.text === 'string') return quoted(event.text);
  const { type: _, listener: _listener, ...rest } = event;
  return Object.entries(rest)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
    .join(', ');
}

/** A line about a command. */
export function commandWords(command: Command): string {
  switch (command.type) {
    case 'spawn':
      return `start ${command.child} ${JSON.stringify(command.input)}`;
    case 'stop':
      return `stop ${command.child}`;
    case 'send':
      return `send to ${command.child} ${JSON.stringify(command.message)}`;
    case 'delay':
      return `start timer ${timerName(command.id)}, ${command.delayMs} ms`;
    case 'cancelDelay':
      return `cancel timer ${timerName(command.id)}`;
    case 'publish':
      return `send to the client ${JSON.stringify(command.message)}`;
    case 'cancelWork':
      return `abort engine calls up to generation ${command.generation}`;
    case 'persist':
      return `store turn ${command.turn.turn}: ${command.turn.reason}, heard ${quoted(command.turn.heard)}`;
    default:
      return JSON.stringify(command);
  }
}

/** The name of a delay in the chart, from XState's id for it. */
export function timerName(id: string): string {
  return id.replace(/^xstate\.after\./u, '');
}

function quoted(text: string): string {
  return `“${text}”`;
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `stopLane` → `stop lane` */
export function spaced(name: string): string {
  return name.replace(/[A-Z]/gu, (letter) => ` ${letter.toLowerCase()}`).replaceAll('.', ' ');
}
