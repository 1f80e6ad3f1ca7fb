import { APIConnectionTimeoutError } from 'openai';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ParleyError } from '../../machines/errors.ts';
import { engineError } from './errors.ts';
import { classifyOpenAi } from './openai-client.ts';

const toError = (thrown: unknown, cancelled = false) =>
  engineError(thrown, {
    failed: 'LLM_FAILED',
    cancelled,
    secret: 'sk-secret',
    classify: (error) => classifyOpenAi(error, 'LLM_FAILED'),
  });

const withCode = (code: string) => Object.assign(new Error(`it was ${code}`), { code });

describe('engineError', () => {
  it.each([
    ['ECONNREFUSED', 'ENGINE_UNREACHABLE'],
    ['ECONNRESET', 'ENGINE_UNREACHABLE'],
    ['ENOTFOUND', 'ENGINE_UNREACHABLE'],
    ['EAI_AGAIN', 'ENGINE_UNREACHABLE'],
    ['EHOSTUNREACH', 'ENGINE_UNREACHABLE'],
    ['ETIMEDOUT', 'ENGINE_UNREACHABLE'],
    ['EPIPE', 'ENGINE_UNREACHABLE'],
    ['CERT_HAS_EXPIRED', 'ENGINE_UNREACHABLE'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'ENGINE_UNREACHABLE'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'ENGINE_UNREACHABLE'],
    ['EPROTO', 'ENGINE_PROTOCOL'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'ENGINE_PROTOCOL'],
    ['HPE_INVALID_CONSTANT', 'ENGINE_PROTOCOL'],
    ['WS_ERR_INVALID_OPCODE', 'ENGINE_PROTOCOL'],
    ['ESOMETHING', 'LLM_FAILED'],
  ])('takes %s for %s, wherever it is in the causes', (code, expected) => {
    const direct = withCode(code);
    const wrapped = new Error('fetch failed', { cause: new Error('deeper', { cause: direct }) });
    const both = new AggregateError([withCode(code), withCode(code)], 'both addresses failed');
    expect([direct, wrapped, both].map((error) => toError(error).code)).toEqual(Array(3).fill(expected));
    expect(toError(wrapped).cause).toBe(wrapped);
  });

  it('reports invalid JSON, and JSON of another shape, as ENGINE_PROTOCOL', () => {
    expect(toError(new SyntaxError('Unexpected token')).code).toBe('ENGINE_PROTOCOL');
    expect(toError(z.string().safeParse(7).error).code).toBe('ENGINE_PROTOCOL');
  });

  it('reports a time-out of the client as ENGINE_UNREACHABLE', () => {
    expect(toError(new APIConnectionTimeoutError()).code).toBe('ENGINE_UNREACHABLE');
  });

  it('keeps a ParleyError as it is', () => {
    const error = new ParleyError('STT_TIMEOUT');
    expect(toError(error)).toBe(error);
    expect(toError(new Error('outside', { cause: error }))).toBe(error);
  });

  it('reports every error as CANCELLED once the call is cancelled', () => {
    expect(toError(withCode('ECONNRESET'), true).code).toBe('CANCELLED');
  });

  it('handles thrown values that are not errors, and circular causes', () => {
    const circle = new Error('round');
    circle.cause = circle;
    expect(toError(circle).code).toBe('LLM_FAILED');
    expect(toError('text').message).toContain('text');
    expect(toError(undefined).code).toBe('LLM_FAILED');
  });

  it('shows the key neither in the message nor in the cause', () => {
    const thrown = new TypeError('bad header: sk-secret', { cause: new Error('sk-secret again') });
    const error = toError(thrown);
    expect(error.message).toContain('bad header: ***');
    expect(error.cause).toMatchObject({ name: 'TypeError', message: 'bad header: ***' });
    expect(error.cause instanceof Error && error.cause.stack).not.toContain('sk-secret');
  });

  it('keeps its message to a line', () => {
    expect(toError(new Error(`a\n\n${'long '.repeat(99)}`)).message.length).toBeLessThan(260);
    expect(toError(new Error('a\nb')).message).not.toContain('\n');
  });
});
