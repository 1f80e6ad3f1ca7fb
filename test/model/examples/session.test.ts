import { expect, it } from 'vitest';
import {
  coveringPaths,
  defaultParameters,
  explore,
  inProcessBus,
  runOnKernel,
  runOnSession,
  SessionModel,
  sessionRepresentatives,
} from '../../../testing/mod.ts';

// It computes, for a minute on a busy machine.
it('keeps its invariants in every path of a typed conversation', { timeout: 120_000 }, async () => {
  const model = new SessionModel({
    parameters: { ...defaultParameters, deadlines: { ...defaultParameters.deadlines, llmStallMs: 2_000 } },
    input: { language: 'en', outputRate: 24_000, seed: 1, memory: false },
    representatives: sessionRepresentatives().filter(
      ({ source }) => source !== 'ear' && source !== 'actions',
    ),
  });
  const paths = coveringPaths(model, explore(model), { goal: model.branch });
  const bus = inProcessBus();

  for (const [index, path] of paths.entries()) {
    runOnKernel(model, path);
    const { violations, divergence } = await runOnSession(model, path, bus, `typed-${index}`);
    expect({ violations, divergence }).toEqual({ violations: [], divergence: undefined });
  }
  await bus.drain();
});
