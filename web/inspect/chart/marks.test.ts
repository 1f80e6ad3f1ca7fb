import { describe, expect, it } from 'vitest';
import { activeStates, innermost } from './active.ts';
import { sessionMap } from './chart-map.ts';
import { labelSpot } from './label-spot.ts';
import { labelOf, marksOf, moveWords, transitionWords } from './marks.ts';
import { placeMap } from './place.ts';

const map = sessionMap();

describe('activeStates', () => {
  it('are all that are active, those around included', () => {
    const active = activeStates({ responding: { phase: { speaking: 'playing' }, llm: 'finished' } });
    expect([...active]).toEqual([
      '',
      'responding',
      'responding.phase',
      'responding.phase.speaking',
      'responding.phase.speaking.playing',
      'responding.llm',
      'responding.llm.finished',
    ]);
    expect(innermost(active)).toEqual(['responding.phase.speaking.playing', 'responding.llm.finished']);
    expect([...activeStates('idle')]).toEqual(['', 'idle']);
  });

  it('are none for what is not a state value', () => {
    for (const value of [undefined, null, 3, ['a'].map(() => null), { a: 1 }])
      expect(activeStates(value).has('a')).toBe(false);
  });
});

describe('what an event did', () => {
  const begun = [
    'responding.phase.processing.thinking · playout.started',
    'responding.playback.running · playout.started',
  ];

  it('marks the innermost active states that it entered', () => {
    const value = { responding: { phase: { speaking: 'playing' }, playback: 'running' } };
    const { entered } = marksOf(map, value, { taken: begun, refused: [] });
    expect([...entered]).toEqual(['responding.phase.speaking.playing']);
  });

  it('is said by the transition that changed the public state, whatever else it did', () => {
    expect(labelOf(map, { taken: begun, refused: [] })?.transition.id).toBe(begun[0]);
    expect(labelOf(map, { taken: [...begun].reverse(), refused: [] })?.transition.id).toBe(begun[0]);
  });

  it('is said by what moved an inner state rather than by what only stayed', () => {
    const taken = [
      'responding.llm.running.asking · llm.delta',
      'responding.playback.running · playout.started',
    ];
    expect(labelOf(map, { taken, refused: [] })?.transition.id).toBe(taken[0]);
  });

  it('names beside it the guards that refused in the same state, each once', () => {
    const [first, second] = ['#1', '#2'].map(
      (n) => `responding.phase.processing.thinking · speech.start ${n}`,
    );
    const elsewhere = 'responding.phase.processing.transcribing · always #1';
    const label = labelOf(map, { taken: [second ?? ''], refused: [first ?? '', first ?? '', elsewhere] });
    expect(label).toMatchObject({ taken: true, refused: ['interruptsAction'] });
  });

  it('is what was refused if nothing was taken; what was refused once and then taken was taken', () => {
    const refused = ['responding.phase.acting · always'];
    expect(labelOf(map, { taken: [], refused })).toMatchObject({
      taken: false,
      refused: ['in responding.actions.finished'],
    });
    expect(labelOf(map, { taken: refused, refused })).toMatchObject({ taken: true, refused: [] });
    expect(labelOf(map, { taken: [], refused: [] })).toBeUndefined();
    expect(labelOf(map, { taken: ['of another version'], refused: [] })).toBeUndefined();
  });

  it('is put in words', () => {
    const find = (id: string) => map.transitions.find((one) => one.id === id);
    const [stays, moves, again] = [
      find('(root) · transcript.partial'),
      find('responding.llm.running.asking · after llmFirstToken'),
      find('responding.llm.running.streaming · llm.delta'),
    ];
    if (!stays || !moves || !again) throw new Error('the machine has other transitions');
    expect([transitionWords(stays), moveWords(stays)]).toEqual(['transcript.partial', '']);
    expect([transitionWords(moves), moveWords(moves)]).toEqual(['after llmFirstToken', 'asking → finished']);
    expect(moveWords(again)).toBe('streaming again');
  });
});

describe.each([333, 740, 1_125])('the label in a room of %d px', (width) => {
  it('has a place for every transition, where no state is', () => {
    const open = new Set([...map.states.keys()]);
    const place = placeMap(map, { width, height: 352, open });
    for (const transition of map.transitions)
      for (const now of transition.from) {
        const spot = labelSpot(place, transition, { now, middle: undefined });
        expect(spot, transition.id).toBeDefined();
        const { x = 0, y = 0, width: wide = 0, height = 0 } = spot?.strip ?? {};
        const under = [...place.nodes, ...place.rows].filter(
          (one) => one.x < x + wide && x < one.x + one.width && one.y < y + height && y < one.y + one.height,
        );
        expect(under, transition.id).toEqual([]);
      }
  });
});
