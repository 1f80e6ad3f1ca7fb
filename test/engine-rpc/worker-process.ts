// A worker in its own process, to be killed: `worker-process.ts <url> <engine> <word>`. Yields the word, then hangs.
import { hostLlm } from '../../actors/engine-rpc/mod.ts';
import { natsBus } from '../../adapters/bus/nats.ts';
import { realClock } from '../../adapters/real-clock.ts';
import { aborted, delta, llm } from './harness.ts';

const [, , url = '', name = '', word = ''] = process.argv;
const bus = await natsBus({ url });
hostLlm(
  bus,
  realClock,
  llm(name, async function* (_request, signal) {
    yield delta(word);
    await aborted(signal);
  }),
);
await bus.flush();
process.stdout.write('ready\n');
