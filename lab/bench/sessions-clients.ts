/** The clients of lab/bench/sessions.ts in their own process. Prints one line of JSON at the end. */

import { realClock } from '../../adapters/real-clock.ts';
import { espeakTts } from '../../adapters/tts/espeak/espeak.ts';
import type { Pcm, PipelineRate } from '../../machines/audio.ts';
import { FRAME_MS } from '../../machines/audio.ts';
import { WIRE_LIMITS } from '../../machines/wire.ts';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { speaker } from '../../server/demo/user-voice.ts';

const [url = '', sessions = '1', seconds = '30'] = process.argv.slice(2);

/** Results of the clients. Lateness: ms behind the pacing of the reply, which begins with its first frame. */
export interface ClientsReport {
  readonly frames: number;
  readonly latenessMs: readonly number[];
  /** ms from the end of the user's speech file to the first frame, and its stages as reported by the server. */
  readonly turns: number;
  readonly completed: number;
  readonly errors: readonly string[];
}

const tts = espeakTts({ voice: 'en-us+m3' });
const voice = await speaker(tts);
const phrases = await Promise.all(
  ['tell me what you see today', 'and what shall we do next', 'how far is it to the door'].map(voice),
);
await tts.close();

const endMs = performance.now() + Number(seconds) * 1_000;
const clients = await Promise.all(Array.from({ length: Number(sessions) }, (_, index) => converse(index)));
process.stdout.write(`${JSON.stringify(report(clients))}\n`);

async function converse(index: number): Promise<VoiceClient> {
  const client = await VoiceClient.connect({ url, clock: realClock });
  // Spread over one frame and over a turn, like real users.
  await client.wait(((index * 137) % 4_000) + 1);
  for (let turn = 0; performance.now() < endMs; turn++) {
    const since = client.arrivals.length;
    await client.say(phrases[(index + turn) % phrases.length] as Pcm<PipelineRate>);
    await client.waitFor((message) => message.type === 'reply.end', { since, timeoutMs: 20_000 });
    await client.wait(500);
  }
  await client.close();
  return client;
}

function report(all: readonly VoiceClient[]): ClientsReport {
  const arrivals = all.flatMap((client) => client.arrivals.map(({ message }) => message));
  const ends = arrivals.filter((message) => message.type === 'reply.end');
  return {
    frames: all.reduce((sum, client) => sum + client.frames.length, 0),
    latenessMs: all.flatMap(lateness),
    turns: ends.length,
    completed: ends.filter((message) => message.reason === 'completed').length,
    errors: arrivals.flatMap((message) => (message.type === 'error' ? [message.code] : [])),
  };
}

/** A frame is due when the lead over real time, from the arrival of the first frame, falls below the allowed one. */
function lateness(client: VoiceClient): number[] {
  const starts = new Map<number, number>();
  return client.frames.map(({ atMs, generation, seq }) => {
    if (seq === 0) starts.set(generation, atMs);
    const startMs = starts.get(generation) ?? atMs;
    return atMs - (startMs + Math.max(0, (seq + 1) * FRAME_MS - WIRE_LIMITS.sendAheadMs));
  });
}
