import type { VadEngine, VadWindow } from '../../actors/ports/vad.ts';
import { pieces, type Sound } from '../../test/support/speech.ts';
import { WINDOW } from './speech-model.ts';

/** All windows of `sound`, fed in pieces of `ms`, each `given` to the engine. */
export function listen(
  vad: VadEngine,
  sound: Sound,
  ms = 20,
  given = (piece: Sound) => piece,
): Promise<VadWindow[]> {
  const expected = Math.floor(sound.samples.length / (vad.windowSamples ?? WINDOW));
  return new Promise((resolve, reject) => {
    const windows: VadWindow[] = [];
    const stream = vad.open((window) => {
      windows.push(window);
      if (windows.length < expected) return;
      stream.close();
      resolve(windows);
    }, reject);
    for (const piece of pieces(sound, ms)) stream.push(given(piece));
  });
}

/** The error that a stream of `vad` ends with when `sound` is pushed. */
export function failureOf(vad: VadEngine, sound: Sound): Promise<Error> {
  return new Promise((resolve) => {
    vad.open(() => {}, resolve).push(sound);
  });
}
