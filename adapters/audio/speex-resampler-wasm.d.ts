/** The part of the Emscripten module that the resampler uses. Pointers are byte offsets into its memory. */
declare module '@echogarden/speex-resampler-wasm/simd' {
  export interface SpeexModule {
    /** Replaced after each growth of the memory: read this property again after every call. */
    readonly HEAP16: Int16Array;
    readonly HEAP32: Int32Array;
    _malloc(bytes: number): number;
    _free(pointer: number): void;
    /** The state's address; 0 on failure, with the reason at `errorPointer`. */
    _speex_resampler_init(
      channels: number,
      fromRate: number,
      toRate: number,
      quality: number,
      errorPointer: number,
    ): number;
    _speex_resampler_destroy(state: number): void;
    /** The lengths are read as capacity and overwritten with the number used. Returns 0 on success. */
    _speex_resampler_process_int(
      state: number,
      channel: number,
      input: number,
      inputLengthPointer: number,
      output: number,
      outputLengthPointer: number,
    ): number;
    _speex_resampler_skip_zeros(state: number): number;
    _speex_resampler_reset_mem(state: number): number;
    /** Half the filter, in input samples. */
    _speex_resampler_get_input_latency(state: number): number;
  }
  export default function load(options?: object): Promise<SpeexModule>;
}
