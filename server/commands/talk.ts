import { Command, InvalidArgumentError } from 'commander';
import { realClock } from '../../adapters/real-clock.ts';
import { writeWav } from '../../adapters/wav.ts';
import type { Pcm, PipelineRate } from '../../machines/audio.ts';
import { ParleyError } from '../../machines/errors.ts';
import { describeMessage } from '../client/describe.ts';
import { VoiceClient } from '../client/voice-client.ts';
import { print } from '../terminal.ts';
import { readRecording } from '../transcribe/recording.ts';
import { type SetExitCode, withExamples } from './config-flags.ts';
import { writeOutput } from './output.ts';

interface TalkOptions {
  readonly url: string;
  readonly token?: string;
  readonly language?: string;
  readonly voice?: string;
  readonly json?: true;
  readonly out?: string;
  readonly gap: number;
  readonly visemes?: true;
}

/** Maximum wait for the end of a reply; then the next file is played anyway. */
const LONGEST_REPLY_MS = 180_000;

/** `parley talk`: plays files to a server in real time, like a client, and prints the messages it receives. */
export function talkCommand(_setExitCode: SetExitCode): Command {
  const { PARLEY_PORT = '7400', PARLEY_TOKEN } = process.env;
  const command = new Command('talk').description(
    'play WAV files to a running server and print each message it sends',
  );
  return withExamples(command, ['parley talk hello.wav', 'parley talk --json --out reply.wav hello.wav'])
    .argument('<file.wav...>', '16-bit PCM WAV files, mono or stereo, at any rate')
    .option('--url <url>', 'the server', address, `ws://127.0.0.1:${PARLEY_PORT}`)
    .option('--token <token>', "the server's token", PARLEY_TOKEN)
    .option('--language <tag>', 'language of the session, such as en or zh-CN')
    .option('--voice <name>', 'voice of the replies')
    .option('--json', 'print each message as a line of JSON, with its time in ms as `atMs`')
    .option('--out <reply.wav>', 'save the audio of the replies as heard')
    .option('--gap <ms>', 'silence after each file, and after the reply to it', wholeMs, 1_500)
    .option('--visemes', 'print visemes too')
    .action(async (files: string[], options: TalkOptions) => {
      const speech = await Promise.all(files.map(readRecording));
      // Fail now rather than after the conversation if the file cannot be written.
      if (options.out !== undefined) await writeOutput(options.out, new Uint8Array());
      await converse(files, speech, options);
    });
}

async function converse(
  files: readonly string[],
  speech: readonly Pcm<PipelineRate>[],
  options: TalkOptions,
): Promise<void> {
  const { url, token, language, voice, json, out, gap, visemes } = options;
  const client = await VoiceClient.connect({
    url,
    clock: realClock,
    ...(token === undefined ? {} : { token }),
    ...(language === undefined ? {} : { language }),
    ...(voice === undefined ? {} : { voice }),
  });
  const printMessage = (atMs: number, message: Parameters<typeof describeMessage>[0]) => {
    if (message.type === 'viseme' && !visemes) return;
    print(
      json
        ? JSON.stringify({ atMs: Math.round(atMs), ...message })
        : `${(atMs / 1_000).toFixed(3).padStart(8)}  ${describeMessage(message)}`,
    );
  };
  for (const { atMs, message } of client.arrivals) printMessage(atMs, message);
  client.onMessage(({ atMs, message }) => printMessage(atMs, message));
  let lost = false;
  void client.closed.then(() => {
    lost = true;
  });

  for (const [index, pcm] of speech.entries()) {
    if (!json) print(`${(client.nowMs() / 1_000).toFixed(3).padStart(8)}  -- ${files[index]}`);
    await client.say(pcm);
    await client.wait(gap);
    await rest(client);
    if (lost) break;
  }
  if (lost)
    throw new ParleyError('SERVER_UNREACHABLE', `${url} closed the connection with ${await client.closed}`);
  await client.wait(gap);
  await client.close();
  if (out !== undefined) {
    await writeOutput(out, writeWav({ rate: client.speaker.rate, samples: client.speaker.recording() }));
    if (!json) print(`          -- the replies are in ${out}`);
  }
}

/** Waits until the session is idle or stopped. */
async function rest(client: VoiceClient): Promise<void> {
  const state = client.arrivals.findLast(({ message }) => message.type === 'state')?.message;
  if (state?.type === 'state' && (state.value === 'idle' || state.value === 'stopped')) return;
  await client.waitFor(
    (message) => message.type === 'state' && (message.value === 'idle' || message.value === 'stopped'),
    {
      since: client.arrivals.length,
      timeoutMs: LONGEST_REPLY_MS,
    },
  );
}

function wholeMs(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('must be a whole number of ms.');
  return value;
}

function address(text: string): string {
  if (URL.canParse(text) && /^(?:ws|http)s?:/u.test(text)) return text;
  throw new InvalidArgumentError('must be an address such as ws://127.0.0.1:7400.');
}
