import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Dialog, matchDialog, parseDialog } from '../../../actors/dialog/mod.ts';
import { BLOCK } from '../../../actors/ear/echo/adaptive-filter.ts';
import { speexResampler } from '../../../adapters/audio/resampler.ts';
import type { Recogniser } from '../../../adapters/stt/soundswallower/recogniser.ts';
import { espeakTts } from '../../../adapters/tts/espeak/espeak.ts';
import { parseWav } from '../../../adapters/wav.ts';
import { msOfSamples, type Pcm, PIPELINE_RATE, samplesInMs } from '../../../machines/audio.ts';
import { defaultParameters } from '../../../machines/parameters.ts';
import { Sounds } from '../../../testing/eval/sounds.ts';
import { observe } from '../people/fit.ts';
import { hear } from '../people/hear.ts';
import { type GrammarName, peopleTrials, type Trial } from '../people/trials.ts';
import type { Outcome } from './outcome.ts';
import { cancelled, pcm, seedOf, WordScenes } from './scenes.ts';
import { StopEar, type StopHeard, speechIn } from './stop-ear.ts';
import { type FigureTrial, PIECE_MS } from './trials.ts';

/** A suspicion is of the word if it arises this long before the word's end at the most. */
const LONGEST_WORD = samplesInMs(600, PIPELINE_RATE);

/** Runs trials, one after the other, in a process of its own. */
export class FigureRunner {
  readonly #folder: string;
  readonly #dialog: Dialog;
  readonly #ear: StopEar;
  readonly #scenes: WordScenes;
  readonly #sentences: readonly Trial[];
  readonly #recognisers = new Map<GrammarName, Recogniser>();

  private constructor(folder: string, dialog: Dialog, ear: StopEar) {
    this.#folder = folder;
    this.#dialog = dialog;
    this.#ear = ear;
    this.#scenes = new WordScenes(new Sounds(espeakTts()), folder);
    this.#sentences = peopleTrials(join(folder, 'people'));
  }

  static async load(folder: string, dialogPath: string): Promise<FigureRunner> {
    const dialog = parseDialog(await readFile(dialogPath, 'utf8'), dialogPath);
    return new FigureRunner(folder, dialog, await StopEar.load(dialog));
  }

  async run(trial: FigureTrial): Promise<Outcome> {
    const { id, half } = trial;
    switch (trial.kind) {
      case 'stop': {
        const { samples, wordEnd } = await this.#scenes.scene(
          trial.path,
          trial.condition,
          seedOf(trial.path),
        );
        const heard = await this.#ear.hear(samples);
        const first = heard.suspicions.find(({ at }) => at > wordEnd - LONGEST_WORD);
        return {
          ...{ id, half, kind: 'stop', group: trial.condition, ...stopped(heard) },
          ...(first && {
            delayMs: Math.round(msOfSamples(first.at - wordEnd, PIPELINE_RATE) + first.computeMs),
          }),
        };
      }
      case 'false stop': {
        const { group, label, path, fromMs } = trial;
        const heard = await this.#ear.hear(await this.#scenes.other(path, fromMs, PIECE_MS));
        return { id, half, kind: 'false stop', group, label, ...stopped(heard) };
      }
      case 'sentence': {
        const one = this.#sentences[trial.index];
        if (!one) throw new Error(`no sentence ${trial.index}`);
        return { id, half, kind: 'sentence', ...(await this.#sentence(one)) };
      }
      case 'echo': {
        const interrupted = await this.#interrupted(trial.path, trial.loopback, trial.db);
        return { id, half, kind: 'echo', interrupted };
      }
    }
  }

  /** As the product takes a sentence: at once if its confidence is at least what the entry asks for. */
  async #sentence(trial: Trial) {
    const findings = await hear([trial], {
      ...{ folder: join(this.#folder, 'people'), dialog: this.#dialog, recognisers: this.#recognisers },
      ...{ conditions: ['clean'], cache: undefined },
      noise: () => Promise.reject(new Error('no noise is mixed in')),
    });
    const [seen] = observe(findings, this.#dialog);
    if (!seen) throw new Error(`nothing was observed of ${trial.name}`);
    const { group, meant, text, confidence, asking, right } = seen;
    const accepted = text !== '' && confidence >= asking.below;
    const entry = trial.grammar === 'robot' ? matchDialog(this.#dialog, text)?.entry.id : undefined;
    return { group, meant, accepted, right: accepted && right, heard: entry ?? text };
  }

  /** Whether what the canceller leaves of the robot's own voice is speech for long enough to interrupt it. */
  async #interrupted(path: string, loopback: string, db: number): Promise<boolean> {
    const [mic, played] = [await recorded(path), await recorded(loopback)];
    const gain = 10 ** (db / 20);
    const length = Math.floor(mic.length / BLOCK) * BLOCK;
    const heard = Float32Array.from({ length }, (_, i) => Math.max(-1, Math.min(1, gain * (mic[i] ?? 0))));
    const { confirmSpeechMs } = defaultParameters.bargeIn;
    const windows = await this.#ear.windows(pcm(cancelled(heard, played)));
    return speechIn(windows).some(({ from, to }) => msOfSamples(to - from, PIPELINE_RATE) >= confirmSpeechMs);
  }
}

function stopped({ stopped: by, suspicions, laneSamples, laneMs }: StopHeard) {
  return {
    ...(by && { stoppedBy: by }),
    suspicions: suspicions.length,
    laneAudioMs: Math.round(msOfSamples(laneSamples, PIPELINE_RATE)),
    laneMs: Math.round(laneMs),
  };
}

async function recorded(path: string): Promise<Float32Array> {
  const wav: Pcm = parseWav(await readFile(path));
  const resampler = (await speexResampler()).create(wav.rate, PIPELINE_RATE);
  const pieces = [resampler.push(wav).samples.slice(), resampler.flush().samples.slice()];
  resampler.close();
  return Float32Array.from(
    pieces.flatMap((piece) => [...piece]),
    (one) => one / 0x8000,
  );
}
