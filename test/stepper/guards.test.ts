import { describe, expect, it } from 'vitest';
import { and, not, or, stateIn } from 'xstate';
import { defaultParameters } from '../../machines/parameters.ts';
import { initialContext } from '../../machines/session/context.ts';
import { sessionMachine } from '../../machines/session/machine.ts';
import { guardAt, guardOf } from '../../machines/stepper/guards.ts';
import { Unsupported } from '../../machines/stepper/operations.ts';
import { stepperOf } from '../../machines/stepper/stepper-of.ts';
import { XStateStepper } from '../../machines/stepper/xstate-stepper.ts';

const scope = { context: initialContext(undefined), event: { type: 'estop' } } as const;
const named = { yes: () => true, no: () => false };

function holds(guard: unknown, value: string): boolean {
  const verdict = guardAt(guardOf(guard, named), value);
  return typeof verdict === 'boolean' ? verdict : verdict(scope);
}

describe('a guard of the tables', () => {
  it.each([
    ['a name', 'yes', true],
    ['a function', () => false, false],
    ['not', not('no'), true],
    ['not, of a place', not(stateIn('idle')), false],
    ['a place', stateIn('stopped'), false],
    ['all', and(['yes', stateIn('idle')]), true],
    ['all, but for one', and(['yes', not('yes'), stateIn('idle')]), false],
    ['any', or(['no', stateIn('idle')]), true],
    ['any of none', or(['no', stateIn('stopped')]), false],
    ['one within another', and([or(['no', 'yes']), not(and(['yes', 'no']))]), true],
  ])('holds as in XState: %s', (_, guard, expected) => {
    expect(holds(guard, 'idle')).toBe(expected);
  });

  it('is refused when it is none that the tables know', () => {
    expect(() => guardOf('nobody', named)).toThrow(Unsupported);
    expect(() => guardOf({ type: 'yes', params: {} }, named)).toThrow(Unsupported);
    expect(() => guardOf(stateIn('#idle'), named)).toThrow(Unsupported);
  });
});

describe('a machine that the tables cannot tell', () => {
  it('is stepped by XState', () => {
    const machine = sessionMachine(defaultParameters).provide({ actions: { noteDelta: () => {} } });
    expect(stepperOf(machine)).toBeInstanceOf(XStateStepper);
  });
});
