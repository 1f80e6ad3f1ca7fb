import { readFile } from 'node:fs/promises';
import type { Config, SoundSwallowerModule } from 'soundswallower';
import { z } from 'zod';

const address = z.number().int().positive();
const fn = <Args extends readonly number[]>() =>
  z.custom<(...args: Args) => number>((value) => typeof value === 'function');

/** Undeclared parts of the package: the C functions with which a decoder loads its acoustic model. */
const access = z.object({
  _malloc: fn<[bytes: number]>(),
  _free: fn<[at: number]>(),
  _s3file_init: fn<[at: number, bytes: number]>(),
  _bin_mdef_read_s3file: fn<[file: number, phonesAlone: number]>(),
  _set_mdef: fn<[decoder: number, definition: number]>(),
  _decoder_logmath: fn<[decoder: number]>(),
  _tmat_init_s3file: fn<[file: number, logmath: number, floor: number]>(),
  _set_tmat: fn<[decoder: number, transitions: number]>(),
  _load_gmm: fn<[decoder: number, means: number, variances: number, weights: number, dump: number]>(),
  _decoder_init_acmod_post: fn<[decoder: number]>(),
});
const handles = z.object({ cdecoder: address, cacmod: address });

/** A file in the module's memory. */
interface Blob {
  readonly at: number;
  readonly bytes: number;
}

/** Fields of the C structure of the Gaussians, in words: three arrays, then the size of each dimension. */
const ARRAYS = { means: 0, variances: 1, determinants: 2 } as const;
const DIMENSIONS = 4;
/** Words of the C structures that are searched for a pointer: of the model, and of its mixtures. */
const MODEL_WORDS = 16;
const MIXTURES_WORDS = 8;

/**
 * Makes all decoders of `module` use one copy of the acoustic model in `folder`: 8 MB, which the library reads for each of them.
 * They live as long as the module.
 */
export async function shareModel(module: SoundSwallowerModule, folder: URL): Promise<void> {
  const library = access.parse(
    Object.fromEntries(Object.keys(access.shape).map((name) => [name, Reflect.get(module, name)])),
  );
  const words = () => new Uint32Array(module.HEAPU8.buffer);
  const word = (at: number) => words()[at / 4] ?? 0;

  const load = async (name: string): Promise<Blob> => {
    const content = await readFile(new URL(name, folder));
    const at = library._malloc(content.length);
    module.HEAPU8.set(content, at);
    return { at, bytes: content.length };
  };
  const definition = await load('mdef');
  const transitions = await load('transition_matrices');
  const means = await load('means');
  const variances = await load('variances');
  const weights = await load('sendump');
  const open = ({ at, bytes }: Blob) => library._s3file_init(at, bytes);

  /** Model definitions: with and without phones in context. */
  const definitions = new Map<number, number>();
  let transitionMatrices: number | undefined;
  let gaussians: number | undefined;

  /** Frees an array of `depth` dimensions: one block, with tables of pointers before it. */
  const freeArray = (at: number, depth: number) => {
    if (depth > 1) freeArray(word(at), depth - 1);
    library._free(at);
  };
  const freeGaussians = (at: number) => {
    freeArray(word(at + 4 * ARRAYS.means), 4);
    freeArray(word(at + 4 * ARRAYS.variances), 4);
    freeArray(word(at + 4 * ARRAYS.determinants), 3);
  };

  /** Dimensions in the header of the means: codebooks, features, densities. They follow the mark of the byte order. */
  const dimensions = dimensionsOf(module.HEAPU8.subarray(means.at, means.at + means.bytes));

  /** Where the mixtures point to their Gaussians; undefined if the library's structures are not the known ones. */
  const gaussiansField = (mixtures: number) => {
    for (let field = mixtures; field < mixtures + 4 * MIXTURES_WORDS; field += 4) {
      const candidate = word(field);
      if (candidate % 4 !== 0 || candidate === 0) continue;
      if (dimensions.every((size, i) => word(candidate + 4 * (DIMENSIONS + i)) === size)) return field;
    }
    return undefined;
  };

  /** Loads the mixtures, whose weights stay in the file. The Gaussians are copied out of theirs; those copies are shared. */
  const loadMixtures = (decoder: number, model: number) => {
    const before = words().slice(model / 4, model / 4 + MODEL_WORDS);
    const files = [means, variances, weights].map(open);
    const [meansFile = 0, variancesFile = 0, weightsFile = 0] = files;
    if (library._load_gmm(decoder, meansFile, variancesFile, 0, weightsFile) < 0)
      throw new Error('SoundSwallower refused its acoustic model');
    const after = words().subarray(model / 4, model / 4 + MODEL_WORDS);
    const mixtures = after.find((value, i) => value !== 0 && before[i] === 0);
    const field = mixtures === undefined ? undefined : gaussiansField(mixtures);
    if (field === undefined) return;
    const own = word(field);
    gaussians ??= own;
    if (own === gaussians) return;
    words()[field / 4] = gaussians;
    freeGaussians(own);
  };

  module.Decoder = class extends module.Decoder {
    /** Called by `initialize`, in place of the library's own. */
    async load_acmod_files(): Promise<void> {
      const { cdecoder, cacmod } = handles.parse({
        cdecoder: Reflect.get(this, 'cdecoder'),
        cacmod: Reflect.get(this, 'cacmod'),
      });
      const phonesAlone = Number(this.get_config('cionly'));
      const known = definitions.get(phonesAlone);
      const read = known ?? address.parse(library._bin_mdef_read_s3file(open(definition), phonesAlone));
      definitions.set(phonesAlone, read);
      library._set_mdef(cdecoder, read);
      const floor = Number(this.get_config('tmatfloor'));
      transitionMatrices ??= address.parse(
        library._tmat_init_s3file(open(transitions), library._decoder_logmath(cdecoder), floor),
      );
      library._set_tmat(cdecoder, transitionMatrices);
      loadMixtures(cdecoder, cacmod);
      if (library._decoder_init_acmod_post(cdecoder) < 0)
        throw new Error('SoundSwallower cannot score with its acoustic model');
    }

    override delete(): void {
      throw new Error('decoders share their model: end the thread instead');
    }
  } satisfies new (
    config?: Config,
  ) => InstanceType<SoundSwallowerModule['Decoder']>;
}

/** The mark of the byte order in the header of a file of the model. */
const BYTE_ORDER = [0x44, 0x33, 0x22, 0x11];

function dimensionsOf(file: Uint8Array): readonly number[] {
  const mark = file.findIndex((_, i) => BYTE_ORDER.every((byte, j) => file[i + j] === byte));
  const view = new DataView(file.buffer, file.byteOffset + mark + BYTE_ORDER.length);
  return [0, 4, 8].map((at) => view.getUint32(at, true));
}
