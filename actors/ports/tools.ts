import type { Tool } from '../../machines/wire.ts';

/** Tools that the server offers to the language engine; the session's `ActionPort` runs their calls. */
export interface ToolSource {
  /** Those that can be called now. */
  readonly tools: readonly Tool[];
  /** Calls back at each change. Returns how to stop that. */
  watch(onChange: () => void): () => void;
}
