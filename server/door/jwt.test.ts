import { createHmac } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { temporaryFolder } from '../../test/support/after-test.ts';
import { Issuer, type Said } from '../../test/support/issuer.ts';
import { jwtCheck, jwtOptions } from './jwt.ts';

const log = { info: () => {}, warn: () => {} };

/** A check that trusts the issuer, or its keys in a file. */
async function checkOf(issuer: Issuer, jwks = issuer.url) {
  const check = await jwtCheck(jwtOptions.parse({ jwks, issuer: issuer.flags['jwt.issuer'] }), log);
  if (!check) throw new Error('no check');
  return check;
}

/** What is said about a token that is not accepted. */
async function refusal(asked: Promise<unknown>): Promise<string> {
  const thrown = await asked.then(
    () => 'accepted',
    (error: unknown) => error,
  );
  return thrown instanceof Error ? thrown.message : String(thrown);
}

describe('a JSON Web Token', () => {
  it('speaks for its user, with the rights that it names', async () => {
    const issuer = await Issuer.start();
    const check = await checkOf(issuer);
    const plain = await check(await issuer.sign({ sub: 'anna' }));
    expect(plain).toMatchObject({ speaksFor: { user: 'anna' }, doors: undefined, rights: new Set() });
    const rights = { user: 'ben', doors: ['chat-stream'], inspect: true, control: true };
    expect(await check(await issuer.sign({ sub: 'auth0|17', rights }))).toMatchObject({
      speaksFor: { user: 'ben' },
      doors: new Set(['chat-stream']),
      rights: new Set(['inspect', 'control']),
    });
    expect(await check(await issuer.sign({ sub: 'auth0|17' }))).toMatchObject({ speaksFor: {} });
    const [one, other] = [
      await issuer.sign({ sub: 'anna' }),
      await issuer.sign({ sub: 'anna', expiresIn: 61 }),
    ];
    expect((await check(one)).name).toBe((await check(other)).name);
  });

  it.each<[string, Said, string]>([
    ['has expired', { expiresIn: -10 }, 'it expired at 20'],
    ['begins later', { beginsIn: 20 }, '"nbf"'],
    ['is of another issuer', { iss: 'https://evil.example' }, '"iss"'],
    ['is for another audience', { aud: 'another' }, '"aud"'],
    ['has rights that are none', { rights: { inspect: 'yes' } }, 'its rights'],
    ['names a user that is none', { rights: { user: '../anna' } }, 'its rights'],
  ])('is refused if it %s', async (_how, said, why) => {
    const issuer = await Issuer.start();
    const refused = await refusal((await checkOf(issuer))(await issuer.sign({ sub: 'anna', ...said })));
    expect(refused).toContain('the token is not accepted');
    expect(refused).toContain(why);
  });

  it('is refused without a signature, with one of another key, or of a holder of the public key', async () => {
    const [issuer, thief] = [await Issuer.start(), await Issuer.start()];
    const check = await checkOf(issuer);
    const [, payload = '', signature = ''] = (await issuer.sign({ sub: 'anna' })).split('.');
    const coded = (header: object) => Buffer.from(JSON.stringify(header)).toString('base64url');
    const [key] = (await issuer.keys()).keys;
    const signed = `${coded({ alg: 'HS256', kid: key?.kid })}.${payload}`;
    for (const token of [
      'nonsense',
      await thief.sign({ sub: 'anna' }),
      `${coded({ alg: 'none' })}.${payload}.`,
      `${coded({ alg: 'ES256', kid: key?.kid })}.${coded({ sub: 'anna' })}.${signature}`,
      `${signed}.${createHmac('sha256', JSON.stringify(key)).update(signed).digest('base64url')}`,
    ])
      await expect(check(token)).rejects.toMatchObject({ code: 'UNAUTHORISED' });
  });
});

describe('the keys of tokens', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const later = (ms: number) => vi.setSystemTime(Date.now() + ms);

  it('of a URL are asked for when a token names a new one, at most every 30 s', async () => {
    const issuer = await Issuer.start();
    const check = await checkOf(issuer);
    const old = await issuer.sign();
    await check(old);
    await check(await issuer.sign());
    expect(issuer.asked).toBe(1);
    await issuer.rotate();
    expect(await refusal(check(await issuer.sign()))).toContain('no applicable key');
    later(31_000);
    await check(await issuer.sign());
    expect(issuer.asked).toBe(2);
    expect(await refusal(check(old))).toContain('no applicable key');
  });

  it('of a URL stay in force while it does not answer; without any no client is refused for good', async () => {
    const issuer = await Issuer.start();
    const check = await checkOf(issuer);
    issuer.isDown = true;
    await expect(check(await issuer.sign())).rejects.toMatchObject({ code: 'INTERNAL' });
    later(1_000);
    issuer.isDown = false;
    await check(await issuer.sign());
    issuer.isDown = true;
    later(3_600_000);
    await check(await issuer.sign());
    const { asked } = issuer;
    await check(await issuer.sign());
    expect(issuer.asked).toBe(asked);
  });

  it('of a file are read again when it has changed', async () => {
    const issuer = await Issuer.start();
    const file = join(await temporaryFolder(), 'keys.json');
    const write = async () => writeFile(file, JSON.stringify(await issuer.keys()));
    await write();
    const check = await checkOf(issuer, file);
    const old = await issuer.sign();
    await check(old);
    await issuer.rotate();
    await write();
    later(5_000);
    await check(await issuer.sign());
    expect(await refusal(check(old))).toContain('no applicable key');
    await writeFile(file, 'half a fi');
    later(5_000);
    await check(await issuer.sign());
  });

  it.each([
    ['without an issuer', { jwks: 'keys.json' }, 'needs jwt.issuer'],
    ['in a file that is missing', { jwks: '/nowhere/keys.json', issuer: 'me' }, 'ENOENT'],
    [
      'over plain HTTP from another machine',
      { jwks: 'http://login.example/keys', issuer: 'me' },
      'must be https:',
    ],
  ])('are refused %s', async (_how, options, why) => {
    await expect(jwtCheck(jwtOptions.parse(options), log)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(why),
    });
  });
});
