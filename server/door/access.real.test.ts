import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type Access, accessOf, clientAddressOf, proxiesOf, userToken } from './access.ts';

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
  const userOf = async (one: Access, token: string | undefined, user?: string) =>
    (await one.caller(token, 'parley-v1', user)).user;

  it('believes the holder of the server’s token who the user is', async () => {
    expect(await userOf(access, 'long enough')).toBeUndefined();
    expect(await userOf(access, 'long enough', 'anna')).toBe('anna');
    expect(await userOf(accessOf({}), undefined, 'anna')).toBe('anna');
  });

  it('takes a user’s token for that user only', async () => {
    expect(await userOf(access, annas)).toBe('anna');
    expect(await userOf(access, annas, 'anna')).toBe('anna');
    await expect(userOf(access, annas, 'ben')).rejects.toMatchObject({ code: 'UNAUTHORISED' });
  });

  it('refuses every other token', async () => {
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
      await expect(userOf(access, token, 'anna')).rejects.toMatchObject({ code: 'UNAUTHORISED' });
  });

  it('gives a user no look at other conversations, and no voice in them', async () => {
    const request = requestFrom('10.0.0.7', { authorization: `Bearer ${annas}` });
    for (const wanted of ['inspect', 'control', { door: 'ingest-tts' }, { door: 'metrics' }] as const)
      await expect(access.permit(request, wanted)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});

describe('the address of a client', () => {
  const from = (peer: string, forwarded: string, ...proxies: readonly string[]) =>
    clientAddressOf(requestFrom(peer, { 'x-forwarded-for': forwarded }), proxiesOf(proxies));

  it('is the peer’s, whatever it says, unless the peer is a trusted proxy', () => {
    expect(from('10.0.0.7', '198.51.100.1')).toBe('10.0.0.7');
    expect(from('10.0.0.7', '198.51.100.1', '10.0.0.8')).toBe('10.0.0.7');
    expect(from('::ffff:10.0.0.7', '198.51.100.1', '10.0.0.0/8')).toBe('198.51.100.1');
    expect(from('fd00::2', '2001:db8::1', 'fd00::/8')).toBe('2001:db8::1');
  });

  it('is what the farthest trusted proxy has seen, not what the client invented before it', () => {
    const proxies = ['10.0.0.0/8'];
    expect(from('10.0.0.7', '127.0.0.1, 198.51.100.1, 10.0.0.6', ...proxies)).toBe('198.51.100.1');
    expect(from('10.0.0.7', 'nonsense', ...proxies)).toBe('10.0.0.7');
    expect(from('10.0.0.7', '', ...proxies)).toBe('10.0.0.7');
  });

  it('needs proxies that are addresses or networks', () => {
    expect(() => proxiesOf(['haproxy'])).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    expect(() => proxiesOf(['10.0.0.0/99'])).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});

it('quotas count a user, or the holder of a token of its own, but no client by the server’s token alone', async () => {
  const jwt = async (token: string) => ({ name: token, speaksFor: {}, rights: new Set<never>() });
  const access = accessOf({ token: 'long enough', jwt });
  const accountOf = async (token: string, user?: string) =>
    (await access.caller(token, 'parley-v1', user)).account;
  expect(await accountOf('long enough')).toBeUndefined();
  expect(await accountOf('long enough', 'anna')).toBe('anna');
  expect(await accountOf(userToken('anna', 'long enough'))).toBe('anna');
  expect(await accountOf('a service')).toBe('a service');
});
