import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { accessOf } from './access.ts';

function requestFrom(remoteAddress: string, headers: Record<string, string> = {}): IncomingMessage {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: remoteAddress });
  return Object.assign(new IncomingMessage(socket), { headers: { host: '127.0.0.1:7400', ...headers } });
}

describe('access to the server', () => {
  it.each(['10.0.0.7', '192.168.1.4', '::ffff:10.0.0.7', 'fe80::1', '127.0.0.1.evil', ''])(
    'without a token not %s',
    (address) => {
      expect(accessOf({}).refusal(requestFrom(address))?.status).toBe(403);
      expect(accessOf({ allowedOrigins: ['*'] }).refusal(requestFrom(address))?.status).toBe(403);
      expect(accessOf({ token: 'long enough' }).refusal(requestFrom(address))).toBeUndefined();
      expect(accessOf({ insecure: true }).refusal(requestFrom(address))).toBeUndefined();
    },
  );

  it.each(['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1'])('without a token %s', (address) => {
    expect(accessOf({}).refusal(requestFrom(address))).toBeUndefined();
  });

  it('accepts IP addresses and loopback names as host when other machines are served without a token', () => {
    const { refusal } = accessOf({ insecure: true });
    for (const host of ['192.168.1.4:7400', '[fe80::1]:7400', 'localhost'])
      expect(refusal(requestFrom('10.0.0.7', { host }))).toBeUndefined();
    for (const host of ['rebound.example', '192.168.1.4.rebound.example', ''])
      expect(refusal(requestFrom('10.0.0.7', { host }))?.status).toBe(403);
  });
});
