import { realClock } from '../../adapters/real-clock.ts';
import { VoiceClient } from '../client/voice-client.ts';
import type { Config } from '../config/schema.ts';
import type { Logger } from '../log.ts';
import { serve } from '../serve.ts';
import type { speaker } from './user-voice.ts';

/** What the user says in two sessions, and how the robot must answer with the dialog `memory`. */
const VISITS = [
  [
    ['hello robot', 'Hello. We have not met yet. What is your name?'],
    ['my name is anna', 'Nice to meet you, anna.'],
    ['i like to drink green tea', 'I will remember that you like green tea.'],
  ],
  [
    ['hello robot', 'Hello anna. Nice to hear you again.'],
    ['bring me a drink', 'Here comes your green tea, anna.'],
  ],
] as const;

/** Maximum wait for any message; every reply ends earlier. */
const PATIENCE_MS = 30_000;

export interface RememberingDemo {
  readonly config: Config;
  readonly log: Logger;
  readonly voice: Awaited<ReturnType<typeof speaker>>;
  readonly print: (line: string) => void;
}

/** Two sessions of one user, each with a server of its own on one data directory. Returns what went wrong. */
export async function playMemoryDemo({
  config,
  log,
  voice,
  print,
}: RememberingDemo): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const [index, lines] of VISITS.entries()) {
    const server = await serve({ config, log });
    const client = await VoiceClient.connect({ url: server.url, clock: realClock, user: 'anna' });
    print(`Session ${index + 1}, with ${server.url}`);
    try {
      await client.wait(500);
      for (const [said, expected] of lines) {
        const since = client.arrivals.length;
        await client.say(await voice(said));
        const end = await client.waitFor(({ type }) => type === 'reply.end', {
          since,
          timeoutMs: PATIENCE_MS,
        });
        const heard = end?.message.type === 'reply.end' ? end.message.heard : '';
        print(`  user:  ${said}\n  robot: ${heard}`);
        if (heard !== expected) problems.push(`"${said}" was answered with "${heard}"`);
        await client.wait(700);
      }
    } finally {
      await client.close();
      await server.close();
    }
  }
  return problems;
}
