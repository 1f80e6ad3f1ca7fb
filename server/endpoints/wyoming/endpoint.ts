import { type AddressInfo, createServer, type Server } from 'node:net';
import { addressOf } from '../../door/access.ts';
import type { Door } from '../../door/door.ts';
import type { Endpoint } from '../../door/endpoint.ts';
import { listening } from '../../door/web-server.ts';
import { Connection } from './connection.ts';
import { Conversations } from './conversations.ts';
import { DialledSatellite } from './dialled.ts';
import { WyomingLink } from './link.ts';
import { WYOMING, type WyomingParts } from './parts.ts';

/** The Wyoming protocol over TCP, for Home Assistant and its satellites: docs/how-to/home-assistant.md. */
export function wyoming({
  door,
  wyoming: parts,
}: {
  readonly door: Door;
  readonly wyoming?: WyomingParts | undefined;
}): Endpoint | undefined {
  if (!parts) return undefined;
  const { port, host, satellites } = parts.options;
  const server = port === undefined ? undefined : serverOf(door, parts);
  const dialled = satellites.map((address) => new DialledSatellite(address, door, parts));
  return {
    name: WYOMING,
    async listen() {
      if (server && port !== undefined) {
        await listening(server, host, port);
        // A server that listens over TCP has an address of this form.
        const bound = server.address() as AddressInfo;
        const name = host.includes(':') ? `[${host}]` : host;
        door.log.info({ url: `tcp://${name}:${bound.port}` }, 'the Wyoming protocol is served');
      }
      for (const satellite of dialled) satellite.start();
    },
    async close() {
      for (const satellite of dialled) satellite.close();
      if (server?.listening) await new Promise<unknown>((resolve) => server.close(resolve));
    },
  };
}

function serverOf(door: Door, parts: WyomingParts): Server {
  const conversations = new Conversations(door, parts);
  return createServer({ allowHalfOpen: true }, (socket) => {
    new WyomingLink(
      socket,
      door,
      (link) => new Connection(link, addressOf(socket), door, parts, conversations),
    );
  });
}
