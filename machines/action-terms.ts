/** Ways to end of an action that still runs when its reply is interrupted or the next turn begins. */
export const INTERRUPTED_ACTIONS = ['cancel', 'finish', 'replace', 'detach'] as const;

/** Whether an action may run when it is requested: at once, never, or after the user has said yes. */
export const ACTION_POLICIES = ['allowed', 'refused', 'ask'] as const;

/** How long an action may run. */
export interface ActionTerms {
  /**
   * `cancel`, the default: it ends with its reply. `finish`: it outlives its reply; a language model waits for its result
   * unless it is interrupted. `detach`: it outlives its reply, and nothing waits for it. `replace`: that too, until a newer
   * action of its group starts.
   */
  readonly whenInterrupted?: (typeof INTERRUPTED_ACTIONS)[number];
  /** Default: its own name. */
  readonly group?: string;
  /** Default: `deadlines.actionMs`. */
  readonly deadlineMs?: number;
  /** Default: `allowed`. */
  readonly policy?: (typeof ACTION_POLICIES)[number];
  /** With `ask`: the question, or one by language, with arguments as `{name}`. Default: `phrases.shallI`. */
  readonly question?: string | Readonly<Record<string, string>>;
}
