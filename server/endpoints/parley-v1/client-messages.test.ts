import { describe, expect, it } from 'vitest';
import { parseCommand } from './client-messages.ts';

const parsed = (message: object) => parseCommand(JSON.stringify(message));
const TOOL = { name: 'wave', description: 'Waves.', parameters: { type: 'object' } };

describe('turns of the client', () => {
  it('are plain messages; a reply may have instructions of its own', () => {
    const messages = [{ type: 'commit' }, { type: 'clear' }, { type: 'respond' }];
    for (const message of messages) expect(parsed(message)).toEqual({ ok: true, message });
    const respond = { type: 'respond', instructions: 'Be brief.' };
    expect(parsed(respond)).toEqual({ ok: true, message: respond });
    expect(parsed({ type: 'respond', instructions: 1 })).toMatchObject({ failure: { code: 'BAD_FIELD' } });
  });
});

describe('the message `settings`', () => {
  it('may name any part', () => {
    const whole = {
      type: 'settings',
      language: 'zh-CN',
      voice: 'anna',
      instructions: 'Be brief.',
      tools: [TOOL],
      toolChoice: { name: 'wave' },
      turnDetection: { mode: 'auto', silenceMs: 300, respond: false, interrupt: false },
    };
    expect(parsed(whole)).toEqual({ ok: true, message: whole });
    expect(parsed({ type: 'settings' })).toEqual({ ok: true, message: { type: 'settings' } });
  });

  it.each([
    ['language', { language: 'in English' }],
    ['voice', { voice: '' }],
    ['instructions', { instructions: 'x'.repeat(16_001) }],
    ['tools.0.name', { tools: [{ ...TOOL, name: 'a b' }] }],
    ['tools.0.name', { tools: [{ ...TOOL, name: 'halt' }] }],
    ['tools', { tools: [TOOL, TOOL] }],
    ['tools', { tools: Array.from({ length: 65 }, (_, i) => ({ ...TOOL, name: `wave${i}` })) }],
    ['toolChoice', { toolChoice: 'sometimes' }],
    ['turnDetection.mode', { turnDetection: { silenceMs: 300 } }],
    ['turnDetection.silenceMs', { turnDetection: { mode: 'auto', silenceMs: 5 } }],
  ])('is refused, and %s named, if it is wrong', (field, change) => {
    const result = parsed({ type: 'settings', ...change });
    expect(result.ok ? '' : result.failure.code).toBe('BAD_FIELD');
    expect(result.ok ? '' : result.failure.detail).toContain(`${field}:`);
  });
});
