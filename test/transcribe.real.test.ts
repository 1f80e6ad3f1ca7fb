import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { writeWav } from '../adapters/wav.ts';
import { main } from '../server/cli.ts';
import { answer } from '../testing/loopback/http-script.ts';
import { openaiServer } from '../testing/loopback/openai-server.ts';
import { temporaryFolder } from './support/after-test.ts';
import { concat, type Sound, silence, speak, withNoise } from './support/speech.ts';

let folder: string;
let printed: string[];
beforeEach(async () => {
  folder = await temporaryFolder();
  printed = [];
  for (const method of ['log', 'error'] as const)
    vi.spyOn(console, method).mockImplementation((line: unknown) => void printed.push(String(line)));
});
afterEach(() => {
  vi.restoreAllMocks();
});

function run(...args: string[]): Promise<number> {
  printed = [];
  return main(['transcribe', ...args]);
}

function file(name: string, content: Sound | Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'object' && 'samples' in content ? writeWav(content) : content);
  return path;
}

const reportSchema = z.array(
  z.object({
    snrDb: z.number().optional(),
    files: z.array(
      z.object({
        file: z.string(),
        outcome: z.string(),
        heard: z.object({
          text: z.string(),
          entry: z.string().optional(),
          slots: z.record(z.string(), z.unknown()).optional(),
          confidence: z.number().optional(),
          utterances: z.array(
            z.object({
              rejected: z.object({ reason: z.string() }).optional(),
              words: z
                .array(z.object({ text: z.string(), startMs: z.number(), endMs: z.number() }))
                .optional(),
            }),
          ),
        }),
      }),
    ),
    score: z.object({ right: z.number(), meant: z.number(), falseAccepts: z.number() }).optional(),
  }),
);

describe('parley transcribe', () => {
  it('prints what a session understands of recordings, and why it understands nothing', {
    timeout: 30_000,
  }, async () => {
    const order = file('order.wav', speak('go forward ten meters', { voice: 'en-us' }));
    const other = file('other.wav', speak('the meeting was moved to thursday', { voice: 'en-us' }));
    const nothing = file('nothing.wav', silence(1_000));
    expect(await run('--json', order, other, nothing)).toBe(0);
    const [report] = reportSchema.parse(JSON.parse(printed.join('')));
    expect(report?.files).toMatchObject([
      { file: order, heard: { entry: 'go-forward', slots: { distance: 10 } } },
      { file: other, heard: { text: '', utterances: [{ rejected: { reason: 'unlike' } }] } },
      { file: nothing, heard: { text: '', utterances: [] } },
    ]);
  });

  it('compares with labels, clean and in noise, with the same result each time', {
    timeout: 60_000,
  }, async () => {
    const order = file('order.wav', speak('turn left', { voice: 'en-us' }));
    const other = file('other.wav', speak('orange juice', { voice: 'en-us' }));
    const noise = file('noise.wav', withNoise(silence(2_000), { rms: 500 }));
    const labels = file('labels.yaml', 'order.wav: turn left\nother: orange juice\n');
    const call = ['--json', '--labels', labels, '--noise', noise, '--snr', '24,12', order, other];
    expect(await run(...call)).toBe(0);
    const first = printed.join('');
    const reports = reportSchema.parse(JSON.parse(first));
    expect(reports.map(({ snrDb }) => snrDb)).toEqual([undefined, 24, 12]);
    expect(reports[0]?.score).toEqual({ right: 1, meant: 1, falseAccepts: 0 });
    await run(...call);
    expect(printed.join('')).toBe(first);
  });

  it('prints when each word was said, from a recogniser that knows it', async () => {
    const words = [{ word: 'hello', start: 0.5, end: 0.75 }];
    const json = JSON.stringify({ text: 'hello', words });
    const server = await openaiServer({ transcription: () => answer(200, 'application/json', json) });
    const engine = [
      '--engine',
      'openai',
      '--stt.openai.base-url',
      server.baseURL,
      '--stt.openai.word-times',
      'yes',
    ];
    const order = file('order.wav', concat(silence(1_000), speak('hello there', { voice: 'en-us' })));
    expect(await run('--json', ...engine, order)).toBe(0);
    await server.close();
    const [report] = reportSchema.parse(JSON.parse(printed.join('')));
    const [utterance] = report?.files[0]?.heard.utterances ?? [];
    // Half a second after what the server heard begins, which is before the speech: a second into the recording.
    const [word] = utterance?.words ?? [];
    expect(word?.text).toBe('hello');
    expect(word?.startMs).toBeGreaterThan(900);
    expect(word?.startMs).toBeLessThan(1_500);
    expect(Number(word?.endMs) - Number(word?.startMs)).toBe(250);
  });

  it('prints totals for people', async () => {
    const order = file('order.wav', speak('tell me a joke', { voice: 'en-us' }));
    const labels = file('labels.json', '{"order": "tell me a joke"}');
    expect(await run('--labels', labels, order)).toBe(0);
    expect(printed.join('\n')).toContain('"tell me a joke" = joke');
    expect(printed.join('\n')).toContain('meant for the dialog: 1; right 1 (100.0 %)');
  });

  it('says which file cannot be used', async () => {
    const order = file('order.wav', silence(100));
    expect(await run(join(folder, 'absent.wav'))).toBe(1);
    expect(printed.join('\n')).toMatch(/AUDIO_FILE_UNREADABLE/);
    expect(await run(file('text.wav', 'no sound'))).toBe(1);
    expect(printed.join('\n')).toMatch(/text\.wav.*begin as a WAV file[\s\S]*AUDIO_FILE_INVALID/);
    expect(await run('--labels', file('labels.json', '{"order": 1}'), order)).toBe(1);
    expect(printed.join('\n')).toMatch(/labels\.json: order[\s\S]*LABELS_INVALID/);
    expect(await run('--engine', 'nosuch', order)).toBe(1);
    expect(printed.join('\n')).toMatch(/CONFIG_INVALID/);
  });

  it('refuses wrong calls', async () => {
    const errors = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
    expect(await run()).toBe(2);
    expect(await run('--snr', '6', 'a.wav')).toBe(2);
    expect(await run('--noise', 'n.wav', '--snr', 'loud', 'a.wav')).toBe(2);
    errors.mockRestore();
  });
});
