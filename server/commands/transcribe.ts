import { Command, InvalidArgumentError } from 'commander';
import { inProcessBus } from '../../adapters/bus/in-process.ts';
import { vadEngine } from '../../adapters/vad/engine.ts';
import { ParleyError } from '../../machines/errors.ts';
import { readDialog } from '../dialog-file.ts';
import { earOf } from '../ear.ts';
import { makeEngine } from '../engines.ts';
import { print } from '../terminal.ts';
import { readLabels } from '../transcribe/labels.ts';
import { readRecording } from '../transcribe/recording.ts';
import { reportLines } from '../transcribe/report.ts';
import { transcribe } from '../transcribe/transcribe.ts';
import { configOf, type SetExitCode, withConfigFlags } from './config-flags.ts';

interface Flags {
  readonly engine?: string;
  readonly labels?: string;
  readonly noise?: string;
  readonly snr?: readonly number[];
  readonly json?: true;
}

/** Recordings from this number on show their progress on a terminal. */
const MANY_FILES = 8;

/** `parley transcribe`: sends recordings through a session's ear and recogniser, faster than real time. */
export function transcribeCommand(_setExitCode: SetExitCode): Command {
  return withConfigFlags(
    new Command('transcribe').description(
      'what the robot understands of recordings, through the ear of a session, faster than real time',
    ),
    [
      'parley transcribe hello.wav',
      'parley transcribe --labels labels.json --noise kitchen.wav --snr 6,12,24 recordings/*.wav',
    ],
  )
    .argument('<file.wav...>', '16-bit PCM WAV files, mono or stereo, at any rate')
    .option('--engine <name>', 'the recogniser (default: the first of engines.stt)')
    .option('--labels <file>', 'JSON or YAML with what is said in each file: prints what was right')
    .option('--noise <file.wav>', 'also with this noise mixed in')
    .option('--snr <dB,dB>', 'how far the noise is below the speech (default: 12)', decibels)
    .option('--json', 'the report as JSON')
    .action(async (files: string[], _options, command: Command) => {
      const { engine, labels, noise, snr, json } = command.opts<Flags>();
      if (snr !== undefined && noise === undefined) command.error('error: --snr needs --noise');
      const { config } = configOf(command, engine === undefined ? {} : { 'engines.stt': engine });
      const name = config.engines.stt[0] ?? '';
      if (name === 'remote')
        throw new ParleyError(
          'CONFIG_INVALID',
          'parley transcribe runs the recogniser itself: name one with --engine',
        );
      const dialog = await readDialog(config);
      const known = labels === undefined ? undefined : await readLabels(labels);
      const sound = noise === undefined ? undefined : await readRecording(noise);
      const vad = vadEngine({ ...config.vad, maxQueuedMs: Number.POSITIVE_INFINITY });
      const bus = inProcessBus();
      const stt = await makeEngine('stt', name, config, dialog, { bus });
      const progress = process.stderr.isTTY && files.length >= MANY_FILES;
      try {
        const report = await transcribe(files, {
          ...{ dialog, vad, ear: await earOf(config), stt, language: config.language },
          endpointing: config.endpointing,
          ...(known && { labels: known }),
          ...(sound && { noise: { sound, snrsDb: snr ?? [12] } }),
          onFile: (done) => {
            if (progress) process.stderr.write(`\r${done} of ${files.length} `);
          },
        });
        if (progress) process.stderr.write('\r\u001b[K');
        print(json ? JSON.stringify(report) : reportLines(report).join('\n').trimEnd());
      } finally {
        await Promise.all([stt.close(), vad.close()]);
      }
    });
}

function decibels(value: string): readonly number[] {
  const parts = value.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (parts.every((part) => Number.isFinite(part) && Math.abs(part) <= 100)) return parts;
  throw new InvalidArgumentError('expected decibels such as 6,12,24.');
}
