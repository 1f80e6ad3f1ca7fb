/** Services and reports of the client as commands to its session. A text says what is wrong with them. */
import { type ClientCommand, clientCommand } from '../../../actors/session/client-command.ts';
import type { ErrorRecord } from '../../../machines/errors.ts';
import type { ActionReport } from '../../../machines/wire.ts';
import type { SessionHandle } from '../../door/door.ts';
import { problemsOf } from './client-ops.ts';
import { argumentNames, type ServiceName } from './interfaces.ts';

/** How a service is answered. */
export interface Answer {
  readonly success: boolean;
  readonly message: string;
}

/** Gives commands to a session, which answers one with an error at once if it refuses. */
export class Answers {
  #refusal: { error?: ErrorRecord } | undefined;

  /** Returns true if the error is the answer to the command that is being given. */
  takes(error: ErrorRecord): boolean {
    if (!this.#refusal || this.#refusal.error) return false;
    this.#refusal.error = error;
    return true;
  }

  give(handle: SessionHandle | undefined, given: ClientCommand): Answer {
    const command = checked(given);
    if (typeof command === 'string') return { success: false, message: command };
    const refusal: { error?: ErrorRecord } = {};
    const outer = this.#refusal;
    this.#refusal = refusal;
    handle?.command(command);
    this.#refusal = outer;
    const { error } = refusal;
    return error ? { success: false, message: textOf(error) } : { success: true, message: '' };
  }

  /** Reports on an action. What the session does not take of the report is left out, so that the action ends. */
  report(handle: SessionHandle | undefined, id: string, report: ActionReport): Answer {
    const whole = { type: 'action.result', id, ...report } as const;
    const problem = checked(whole);
    if (typeof problem !== 'string') return this.give(handle, whole);
    const { status } = report;
    return this.give(handle, { type: 'action.result', id, status, message: `unusable result: ${problem}` });
  }
}

export function textOf({ code, message }: ErrorRecord): string {
  return `${code}: ${message}`;
}

type Arguments = Readonly<Record<string, unknown>>;

export function commandOf(service: ServiceName, given: unknown): ClientCommand | string {
  const args = argumentsOf(service, given);
  switch (service) {
    case '/parley/text':
      return checked({ type: 'text', text: args.text });
    case '/parley/say':
      return checked({ type: 'respond', say: args.text ?? '' });
    case '/parley/interrupt':
      return { type: 'interrupt' };
    case '/parley/halt':
      return { type: 'halt' };
    case '/parley/rearm':
      return { type: 'rearm' };
    case '/parley/action/result':
      return reportFrom(args);
  }
}

/** A report on the topic: JSON inside a `std_msgs/String`. */
export function reportOf(
  msg: unknown,
  topic: '/parley/action/result' | '/parley/played',
): ClientCommand | string {
  const data = typeof msg === 'object' && msg !== null && 'data' in msg ? msg.data : undefined;
  const report = typeof data === 'string' ? jsonOf(data) : undefined;
  if (typeof report !== 'object' || report === null)
    return `data: must be JSON of ${topic === '/parley/played' ? '{generation, samples}' : '{id, status, …}'}`;
  if (topic === '/parley/played') return checked({ ...report, type: 'played' });
  return reportFrom({ ...report });
}

/** Arguments by name. The protocol also allows a list, in the order of the definition. */
function argumentsOf(service: ServiceName, given: unknown): Arguments {
  if (typeof given !== 'object' || given === null) return {};
  if (!Array.isArray(given)) return { ...given };
  return Object.fromEntries(argumentNames(service).map((name, at) => [name, given[at]]));
}

/** ROS has no optional fields: an empty message or data is an absent one, and data may be JSON in a text. */
function reportFrom({ id, status, message, data }: Arguments): ClientCommand | string {
  const value = typeof data === 'string' && data !== '' ? jsonOf(data) : data;
  return checked({
    ...{ type: 'action.result', id, status },
    ...(message !== undefined && message !== '' && { message }),
    ...(value !== undefined && value !== '' && { data: value }),
  });
}

function checked(command: object): ClientCommand | string {
  const { data, error } = clientCommand.safeParse(command);
  return data ?? problemsOf(error);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // the schema refuses it
  }
}
