import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { accessOf, userToken } from './access.ts';

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

describe('who a session is for', () => {
  const access = accessOf({ token: 'long enough' });
  const annas = userToken('anna', 'long enough');

  it('believes the holder of the server’s token who the user is', () => {
    expect(access.visitor('long enough')).toEqual({});
    expect(access.visitor('long enough', 'anna')).toEqual({ user: 'anna' });
    expect(accessOf({}).visitor(undefined, 'anna')).toEqual({ user: 'anna' });
  });

  it('takes a user’s token for that user only', () => {
    expect(access.visitor(annas)).toEqual({ user: 'anna' });
    expect(access.visitor(annas, 'anna')).toEqual({ user: 'anna' });
    expect(access.visitor(annas, 'ben')).toBeUndefined();
  });

  it('refuses every other token, and gives a user no look at other conversations', () => {
    const forged = annas.replace('anna', 'ben');
    for (const token of [
      undefined,
      '',
      'anna',
      'anna.',
      forged,
      `${annas}x`,
      userToken('anna', 'another token'),
    ])
      expect(access.visitor(token, 'anna')).toBeUndefined();
    expect(access.tokenAccepted(annas)).toBe(false);
  });
});
