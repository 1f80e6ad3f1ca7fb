import { describe, expect, it } from 'vitest';
import { sessionMap } from './chart-map.ts';
import { allDoors } from './opening.ts';
import { placeMap } from './place.ts';
import { treeKey, treeOf } from './tree.ts';

const map = sessionMap();
const tree = (open: ReadonlySet<string>) => treeOf(map, placeMap(map, { width: 740, height: 352, open }));
const NONE: ReadonlySet<string> = new Set();

describe('the tree', () => {
  it('is the public states and the frame while nothing is open', () => {
    expect(tree(NONE).map(({ path, level, expanded }) => [path, level, expanded])).toEqual([
      ['idle', 1, undefined],
      ['listening', 1, false],
      ['responding.phase.processing', 1, false],
      ['responding.phase.speaking', 1, false],
      ['responding', 1, false],
      ['stopped', 1, undefined],
      ['ended', 1, undefined],
    ]);
  });

  it('has every state once if all is open, each below the one around it', () => {
    const items = tree(allDoors(map));
    expect(items.map(({ path }) => path).sort()).toEqual([...map.states.keys()].sort());
    for (const { parent, level } of items) {
      const around = items.find(({ path }) => path === parent);
      expect(level).toBe(around ? around.level + 1 : 1);
    }
  });

  it('counts siblings', () => {
    const items = tree(new Set(['listening']));
    const inner = items.filter(({ parent }) => parent === 'listening');
    expect(inner.map(({ position, siblings }) => [position, siblings])).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
  });
});

describe('keys', () => {
  const open = new Set(['listening']);
  const items = tree(open);
  const press = (path: string, key: string, closable: ReadonlySet<string> = open) =>
    treeKey(items, { path, key, closable });

  it('go down and up, to the first and the last', () => {
    expect(press('idle', 'ArrowDown')).toEqual({ go: 'listening' });
    expect(press('listening', 'ArrowUp')).toEqual({ go: 'idle' });
    expect(press('idle', 'ArrowUp')).toEqual({ go: undefined });
    expect(press('listening', 'End')).toEqual({ go: 'ended' });
    expect(press('ended', 'Home')).toEqual({ go: 'idle' });
  });

  it('open what is closed, go into what is open, and out of it again', () => {
    expect(press('responding', 'ArrowRight')).toEqual({ toggle: 'responding' });
    expect(press('listening', 'ArrowRight')).toEqual({ go: 'listening.capturing' });
    expect(press('listening.capturing', 'ArrowRight')).toEqual({});
    expect(press('listening.capturing', 'ArrowLeft')).toEqual({ go: 'listening' });
  });

  it('close what was opened by hand, and not what is open because it is active', () => {
    expect(press('listening', 'ArrowLeft')).toEqual({ toggle: 'listening' });
    expect(press('listening', 'ArrowLeft', NONE)).toEqual({});
  });

  it('mean nothing else', () => {
    expect(press('idle', 'x')).toBeUndefined();
    expect(press('nowhere', 'ArrowDown')).toBeUndefined();
  });
});
