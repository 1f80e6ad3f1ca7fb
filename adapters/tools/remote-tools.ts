import { z } from 'zod';
import type { ActionRequest } from '../../actors/ports/action.ts';
import type { Json } from '../../machines/json.ts';
import type { Tool } from '../../machines/wire.ts';

/** Where tools come from that this process calls itself. */
export interface RemoteTools {
  /** Those that can be called now. */
  readonly tools: readonly Tool[];
  /** Set by the owner of the tools: called when `tools` has changed. */
  onChange: () => void;
  /** Rejects with TOOL_… errors, and with CANCELLED when `signal` aborts. */
  call(request: ActionRequest, signal: AbortSignal): Promise<Json>;
  close(): Promise<void>;
}

/** Longest result that a language model gets, in UTF-16 units: some 4,000 tokens. */
export const MAX_RESULT = 16_000;

/** What a server sends as an object of JSON. */
export const jsonObject = z.record(z.string(), z.json());

export function shortened(text: string): string {
  return text.length > MAX_RESULT ? `${text.slice(0, MAX_RESULT)}…` : text;
}
