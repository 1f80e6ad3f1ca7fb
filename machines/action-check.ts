import type { SessionParameters } from './parameters.ts';
import { actionRefusal } from './policies/actions.ts';

const ANY_ACTION: SessionParameters['actions'] = { allow: ['*'], maxPerReply: Number.MAX_SAFE_INTEGER };
/** Maximum number of ended actions remembered: more than a session starts in minutes. */
const KEPT_IDS = 1_000;

/** Tracks the actions of a session in its log and reports violations: part of invariant 9. */
export class ActionCheck {
  readonly #policy: SessionParameters['actions'];
  readonly #running = new Set<string>();
  /** The newest started actions, running or not. */
  readonly #known = new Set<string>();
  #startedInReply = 0;

  constructor(policy: SessionParameters['actions'] = ANY_ACTION) {
    this.#policy = policy;
  }

  /** Starts a reply. */
  begin(): void {
    this.#startedInReply = 0;
  }

  start(id: string, name: string): readonly string[] {
    const faults: string[] = [];
    const why = actionRefusal(name, this.#startedInReply, this.#policy);
    if (why) faults.push(`action ${name} was started against policy (${why})`);
    if (this.#known.has(id)) faults.push(`action ${id} was started twice`);
    this.#startedInReply += 1;
    this.#running.add(id);
    this.#known.add(id);
    const [oldest] = this.#known;
    if (oldest !== undefined && this.#known.size > KEPT_IDS) this.#known.delete(oldest);
    return faults;
  }

  /** Returns false if the action was not running. */
  end(id: string): boolean {
    return this.#running.delete(id);
  }

  /** Removes and returns the running actions. */
  takeRunning(): readonly string[] {
    if (this.#running.size === 0) return NONE;
    const running = [...this.#running];
    this.#running.clear();
    return running;
  }
}

const NONE: readonly string[] = [];
