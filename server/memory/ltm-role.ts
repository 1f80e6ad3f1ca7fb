import { z } from 'zod';
import { type Dialog, learntFrom } from '../../actors/dialog/mod.ts';
import type { Memory } from '../../actors/ports/memory.ts';
import type { WorkingRole } from '../outbox/roles.ts';

/** The payload of `LtmWriteRequested`. */
const said = z.object({
  text: z.string(),
  reply: z.string(),
  vectorize: z.boolean().default(true),
  language: z.string().default('en'),
  user: z.string().optional(),
});

/**
 * Writes turns of known users to the memory: what the dialog says is to be remembered of them, and words that the dialog
 * does not know. An order to the robot is not worth remembering.
 */
export function ltmRole(memory: Memory, dialog: Dialog): WorkingRole {
  return {
    async handle({ id, body: { sessionId: session, ts: at, payload } }) {
      const { text, reply, vectorize, language, user } = said.parse(payload);
      if (user === undefined || text === '') return;
      const { profile, known } = learntFrom(dialog, text, language);
      const keepWords = vectorize && !known;
      if (!keepWords && Object.keys(profile).length === 0) return;
      await memory.remember({ id, user, session, text, reply, at, profile, keepWords });
    },
  };
}
