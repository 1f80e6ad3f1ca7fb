/** The part of the Emscripten module that is used. Pointers are byte offsets into its memory. */
declare module '@echogarden/rnnoise-wasm' {
  export interface RnnoiseModule {
    /** Replaced after each growth of the memory: read this property again after every call. */
    readonly HEAPF32: Float32Array;
    _malloc(bytes: number): number;
    /** Address of a stream's state; 0 if there is no memory. `model` 0: the one within. */
    _rnnoise_create(model: number): number;
    _rnnoise_destroy(state: number): void;
    /** 480 samples in the range of 16 bits. Returns the probability of speech. */
    _rnnoise_process_frame(state: number, output: number, input: number): number;
  }
  export default function load(options?: object): Promise<RnnoiseModule>;
}
