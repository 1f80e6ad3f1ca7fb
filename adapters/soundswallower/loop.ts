import type { Decoder, SoundSwallowerModule } from 'soundswallower';
import { z } from 'zod';

const handle = z.number().int().positive();
const fn = <Args extends readonly number[]>() =>
  z.custom<(...args: Args) => number>((value) => typeof value === 'function');

/** Undeclared parts of the package: the C functions with which it makes a grammar of JSGF. */
const access = z.object({
  _malloc: fn<[bytes: number]>(),
  _free: fn<[address: number]>(),
  _decoder_logmath: fn<[decoder: number]>(),
  _logmath_log: fn<[logmath: number, probability: number]>(),
  _fsg_model_init: fn<[name: number, logmath: number, languageWeight: number, states: number]>(),
  _fsg_set_states: fn<[grammar: number, start: number, final: number]>(),
  _fsg_model_word_add: fn<[grammar: number, word: number]>(),
  _fsg_model_trans_add: fn<[grammar: number, from: number, to: number, log: number, word: number]>(),
  _fsg_model_null_trans_add: fn<[grammar: number, from: number, to: number, log: number]>(),
  _decoder_set_fsg: fn<[decoder: number, grammar: number]>(),
});

const START = 0;
const BEFORE_WORD = 1;
const AFTER_WORD = 2;

/**
 * Makes `decoder` listen for any of `words` in any order, as `( one | two | … )+` in JSGF would, with the same costs. Of
 * JSGF the library makes two arcs for each word, and after each a state with silence of its own: three times as many HMMs.
 */
export function listenForAny(module: SoundSwallowerModule, decoder: Decoder, words: readonly string[]): void {
  const library = access.parse(
    Object.fromEntries(Object.keys(access.shape).map((name) => [name, Reflect.get(module, name)])),
  );
  const cdecoder = handle.parse(Reflect.get(decoder, 'cdecoder'));
  const logmath = handle.parse(library._decoder_logmath(cdecoder));
  const log = (probability: number) => library._logmath_log(logmath, probability);
  const withText = <Result>(text: string, use: (address: number) => Result): Result => {
    const bytes = new TextEncoder().encode(`${text}\0`);
    const address = library._malloc(bytes.length);
    module.HEAPU8.set(bytes, address);
    const result = use(address);
    library._free(address);
    return result;
  };

  const weight = z.number().parse(decoder.get_config('lw'));
  const grammar = handle.parse(
    withText('loop', (name) => library._fsg_model_init(name, logmath, weight, AFTER_WORD + 1)),
  );
  library._fsg_set_states(grammar, START, AFTER_WORD);
  for (const word of words) {
    const id = withText(word, (address) => library._fsg_model_word_add(grammar, address));
    library._fsg_model_trans_add(grammar, BEFORE_WORD, AFTER_WORD, log(1 / words.length), id);
  }
  // JSGF halves the probability before each word: it may be the last one.
  for (const state of [START, AFTER_WORD]) {
    library._fsg_model_null_trans_add(grammar, state, BEFORE_WORD, log(1 / 2));
  }
  if (library._decoder_set_fsg(cdecoder, grammar) < 0) {
    throw new Error('SoundSwallower refused a loop: a word of it has no pronunciation');
  }
}
