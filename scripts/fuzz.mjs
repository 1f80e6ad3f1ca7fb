// A minute of fuzzing over all doors: `npm run test:fuzz`. FUZZ_SECONDS changes the time, FUZZ_SEED and FUZZ_PATH (from
// the report of a failure) repeat what was found, and arguments go to Vitest: `npm run test:fuzz -- -t rosbridge`.
import { spawnSync } from 'node:child_process';

const { FUZZ_SECONDS = '60', FUZZ_SEED = String(Date.now() % 2 ** 31) } = process.env;
const args = process.argv.slice(2);
console.log(`fuzz: ${FUZZ_SECONDS} s; the same again with FUZZ_SEED=${FUZZ_SEED} npm run test:fuzz`);
const { status } = spawnSync('npx', ['vitest', 'run', 'fuzz', '--maxWorkers=1', ...args], {
  stdio: 'inherit',
  env: { ...process.env, FUZZ_SECONDS, FUZZ_SEED },
});
process.exit(status ?? 1);
