import { type ClientCommand, clientCommand } from '../../../actors/session/client-command.ts';
import type { ErrorRecord } from '../../../machines/errors.ts';
import type { PublicState, SessionMessage } from '../../../machines/wire.ts';
import type { SessionHandle } from '../../door/door.ts';
import { type Refusal, refusal } from './client-events.ts';
import { changedSettings, type Settings } from './session-config.ts';

/** The session behind the conversation: its state, the settings in force, and commands with their refusals. */
export class Link {
  readonly handle: SessionHandle;
  #settings: Settings;
  #state: PublicState = 'idle';
  #generation = 0;
  /** While a command is given: the error with which the session answers it. */
  #answer: { error?: ErrorRecord } | undefined;

  constructor(handle: SessionHandle, settings: Settings) {
    this.handle = handle;
    this.#settings = settings;
  }

  get isListening(): boolean {
    return this.#state === 'listening';
  }

  get isStopped(): boolean {
    return this.#state === 'stopped';
  }

  /** True while a reply is being made or heard. */
  get isReplying(): boolean {
    return this.#state === 'processing' || this.#state === 'speaking';
  }

  /** True while the session replies with this generation. */
  replies(generation: number): boolean {
    return this.isReplying && this.#generation === generation;
  }

  note({ value, generation }: Extract<SessionMessage, { type: 'state' }>): void {
    this.#state = value;
    this.#generation = Math.max(this.#generation, generation);
  }

  /** Returns true if the error is the answer to a command in progress, whose caller reports it. */
  takes(error: ErrorRecord): boolean {
    if (!this.#answer) return false;
    this.#answer.error ??= error;
    return true;
  }

  /** Gives a command to the session. Returns the error with which it refuses. */
  command(command: ClientCommand): Refusal | undefined {
    const answer: { error?: ErrorRecord } = {};
    this.#answer = answer;
    this.handle.command(command);
    this.#answer = undefined;
    return answer.error && refusal(answer.error.code, answer.error.message);
  }

  /** Brings the settings in force to these. `param`: what the client calls them. */
  settle(wanted: Settings, param: string): Refusal | undefined {
    const change = changedSettings(this.#settings, wanted);
    if (!change) return undefined;
    const checked = clientCommand.safeParse(change);
    const [issue] = checked.error?.issues ?? [];
    if (issue) return refusal('invalid_value', `${issue.path.join('.')}: ${issue.message}`, param);
    const refused = this.command(change);
    if (!refused) this.#settings = wanted;
    return refused;
  }
}
