import { z } from 'zod';
import type { BusMessage, Subscription } from '../../../actors/ports/bus.ts';
import { subjects } from '../../../actors/subjects.ts';
import { errorRecord, isErrorCode, ParleyError } from '../../../machines/errors.ts';
import type { Archive } from './archive.ts';
import { decode, encode, type InspectBus, type Question, question, tell } from './bus-wire.ts';
import { audioPage, journalPage, refusal, turnsPage } from './wire.ts';

/** Time limit for a page of another server, ms. */
const ANSWER_MS = 5_000;

const pagedTurns = z.object({ turns: turnsPage.shape.turns, next: z.int().nonnegative().nullable() });

/** Serves the sessions of this server to other servers. */
export function answerQuestions(inspectBus: InspectBus, archive: Archive): Subscription {
  const { bus, server } = inspectBus;
  const answer = async ({ payload, reply }: BusMessage): Promise<void> => {
    const asked = question.safeParse(decode(payload));
    if (reply === undefined || !asked.success) {
      bus.reportMalformed?.(subjects.inspectAsk(server), 'no question about a session');
      return;
    }
    tell(inspectBus, reply, await pageOf(archive, asked.data));
  };
  return bus.subscribe(subjects.inspectAsk(server), (message) => void answer(message));
}

/** Never rejects: errors are sent as replies. */
async function pageOf(archive: Archive, { what, session, from, limit }: Question): Promise<object> {
  try {
    return await archive[what](session, from, limit);
  } catch (thrown) {
    return { error: errorRecord(thrown, 'INTERNAL') };
  }
}

/**
 * The archive of the server with that name. Rejects with that server's error, or with the bus's if it does not answer.
 */
export function remoteArchive({ bus }: InspectBus, server: string): Archive {
  async function ask(asked: Question): Promise<unknown> {
    const { payload } = await bus.request(subjects.inspectAsk(server), encode(asked), {
      timeoutMs: ANSWER_MS,
    });
    const answer = decode(payload);
    const refused = refusal.safeParse(answer);
    if (!refused.success) return answer;
    const { code, message } = refused.data.error;
    throw new ParleyError(isErrorCode(code) ? code : 'INTERNAL', `${server}: ${message}`);
  }

  return {
    journal: async (session, from, limit) =>
      journalPage.parse(await ask({ what: 'journal', session, from, limit })),
    turns: async (session, from, limit) =>
      pagedTurns.parse(await ask({ what: 'turns', session, from, limit })),
    audio: async (session, from, limit) =>
      audioPage.parse(await ask({ what: 'audio', session, from, limit })),
  };
}
