import { describe, expect, it } from 'vitest';
import { sameToolName, toolNamed } from './tool-names.ts';

describe('names of tools', () => {
  it.each([
    ['go-forward', 'go_forward'],
    ['go-forward', 'Go_Forward'],
    ['goForward', 'go-forward'],
    ['files.read', 'files_read'],
    ['go forward', 'go-forward'],
  ])('%s and %s are one', (one, other) => {
    expect(sameToolName(one, other)).toBe(true);
  });

  it.each([
    ['go-forward', 'go-back'],
    ['go', 'go-forward'],
    ['', 'go'],
  ])('%s and %s are two', (one, other) => {
    expect(sameToolName(one, other)).toBe(false);
  });

  it.each([
    { asked: 'go_forward', known: ['go-forward', 'wave'], is: 'go-forward' },
    { asked: 'functions.go_forward', known: ['go-forward'], is: 'go-forward' },
    { asked: 'go_forward', known: ['go_forward', 'go-forward'], is: 'go_forward' },
    { asked: 'GoForward', known: ['go_forward', 'go-forward'], is: 'GoForward' },
    { asked: 'fly', known: ['wave'], is: 'fly' },
    { asked: 'constructor', known: [], is: 'constructor' },
  ])('$asked among $known is $is', ({ asked, known, is }) => {
    expect(toolNamed(asked, known)).toBe(is);
  });
});
