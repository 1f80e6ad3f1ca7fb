import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import { type ErrorCode, isErrorCode } from '../../machines/errors.ts';
import { NoSession, withoutNulls } from './session-statements.ts';

const whole = z.int().nonnegative();

export const conversationTurnSchema = z.object({
  conversation: z.string().min(1),
  turn: whole,
  session: z.string().min(1),
  request: z.string(),
  generation: whole.optional(),
  end: z
    .object({
      error: z.object({ code: z.custom<ErrorCode>(isErrorCode), message: z.string() }).optional(),
      ttftMs: z.number().nonnegative(),
      tokens: whole,
      stopped: z.boolean(),
    })
    .optional(),
});

const keptTurn = withoutNulls(
  conversationTurnSchema.extend({
    end: z
      .string()
      .transform((text): unknown => JSON.parse(text))
      .pipe(conversationTurnSchema.shape.end)
      .optional(),
    userText: z.string().exactOptional(),
    heard: z.string().exactOptional(),
  }),
);

/** The SQL of conversations that outlive their sessions, prepared. All throw what SQLite throws. */
export function conversationStatements(db: Database) {
  // Not for a session that was deleted while live: nothing of it may be stored again.
  const save = db.prepare(
    `INSERT OR REPLACE INTO conversation_turns (conversation, turn, session, request, generation, "end")
     SELECT @conversation, @turn, @session, @request, @generation, @end
     WHERE EXISTS (SELECT 1 FROM sessions WHERE session = @session)`,
  );
  const turns = db.prepare(
    `SELECT conversation, c.turn, session, request, generation, "end", user_text AS userText, heard
     FROM conversation_turns AS c LEFT JOIN turns USING (session, generation)
     WHERE conversation = @conversation AND (@turn IS NULL OR c.turn = @turn)
     ORDER BY c.turn DESC LIMIT @limit`,
  );
  return {
    writes: {
      saveConversationTurn(record: z.infer<typeof conversationTurnSchema>): void {
        const { generation = null, end } = record;
        const { changes } = save.run({ ...record, generation, end: end ? JSON.stringify(end) : null });
        if (changes === 0) throw new NoSession(record.session);
      },
    },
    reads: {
      conversationTurns: (of: {
        readonly conversation: string;
        readonly turn?: number;
        readonly limit: number;
      }) => z.array(keptTurn).parse(turns.all({ turn: null, ...of })),
    },
  };
}
