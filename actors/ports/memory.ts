/** Port to knowledge from outside this conversation. */
export interface MemoryPort {
  /** It knows users only: sessions without one do not ask it. */
  readonly usersOnly?: true;
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

/** Something a user said, or a fact about the user, as the local memory keeps it. */
export interface MemoryRow {
  readonly id: string;
  readonly user: string;
  /** Of a fact; null: something they said. */
  readonly key: string | null;
  readonly text: string;
  /** ISO 8601. */
  readonly at: string;
  readonly session: string;
  /** Of `text`, 32-bit floats, little endian. */
  readonly vector: Uint8Array | null;
}

/** Where the local memory keeps what it remembers. Vectors are 32-bit floats, little endian. Errors: STORE_FAILED. */
export interface MemoryRows {
  /** Rows with the same id are the same thing; a fact (with a key) is replaced by a newer one. */
  remember(rows: readonly MemoryRow[]): Promise<void>;
  /** Facts about the user, what they said last, and what they said that is like `text`: by its words, and by its vector. */
  recall(of: { readonly user: string; readonly text: string; readonly vector: Uint8Array | null }): Promise<{
    readonly facts: readonly MemoryItem[];
    readonly newest: readonly MemoryItem[];
    readonly byWords: readonly MemoryItem[];
    readonly byMeaning: readonly (MemoryItem & { readonly distance: number })[];
  }>;
  list(user: string): Promise<readonly MemoryItem[]>;
  /** Resolves when no file holds them any more. */
  forget(user: string): Promise<void>;
}
