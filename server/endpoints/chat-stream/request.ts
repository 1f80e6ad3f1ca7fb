import { createHash } from 'node:crypto';
import { z } from 'zod';
import { languageField, textField } from '../../../actors/session/client-command.ts';
import { ParleyError } from '../../../machines/errors.ts';
import { canonicalJson } from '../../../machines/json.ts';

/** What a `COMMAND` may ask for. */
export const ORDERS = ['halt', 'rearm', 'interrupt'] as const;
export type Order = (typeof ORDERS)[number];

// Values are strict and never coerced; unknown fields are dropped.
export const chatRequest = z
  .object({
    sessionId: z.string().min(1).max(128),
    turn: z.int().min(0),
    type: z.enum(['TEXT', 'ASR_FINAL', 'COMMAND']),
    content: textField,
    meta: z
      .object({
        lang: languageField.nullish(),
        /** It becomes part of a prompt, so it is a word or two. */
        emotionHint: z
          .string()
          .regex(/^[\p{L}\p{N} _-]{1,40}$/u, 'must be 1 to 40 letters, digits, spaces or hyphens')
          .nullish(),
      })
      .default({}),
  })
  .refine(({ type, content }) => type !== 'COMMAND' || isOrder(content), {
    path: ['content'],
    error: `must be one of ${ORDERS.join(', ')} in a COMMAND`,
  });
export type ChatRequest = z.output<typeof chatRequest>;

/** Throws BAD_MESSAGE for what is not JSON, and BAD_FIELD with the field that is wrong. */
export function parseChatRequest(json: unknown): ChatRequest {
  if (json === undefined) throw new ParleyError('BAD_MESSAGE', 'invalid JSON');
  const parsed = chatRequest.safeParse(json);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`);
  throw new ParleyError('BAD_FIELD', problems.join('; '));
}

/** The order of a COMMAND; undefined for a turn. */
export function orderOf({ type, content }: ChatRequest): Order | undefined {
  return type === 'COMMAND' && isOrder(content) ? content : undefined;
}

/** Equal for requests that ask for the same. */
export function digestOf({ type, content, meta }: ChatRequest): string {
  return sha256(canonicalJson({ type, content, meta }));
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function isOrder(text: string): text is Order {
  return ORDERS.some((order) => order === text);
}
