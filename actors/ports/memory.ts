/** Port to knowledge from outside this conversation. */
export interface MemoryPort {
  /** Facts that help to answer `text`, one per line, most useful first. Aborting `signal` ends it with CANCELLED. */
  recall(
    request: { readonly session: string; readonly text: string },
    signal: AbortSignal,
  ): Promise<readonly string[]>;
}
