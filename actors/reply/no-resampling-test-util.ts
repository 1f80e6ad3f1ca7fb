import type { ResamplerFactory } from '../ports/resampler.ts';

/** Passes all audio on: for engines that speak at the output rate. */
export const noResampling: ResamplerFactory = {
  create: (from, to) => ({
    ...{ from, to },
    push: ({ samples }) => ({ rate: to, samples }),
    flush: () => ({ rate: to, samples: new Int16Array(0) }),
    close: () => {},
  }),
};
