/** Removes noise from one stream of audio at the pipeline rate. Keeps its state between calls. */
export interface Denoiser {
  /**
   * Returns the clean samples that are ready: sample n of all returned is sample n of all given, later by some ms. Valid
   * until the next call.
   */
  process(samples: Int16Array): Int16Array;
  close(): void;
}

export interface DenoiserFactory {
  create(): Denoiser;
}
