import fc from 'fast-check';
import { expect, it } from 'vitest';
import { canonicalJson } from '../json.ts';
import { type KernelState, RecordedState, StateText } from './state.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 200 });
const member = fc.oneof(
  text,
  fc.integer(),
  fc.constant(null),
  fc.array(fc.record({ text }), { maxLength: 6 }),
);
const reply = fc.option(fc.record({ text, segments: member, played: fc.nat() }, { requiredKeys: ['text'] }));
const state: fc.Arbitrary<KernelState> = fc.record({
  value: fc.oneof(fc.constant('idle'), fc.record({ responding: member })),
  ended: fc.boolean(),
  context: fc.record(
    { nowMs: fc.nat(), turn: fc.nat(3), history: member, reply },
    { requiredKeys: ['nowMs', 'turn', 'reply'] },
  ),
});

function partsOf({ value, ended, context }: KernelState): Record<string, string> {
  const parts: Record<string, string> = { value: canonicalJson(value), ended: canonicalJson(ended) };
  for (const [name, one] of Object.entries(context)) {
    if (name === 'nowMs') continue;
    if (name === 'reply' && typeof one === 'object' && one !== null)
      for (const [inner, part] of Object.entries(one)) {
        if (inner !== 'segments' || !Array.isArray(part) || part.length === 0)
          parts[`context.reply.${inner}`] = canonicalJson(part);
        else
          part.forEach((segment, index) => {
            parts[`context.reply.segments.${index}`] = canonicalJson(segment);
          });
      }
    else parts[`context.${name}`] = canonicalJson(one);
  }
  return parts;
}

it('the recorded changes restore every state', () => {
  fc.assert(
    fc.property(fc.array(state, { minLength: 1, maxLength: 12 }), (states) => {
      const [live, recorded] = [new StateText(), new RecordedState()];
      for (const one of states) {
        recorded.apply(live.advance(one));
        expect(Object.fromEntries(recorded.parts())).toEqual(partsOf(one));
      }
    }),
  );
});

it('a change does not depend on object identity', () => {
  fc.assert(
    fc.property(fc.array(state, { minLength: 1, maxLength: 8 }), (states) => {
      const [kept, copied] = [new StateText(), new StateText()];
      for (const one of states) {
        expect(copied.advance(structuredClone(one))).toBe(kept.advance(one));
        expect(kept.advance(one)).toBe('[]');
      }
    }),
  );
});
