import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from './json.ts';

/** All UTF-16 units, so halves of surrogate pairs and control characters too. */
const anyText = fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units));
const anyValue = fc.anything({
  key: anyText,
  values: [anyText, fc.double(), fc.boolean(), fc.constant(null)],
});

/** The same value with the members of its objects in reverse order. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).reverse();
  return Object.fromEntries(entries.map(([key, member]) => [key, turned(member)]));
}

describe('canonical JSON', () => {
  it('is equivalent to JSON for any value', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const usual: unknown = JSON.parse(JSON.stringify(value) ?? 'null');
        expect(JSON.parse(canonicalJson(value))).toEqual(usual);
      }),
    );
  });

  it('is the same for members in any order, and after parsing it', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(turned(value))).toBe(text);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
      }),
    );
  });

  it('escapes exactly as JSON does', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(canonicalJson(text)).toBe(JSON.stringify(text));
      }),
    );
  });
});
