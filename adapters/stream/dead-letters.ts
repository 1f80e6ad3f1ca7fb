import type { JetStreamManager } from '@nats-io/jetstream';
import type { MsgHdrs } from '@nats-io/transport-node';
import { z } from 'zod';
import { streamOf } from '../../actors/broker-names.ts';
import type { DeadLetter, DeadLetters, StreamEvent } from '../../actors/ports/event-stream.ts';
import { parseJson } from '../../machines/json.ts';

/** Header of a dead letter: what is known besides its event, as JSON. */
export const LETTER = 'Parley-Letter';

const letterSchema = z.object({ error: z.string(), tries: z.int(), at: z.string() });

/** The stream of dead letters. `send` gives an event to its consumer again. */
export function deadLetters(
  ready: () => Promise<JetStreamManager>,
  eventOf: (headers: MsgHdrs | undefined, data: Uint8Array) => StreamEvent | undefined,
  send: (event: StreamEvent) => Promise<void>,
): DeadLetters {
  const stream = streamOf('dead');

  async function* all(): AsyncGenerator<{ readonly seq: number; readonly letter: DeadLetter }> {
    const { streams } = await ready();
    const { state } = await streams.info(stream);
    for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq++) {
      const message = await streams.getMessage(stream, { seq });
      if (!message) continue; // was removed
      const event = eventOf(message.header, message.data);
      const known = letterSchema.safeParse(parseJson(message.header.get(LETTER)));
      if (event && known.success) yield { seq, letter: { event, ...known.data } };
    }
  }

  /** Removes a letter, after `first`. */
  async function take(id: string, first: (event: StreamEvent) => Promise<void>): Promise<boolean> {
    const { streams } = await ready();
    for await (const { seq, letter } of all()) {
      if (letter.event.id !== id) continue;
      await first(letter.event);
      await streams.deleteMessage(stream, seq, true);
      return true;
    }
    return false;
  }

  return {
    async list(limit) {
      const letters: DeadLetter[] = [];
      for await (const { letter } of all()) if (letters.push(letter) >= limit) break;
      return letters;
    },
    retry: (id) => take(id, send),
    drop: (id) => take(id, async () => {}),
  };
}
