/** The part of the Emscripten module that the gate uses. Pointers are byte offsets into its memory. */
declare module '@echogarden/fvad-wasm' {
  export interface FvadModule {
    /** Replaced after each growth of the memory: read this property again after every call. */
    readonly HEAP16: Int16Array;
    _malloc(bytes: number): number;
    /** The detector's address; 0 if there is no memory. */
    _fvad_new(): number;
    _fvad_free(detector: number): void;
    /** Aggressiveness: 0 detects the most speech, 3 the least. */
    _fvad_set_mode(detector: number, mode: number): number;
    _fvad_set_sample_rate(detector: number, rate: number): number;
    /** 1 voice, 0 none, -1 if `length` is not 10, 20 or 30 ms. */
    _fvad_process(detector: number, frame: number, length: number): number;
  }
  export default function load(options?: object): Promise<FvadModule>;
}
