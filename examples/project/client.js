// The robot's side of a conversation: type what a user would say. For a microphone and a loudspeaker see docs/how-to/clients.md.
import { createInterface } from 'node:readline';
import { VoiceClient } from 'parley-voice';
import { skills } from './robot.js';

const client = await VoiceClient.connect({
  url: process.env.PARLEY_URL ?? 'http://127.0.0.1:7400',
  token: process.env.PARLEY_TOKEN,
  manners: { input: 'text', output: 'text', actions: 'results' },
}).catch(({ message }) => {
  console.error(`${message}\nStart the server with npm start, and wait until it says where it listens.`);
  process.exit(1);
});
console.log('Type what a user would say. Ctrl-D ends.');
const running = new Map();

async function act({ id, name, args }) {
  const stop = new AbortController();
  running.set(id, stop);
  const report = (status) => client.send({ type: 'action.result', id, status });
  try {
    if (!(name in skills)) return report('refused');
    await skills[name](args, stop.signal);
    report('done');
  } catch (error) {
    if (!stop.signal.aborted) {
      console.error(error);
      report('failed');
    }
  } finally {
    running.delete(id);
  }
}

client.onMessage(({ message }) => {
  if (message.type === 'action' && message.status === 'started') act(message);
  if (message.type === 'action' && message.status === 'cancelled') running.get(message.id)?.abort();
  if (message.type === 'reply.end') console.log(`robot: ${message.heard}`);
  if (message.type === 'error') console.log(`error: ${message.code} ${message.message}`);
});

const lines = createInterface({ input: process.stdin });
lines.on('line', (text) => client.send({ type: 'text', text }));
lines.on('close', () => client.close());
client.closed.then(() => process.exit());
