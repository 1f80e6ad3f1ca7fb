import { describe, expect, it } from 'vitest';
import { defaultParameters, type SessionParameters } from '../../../machines/parameters.ts';
import { differs, fieldValue, recordedValue, withValues } from './parameter-values.ts';

const recorded: SessionParameters = defaultParameters;
const delay = { name: 'endpointing.delayMs', kind: 'integer', defaultValue: 500 };
const allow = { name: 'actions.allow', kind: 'list', defaultValue: ['*'] };
const later = { name: 'endpointing.inventedLaterMs', kind: 'integer', defaultValue: 7 };

describe('the form of parameters', () => {
  it('begins with what was recorded, or the default of what did not exist then', () => {
    expect(fieldValue(recordedValue(recorded, delay))).toBe('500');
    expect(fieldValue(recordedValue(recorded, allow))).toBe('*');
    expect(fieldValue(recordedValue(recorded, later))).toBe('7');
  });

  it('changes only what it says, in the parameter’s own type', () => {
    const changed = withValues(recorded, [delay, allow], new Map([['actions.allow', ' wave \n\nturn']]));

    expect(changed).toEqual({ ...recorded, actions: { ...recorded.actions, allow: ['wave', 'turn'] } });
    expect(recorded.actions.allow).toEqual(['*']);
  });

  it('knows what differs from the record', () => {
    expect(differs(recorded, delay, '500')).toBe(false);
    expect(differs(recorded, delay, '700')).toBe(true);
    expect(differs(recorded, allow, '*\n')).toBe(false);
  });
});
