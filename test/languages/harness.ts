import { realClock } from '../../adapters/real-clock.ts';
import { espeakTts } from '../../adapters/tts/espeak/espeak.ts';
import type { LogEntry } from '../../machines/log.ts';
import { type Arrival, VoiceClient, type VoiceClientOptions } from '../../server/client/voice-client.ts';
import { loadConfig } from '../../server/config/load.ts';
import { speaker } from '../../server/demo/user-voice.ts';
import { makeLogger } from '../../server/log.ts';
import { serve } from '../../server/serve.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { shareIn } from '../support/shared-phrases.ts';
import { UNHURRIED } from '../support/unhurried.ts';

const REPLY_MS = 20_000;

/** A conversation with a server of its own, and what its session did. */
export async function conversation(
  flags: Readonly<Record<string, string>>,
  as: Partial<VoiceClientOptions> = {},
  env: Readonly<Record<string, string>> = {},
) {
  const dataDir = await temporaryFolder();
  const log: LogEntry[] = [];
  const config = loadConfig({
    constants: true,
    cwd: dataDir,
    env: { ...UNHURRIED, ...env },
    flags: { dataDir, port: '0', ...flags },
  });
  afterTest(shareIn(dataDir));
  const server = await serve({
    ...{ config, log: makeLogger('silent') },
    onLog: (_session, entry) => log.push(entry),
  });
  afterTest(() => server.close());
  const client = await VoiceClient.connect({ url: server.url, clock: realClock, ...as });
  afterTest(() => client.close());
  const replied = async (send: () => void | Promise<void>) => {
    const since = client.arrivals.length;
    await send();
    const isEnd = ({ message }: Arrival) => message.type === 'reply.end';
    await client.waitFor(() => client.arrivals.slice(since).some(isEnd), { timeoutMs: REPLY_MS });
    return client.arrivals.slice(since).map(({ message }) => message);
  };
  return {
    client,
    replied,
    /** Types a turn; resolves with what is heard of the reply. */
    async type(text: string): Promise<string> {
      const messages = await replied(() => client.send({ type: 'text', text }));
      return messages.flatMap((message) => (message.type === 'reply.end' ? message.heard : [])).join('');
    },
    /** Says a turn in an embedded voice; resolves with the messages up to the end of its reply. */
    async say(text: string, voice: string) {
      const tts = espeakTts({ voice, ratePerMinute: 150 });
      const pcm = await (await speaker(tts))(text);
      await tts.close();
      return replied(async () => {
        await client.say(pcm);
      });
    },
    /** The languages in which the children of a kind were asked. */
    askedIn: (kind: 'stt' | 'llm' | 'tts') =>
      log.flatMap((entry) => {
        if (entry.type !== 'command' || entry.command.type !== 'spawn') return [];
        const { command } = entry;
        return command.child === kind && 'language' in command.input ? command.input.language : [];
      }),
    /** The languages of the words of each turn, as the journal has them. */
    saidIn: () =>
      log.flatMap((entry) => {
        if (entry.type !== 'event') return [];
        const { event } = entry;
        if (event.type === 'text') return event.language ?? '-';
        return event.type === 'xstate.done.actor.stt' ? (event.output.language ?? '-') : [];
      }),
  };
}
