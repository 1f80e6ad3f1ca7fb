import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { speexResampler } from '../../adapters/audio/resampler.ts';
import { realClock } from '../../adapters/real-clock.ts';
import { espeakTts } from '../../adapters/tts/espeak/espeak.ts';
import { writeWav } from '../../adapters/wav.ts';
import { VoiceClient } from '../client/voice-client.ts';
import { checkDemo, playDemo, scriptIn, speakLines } from '../demo/conversation.ts';
import { printTimeline } from '../demo/timeline.ts';
import { speaker } from '../demo/user-voice.ts';
import { packagedExample } from '../packaged-dialogs.ts';
import { print } from '../terminal.ts';
import { configOf, type SetExitCode, withConfigFlags } from './config-flags.ts';
import { writeOutput } from './output.ts';

/** `parley demo`: a complete spoken conversation with a server of its own. */
export function demoCommand(setExitCode: SetExitCode): Command {
  return withConfigFlags(
    new Command('demo').description(
      'hold a spoken conversation with a server of its own, and show how it went',
    ),
    ['parley demo', 'parley demo --language zh', 'parley demo --memory', 'parley demo --out both-sides.wav'],
  )
    .option('--memory', 'two sessions of a user, of which the second remembers the first, instead')
    .option('--out <file.wav>', 'where both sides go: the user left, Parley right', 'parley-demo.wav')
    .action(async (_options, command: Command) => {
      const { out, memory } = command.opts<{ out: string; memory?: true }>();
      const dataDir = await mkdtemp(join(tmpdir(), 'parley-demo-'));
      // Delete the demo's records, however it ends.
      process.once('exit', () => rmSync(dataDir, { recursive: true, force: true }));
      process.once('SIGINT', () => process.exit(130));
      if (memory) {
        await rememberingDemo(command, dataDir, setExitCode);
        return;
      }
      // Fail now rather than after the conversation if the file cannot be written.
      await writeOutput(out, new Uint8Array());
      const { config } = configOf(command, { port: '0', 'data-dir': dataDir });
      const script = scriptIn(config.language);
      const { level, format } = config.log;
      const [{ makeLogger }, { serve }] = await Promise.all([import('../log.ts'), import('../serve.ts')]);
      const log = makeLogger(level === 'info' ? 'warn' : level, format);
      const server = await serve({ config, log, onProgress: (what) => console.error(`parley: ${what} …`) });
      const tts = espeakTts({ voice: script.voice, ratePerMinute: 150 });
      try {
        print(`A conversation with ${server.url}. It takes about a minute.\n`);
        const lines = await speakLines(script, await speaker(tts));
        const client = await VoiceClient.connect({ url: server.url, clock: realClock });
        const scenes = await playDemo(client, lines);
        const left = client.microphone.recording();
        client.speaker.advance(realClock.nowMs());
        await client.close();
        printTimeline(client, scenes);
        await writeOutput(out, await bothSides(left, client));
        print(`\nBoth sides are in ${out}: the user left, Parley right.`);
        const problems = checkDemo(client, scenes);
        for (const problem of problems) console.error(`parley: ${problem}`);
        setExitCode(problems.length > 0 ? 1 : 0);
      } finally {
        await tts.close();
        await server.close();
      }
    });
}

/** `--memory`: two sessions with a server each, in one data directory. */
async function rememberingDemo(command: Command, dataDir: string, setExitCode: SetExitCode): Promise<void> {
  const own = { dialog: packagedExample('memory') ?? '', 'memory.engine': 'local' };
  const { config } = configOf(command, { port: '0', 'data-dir': dataDir, ...own });
  const [{ makeLogger }, { playMemoryDemo }] = await Promise.all([
    import('../log.ts'),
    import('../demo/remembering.ts'),
  ]);
  const { level, format } = config.log;
  const tts = espeakTts({ voice: scriptIn(config.language).voice, ratePerMinute: 150 });
  try {
    const log = makeLogger(level === 'info' ? 'warn' : level, format);
    const voice = await speaker(tts);
    const problems = await playMemoryDemo({ config, log, voice, print });
    for (const problem of problems) console.error(`parley: ${problem}`);
    setExitCode(problems.length > 0 ? 1 : 0);
  } finally {
    await tts.close();
  }
}

/** One stereo file at the reply's rate. */
async function bothSides(user: Int16Array, client: VoiceClient): Promise<Uint8Array> {
  const { rate } = client.speaker;
  const resampler = (await speexResampler()).create(16_000, rate);
  const left = resampler.push({ rate: 16_000, samples: user }).samples.slice();
  resampler.close();
  return writeWav({ rate, samples: left }, { rate, samples: client.speaker.recording() });
}
