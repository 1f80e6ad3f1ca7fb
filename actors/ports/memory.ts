/** Port to knowledge from outside this conversation. */
export interface MemoryPort {
  /**
   * Facts that help to answer `text`, one per line, most useful first; for an empty text, those that are worth knowing
   * whatever the user says. Aborting `signal` ends it with CANCELLED. It may be asked before the user has finished.
   */
  recall(
    request: { readonly session: string; readonly user?: string; readonly text: string },
    signal: AbortSignal,
  ): Promise<readonly string[]>;
}

/** A turn of a user, to be remembered. */
export interface RememberedTurn {
  /** Remembering the same id again changes nothing. */
  readonly id: string;
  readonly user: string;
  readonly session: string;
  readonly text: string;
  readonly reply: string;
  /** When it was said, ISO 8601. */
  readonly at: string;
  /** What the turn says about the user, by name, such as `drink: tea`. A newer value replaces an older one. */
  readonly profile: Readonly<Record<string, string>>;
  /** Whether the words themselves are worth remembering, besides `profile`. */
  readonly keepWords: boolean;
}

/** One remembered thing, as a person may read it. */
export interface MemoryItem {
  readonly id: string;
  /** Of a fact about the user; absent for something they said. */
  readonly key?: string;
  readonly text: string;
  readonly at: string;
  readonly session: string;
}

/** A memory that belongs to users. Errors: MEMORY_FAILED with `cause`. */
export interface Memory extends MemoryPort {
  /** Resolves when it is durable. */
  remember(turn: RememberedTurn): Promise<void>;
  /** All that is remembered of a user, oldest first. */
  list(user: string): Promise<readonly MemoryItem[]>;
  /** Deletes all of it; resolves with the number of things, if it is known, when no file holds them any more. */
  forget(user: string): Promise<number | undefined>;
  close(): Promise<void>;
}
