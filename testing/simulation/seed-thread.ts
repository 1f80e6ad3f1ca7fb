/** A thread that runs one seed after the other for `seedResults`. */
import { parentPort, workerData } from 'node:worker_threads';
import { runSeed } from './run-seed.ts';
import type { SeedThreadData } from './seeds.ts';

// Written by `seedResults`.
const { options } = workerData as SeedThreadData;

parentPort?.on('message', async (seed: number) => {
  parentPort?.postMessage(await runSeed({ ...options, seed }));
});
