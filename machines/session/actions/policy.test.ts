import { describe, expect, it } from 'vitest';
import { actionRefusal } from './policy.ts';

const free = { allow: ['*'], maxPerReply: 16 };

describe('an action', () => {
  it('may start if no rule forbids it', () => {
    expect(actionRefusal('wave', 0, free)).toBeUndefined();
    expect(
      actionRefusal('wave', 15, { allow: ['wave'], offered: ['wave'], maxPerReply: 16 }),
    ).toBeUndefined();
  });

  it('that was never offered is unknown, even if all actions are allowed', () => {
    expect(actionRefusal('rm -rf /', 0, { ...free, offered: ['wave'] })).toBe('ACTION_UNKNOWN');
    expect(actionRefusal('wave', 0, { ...free, offered: [] })).toBe('ACTION_UNKNOWN');
    expect(actionRefusal('*', 0, { ...free, offered: ['*'] })).toBeUndefined();
    expect(actionRefusal('wave', 0, { ...free, offered: ['*'] })).toBe('ACTION_UNKNOWN');
  });

  it('that the configuration does not allow is refused', () => {
    expect(actionRefusal('launch', 0, { allow: ['wave'], offered: ['launch'], maxPerReply: 16 })).toBe(
      'ACTION_REFUSED',
    );
  });

  it('beyond the limit of a reply is one too many', () => {
    expect(actionRefusal('wave', 16, free)).toBe('ACTION_LIMIT');
    expect(actionRefusal('wave', 0, { ...free, maxPerReply: 0 })).toBe('ACTION_LIMIT');
  });
});
