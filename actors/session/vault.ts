/** The secrets of one session: in memory only, so that neither its machine nor its journal has them. */

import { errorFrom, ParleyError } from '../../machines/errors.ts';
import type { Json, JsonObject } from '../../machines/json.ts';
import type { SessionMessage } from '../../machines/wire.ts';
import type { Call, CheckCall } from '../calls/call-check.ts';
import { MARKS, MAX_SEALED, markOf, type Secrets, type SlotValue, withoutMarks } from '../dialog/mod.ts';
import type { EngineClients } from '../engine-rpc/mod.ts';
import type { ActionPort } from '../ports/action.ts';
import type { SttEngine, SttEvent } from '../ports/stt.ts';
import type { ClientCommand } from './client-command.ts';
import type { SessionClient } from './handle.ts';

/** Shortest value that is looked for in results: shorter ones are in too many other texts. */
const MIN_LOOKED_FOR = 3;

/** Puts marks in the place of secrets where they enter a session, and the secrets back where the robot gets them. */
export class Vault {
  readonly #secrets: Secrets;
  /** By the number of their mark, from 1. */
  readonly #values: SlotValue[] = [];

  constructor(secrets: Secrets) {
    this.#secrets = secrets;
  }

  /** What the user says or types, with marks. `keeps`: false if the words are not final. */
  readonly hide = (text: string, keeps = true): string => {
    const plain = withoutMarks(text);
    return this.#secrets.hide(plain, (value) => this.#seal(value, keeps)) ?? plain;
  };

  command(command: ClientCommand): ClientCommand {
    switch (command.type) {
      case 'text':
        return { ...command, text: this.hide(command.text) };
      case 'history': {
        const hidden = ({ role, content }: (typeof command.entries)[number]) => ({
          role,
          content: role === 'user' ? this.hide(content) : content,
        });
        return { ...command, entries: command.entries.map(hidden) };
      }
      case 'action.result':
        return this.#scrub(command);
      default:
        return command;
    }
  }

