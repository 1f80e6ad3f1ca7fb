/** What `ws` itself needs for a session's messages: it takes audio and drops it. */
import { WebSocketServer } from 'ws';
import { SUBPROTOCOL } from '../../../machines/wire.ts';
import { answerParent } from './child-process.ts';
import { monotonicMs } from './monotonic.ts';
import type { Usage } from './reports.ts';

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
const ready = JSON.stringify({ type: 'ready', session: 'none' });
server.on('connection', (socket) => {
  socket.once('message', () => socket.send(ready));
  socket.on('message', () => {});
});
await new Promise<void>((resolve) => server.once('listening', resolve));

answerParent(
  {
    start: () => {
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error(`no port of ${SUBPROTOCOL}`);
      return `ws://127.0.0.1:${address.port}`;
    },
    usage: (): Usage => {
      const { user, system } = process.cpuUsage();
      const { rss, heapUsed } = process.memoryUsage();
      return {
        atMs: monotonicMs(),
        cpuMs: (user + system) / 1_000,
        residentBytes: rss,
        heapBytes: heapUsed,
      };
    },
    takeStamps: () => [],
  },
  async () => {
    for (const client of server.clients) client.terminate();
    server.close();
  },
);
