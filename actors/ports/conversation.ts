import type { ErrorRecord } from '../../machines/errors.ts';

/** How a turn of a conversation ended. */
interface ConversationTurnEnd {
  /** The error that its client got instead of the end of an answer. */
  readonly error?: ErrorRecord | undefined;
  /** From the request to the first text, or to the end if there was none, ms. */
  readonly ttftMs: number;
  /** Pieces in which the language engine gave the text. */
  readonly tokens: number;
  /** The voice stop was in force afterwards. */
  readonly stopped: boolean;
}

/** A turn of a conversation that outlives its sessions, by the number that its client gave it. */
interface ConversationTurn {
  /** Id of the conversation; secret. */
  readonly conversation: string;
  readonly turn: number;
  /** The session that took the turn. Deleting the session deletes this record. */
  readonly session: string;
  /** Digest of the client's request. */
  readonly request: string;
  /** Generation of the reply, if there was one. */
  readonly generation?: number | undefined;
  /** Absent while the turn runs. */
  readonly end?: ConversationTurnEnd | undefined;
}

/** A turn as it was kept, with the words of its `TurnRecord` once that is stored. */
export interface KeptTurn extends ConversationTurn {
  readonly userText?: string;
  readonly heard?: string;
}

/** Turns of conversations, kept across restarts. Rejects like the `Store`. */
export interface ConversationStore {
  /** Saving the same turn again replaces the record. */
  saveConversationTurn(turn: ConversationTurn): Promise<void>;
  /** The newest turns, newest first, at most `limit`; or the one numbered `turn`. */
  conversationTurns(of: {
    readonly conversation: string;
    readonly turn?: number;
    readonly limit: number;
  }): Promise<readonly KeptTurn[]>;
}