  engines(engines: EngineClients): EngineClients {
    return { ...engines, stt: (scope) => this.#stt(engines.stt(scope)) };
  }

  /** The client gets the values with the action that it carries out. */
  client(client: SessionClient): SessionClient {
    return {
      message: (message) => client.message(this.#revealed(message)),
      audio: (...frame) => client.audio(...frame),
      audioSent: (generation) => client.audioSent?.(generation),
    };
  }

  actions(port: ActionPort): ActionPort {
    return {
      run: async (request, signal) => {
        const args = this.#open(request.name, request.args);
        try {
          return this.#scrub(await port.run({ ...request, args }, signal));
        } catch (thrown) {
          throw this.#scrubbed(thrown);
        }
      },
    };
  }

  /** Compares the values themselves with the schemas. */
  check(check: CheckCall): CheckCall {
    return (call) => {
      const own = this.#secrets.argumentsOf(call.name);
      if (!Object.keys(call.args).some((name) => own.has(name))) return check(call);
      const checked = check({ ...call, args: this.#open(call.name, call.args) });
      const sealed = ([name, value]: readonly [string, Json]) =>
        [name, own.has(name) ? this.#sealed(call.args[name] ?? value) : value] as const;
      const told = ({ invalid, ...rest }: Call): Call => ({
        ...rest,
        args: Object.fromEntries(Object.entries(rest.args).map(sealed)),
        ...(invalid !== undefined && { invalid: this.#scrub(invalid) }),
      });
      return checked instanceof Promise ? checked.then(told) : told(checked);
    };
  }

  /** An argument that has marks, else a mark for it: a model may know the value from elsewhere. */
  #sealed(value: Json): Json {
    const text = JSON.stringify(value);
    if (text.search(MARKS) >= 0 || typeof value === 'object' || typeof value === 'boolean') return value;
    return this.#seal(value, true);
  }

  #seal(value: SlotValue, keeps: boolean): string {
    const known = this.#values.findIndex((one) => JSON.stringify(one) === JSON.stringify(value));
    if (known >= 0) return markOf(known + 1);
    if (!keeps) return markOf(Math.min(MAX_SEALED, this.#values.length + 1));
    if (this.#values.length === MAX_SEALED) this.#values.pop();
    return markOf(this.#values.push(value));
  }

  #stt(engine: SttEngine): SttEngine {
    const { hide } = this;
    return {
      name: engine.name,
      ...(engine.tellsPartials !== undefined && { tellsPartials: engine.tellsPartials }),
      close: () => engine.close(),
      async *transcribe(...request) {
        for await (const event of engine.transcribe(...request)) yield hiddenWords(event, hide);
      },
    };
  }

  #revealed(message: SessionMessage): SessionMessage {
    if (message.type !== 'action' || message.status !== 'started') return message;
    return { ...message, args: this.#open(message.name, message.args) };
  }

  /** The arguments with the values of the marks in those that are secret. Throws if this process does not know one. */
  #open(action: string, args: JsonObject): JsonObject {
    const own = this.#secrets.argumentsOf(action);
    if (own.size === 0) return args;
    const opened = Object.entries(args).map(([name, value]) => [
      name,
      own.has(name) ? this.#opened(value) : value,
    ]);
    return Object.fromEntries(opened);
  }

  #opened(value: Json): Json {
    if (Array.isArray(value)) return value.map((one) => this.#opened(one));
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, this.#opened(one)]));
    if (typeof value !== 'string') return value;
    const marks = [...value.matchAll(MARKS)];
    const [sole] = marks;
    if (sole?.[0] === value) return this.#valueOf(sole[1]);
    return value.replaceAll(MARKS, (_mark, dots: string) => {
      const known = this.#valueOf(dots);
      return typeof known === 'string' ? known : JSON.stringify(known);
    });
  }

  #valueOf(dots = ''): Json {
    const value = this.#values[dots.length - 1];
    if (value === undefined)
      throw new ParleyError('ACTION_FAILED', 'its secret is not known any more: say it again');
    return JSON.parse(JSON.stringify(value));
  }

  /** What comes back from the robot, without the values. */
  #scrub<T>(told: T): T {
    const known = this.#values.map(
      (value, i) => [typeof value === 'string' ? value : JSON.stringify(value), i] as const,
    );
    const used = known.filter(([text]) => text.length >= MIN_LOOKED_FOR);
    if (used.length === 0) return told;
    const scrub = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(scrub);
      if (typeof value === 'object' && value !== null)
        return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, scrub(one)]));
      if (typeof value === 'number') {
        const same = used.find(([text]) => text === String(value));
        return same ? markOf(same[1] + 1) : value;
      }
      if (typeof value !== 'string') return value;
      return used.reduce((text, [secret, i]) => text.replaceAll(secret, markOf(i + 1)), value);
    };
    // Marks are texts, and JSON may have texts anywhere.
    return scrub(told) as T;
  }

  #scrubbed(thrown: unknown): unknown {
    if (!(thrown instanceof ParleyError)) {
      if (!(thrown instanceof Error)) return thrown;
      return new ParleyError('ACTION_FAILED', this.#scrub(thrown.message));
    }
    const message = this.#scrub(thrown.message);
    if (message === thrown.message) return thrown;
    return errorFrom({ code: thrown.code, message });
  }
}

/** The same without words that were said for a secret. */
function hiddenWords(event: SttEvent, hide: Vault['hide']): SttEvent {
  const text = hide(event.text, event.type === 'final');
  if (event.type === 'partial') return { ...event, text };
  const { words, rejected, ...rest } = event;
  const nearest = rejected?.nearest === undefined ? undefined : hide(rejected.nearest);
  return {
    ...rest,
    text,
    // Each word has its own text there.
    ...(words && text === event.text && { words }),
    ...(rejected && { rejected: { ...rejected, ...(nearest !== undefined && { nearest }) } }),
  };
}
