import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Outcome } from '../lab/hearing/figures/outcome.ts';
import { figures, wilson } from '../lab/hearing/figures/report.ts';
import { figureTrials } from '../lab/hearing/figures/trials.ts';
import { temporaryFolder } from './support/after-test.ts';

describe('the figures of hearing', () => {
  it('have intervals that are wide for few trials', () => {
    expect(wilson(0, 100)).toEqual([0, 0.037]);
    expect(wilson(5, 10)).toEqual([0.2366, 0.7634]);
    expect(wilson(0, 0)).toEqual([0, 1]);
  });

  it('count misses by condition and false stops by word, and leave out what was not measured', () => {
    const heard = { half: 1, suspicions: 1, laneAudioMs: 1_000, laneMs: 50 } as const;
    const all: Outcome[] = [
      { kind: 'stop', id: 'stop hum stop/a.wav', group: 'hum', ...heard, stoppedBy: 'lane', delayMs: 20 },
      { kind: 'stop', id: 'stop hum stop/b.wav', group: 'hum', ...heard },
      {
        kind: 'false stop',
        id: 'words up/a.wav 0',
        group: 'words',
        label: 'up',
        ...heard,
        stoppedBy: 'recogniser',
      },
    ];
    expect(figures(all)).toEqual({
      stop: {
        hum: { missed: 1, of: 2, interval: wilson(1, 2), byRecogniser: 0, files: ['stop/b.wav'] },
        holdMs: { p50: 20, p95: 20, of: 1 },
      },
      falseStops: {
        words: {
          ...{ taken: 1, of: 1, interval: wilson(1, 1), byRecogniser: 1, suspicions: 1 },
          labels: [{ label: 'up', taken: 1, of: 1 }],
        },
      },
      lane: { processorShare: 0.05, audioMs: 3_000 },
    });
  });

  it('are of the sets that a folder has, and a speaker is in one half', async () => {
    const folder = await temporaryFolder();
    const write = (path: string, text = '') => {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    };
    const rows = [
      'stop/a_0.wav\tStop\ta',
      'stop/a_1.wav\tstop\ta',
      'up/a_0.wav\tup\ta',
      'up/absent.wav\tup\tb',
    ];
    write('speech-commands/labels.tsv', ['file\tlabel\tspeaker', ...rows].join('\n'));
    for (const row of rows.slice(0, 3)) write(`speech-commands/${row.split('\t')[0]}`);
    write('meetings/labels.tsv', 'file\tlabel\nlong.wav\tconversation');
    write('meetings/long.wav');

    const trials = figureTrials(folder, () => 50_000);
    const kinds = trials.map((one) => (one.kind === 'stop' ? one.condition : one.kind));
    expect(new Set(kinds)).toEqual(
      new Set(['silence', 'white', 'hum', 'babble', 'ownVoice', 'ownVoiceUncancelled', 'false stop']),
    );
    expect(trials.filter(({ kind }) => kind === 'false stop').map(({ id }) => id)).toEqual([
      'words up/a_0.wav 0',
      ...[0, 20_000, 40_000].map((fromMs) => `meetings long.wav ${fromMs}`),
    ]);
    const ofSpeaker = trials.filter(({ id }) => !id.startsWith('meetings'));
    expect(new Set(ofSpeaker.map(({ half }) => half)).size).toBe(1);
  });
});
