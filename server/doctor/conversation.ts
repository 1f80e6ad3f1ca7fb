import { rm } from 'node:fs/promises';
import { type Dialog, suggestedPhrases } from '../../actors/dialog/mod.ts';
import { realClock } from '../../adapters/real-clock.ts';
import { espeakTts } from '../../adapters/tts/espeak/espeak.ts';
import { VoiceClient } from '../client/voice-client.ts';
import type { Config } from '../config/schema.ts';
import { userVoiceIn } from '../demo/conversation.ts';
import { speaker } from '../demo/user-voice.ts';
import { readDialog } from '../dialog-file.ts';
import { makeLogger } from '../log.ts';
import { serve } from '../serve.ts';
import { type Check, type Finding, ok, problem, warning } from './check.ts';
import { addressOf, runsAlready } from './places.ts';

/** Any engine answers sooner, or has given up. */
const PATIENCE_MS = 30_000;
/** How a person at the microphone speaks, in words a minute. */
const RATE_PER_MINUTE = 150;
/** From here on a pause feels like one. */
const SLOW_MS = 1_500;

/**
 * Says a sentence of the dialog that moves nothing, and waits for the spoken reply: with the server that runs already, or
 * with one of its own on the configured port. `scratch` is a folder for the records of its own, which are deleted.
 */
export function conversation(scratch: string): Check {
  return {
    name: 'conversation',
    async run(config) {
      const sentence = harmlessSentence(await readDialog(config));
      if (sentence === undefined)
        return warning('no phrase without an action to say', 'talk to it: parley talk');
      if (config.tls.cert === undefined && (await runsAlready(config)))
        return talk(addressOf(config), sentence, config);
      const { config: quiet, note } = withoutOthers(config, scratch);
      const server = await serve({ config: quiet, log: makeLogger('silent') });
      try {
        const found = await talk(server.url, sentence, config);
        return { ...found, what: `${found.what}${note}` };
      } finally {
        await server.close();
        await rm(scratch, { recursive: true, force: true });
      }
    },
  };
}

/** The longest of the short sentences: more words are recognised more surely. */
export function harmlessSentence(dialog: Dialog): string | undefined {
  const entries = dialog.entries.filter(({ actions }) => actions.length === 0);
  return suggestedPhrases({ ...dialog, entries }, entries.length)
    .filter((phrase) => phrase.length <= 30)
    .reduce<string | undefined>(
      (best, one) => (best === undefined || one.length > best.length ? one : best),
      undefined,
    );
}

/** The same server, but no other program hears of it: no robot, no satellites, no records; and no TLS, which is checked apart. */
function withoutOthers(config: Config, dataDir: string): { config: Config; note: string } {
  const { url: _url, ...ros } = config.ros;
  const { port: _port, ...wyoming } = config.wyoming;
  const secure = config.tls.cert !== undefined;
  return {
    config: {
      ...config,
      dataDir,
      ros,
      wyoming: { ...wyoming, satellites: [] },
      ...(secure && { tls: {}, host: '127.0.0.1', port: 0 }),
    },
    note: secure ? ', without TLS' : '',
  };
}

async function talk(url: string, sentence: string, { token, language }: Config): Promise<Finding> {
  const voice = userVoiceIn(language);
  const tts = espeakTts({ ratePerMinute: RATE_PER_MINUTE, ...(voice && { voice }) });
  try {
    const pcm = await (await speaker(tts, language))(sentence);
    const client = await VoiceClient.connect({ url, clock: realClock, language, ...(token && { token }) });
    try {
      await client.wait(500);
      const since = client.arrivals.length;
      await client.say(pcm);
      const saidMs = client.nowMs();
      await client.waitFor(({ type }) => type === 'reply.end', { since, timeoutMs: PATIENCE_MS });
      return judged(client, since, saidMs, sentence);
    } finally {
      await client.close();
    }
  } finally {
    await tts.close();
  }
}

function judged(client: VoiceClient, since: number, saidMs: number, sentence: string): Finding {
  const messages = client.arrivals.slice(since).map(({ message }) => message);
  const failure = messages.find((message) => message.type === 'error');
  if (failure?.type === 'error')
    return problem(`${failure.code}: ${failure.message}`, 'see the server’s log');
  const heard = messages.find((message) => message.type === 'transcript' && message.final);
  if (heard?.type !== 'transcript')
    return problem(
      `"${sentence}" was not heard`,
      'check vad.* and engines.stt; parley transcribe shows what is understood',
    );
  const frame = client.frames.find(({ atMs }) => atMs >= saidMs);
  if (!frame) return problem(`"${heard.text}" got no spoken reply`, 'check engines.llm and engines.tts');
  const afterMs = Math.round(frame.atMs - saidMs);
  const what = `"${sentence}" was heard as "${heard.text}"; the reply began ${afterMs} ms after the last word`;
  if (heard.text !== sentence)
    return warning(
      what,
      'parley transcribe shows how sure the recogniser is; see docs/explanation/hearing.md',
    );
  return afterMs <= SLOW_MS ? ok(what) : warning(what, 'see docs/how-to/engines.md for faster engines');
}
