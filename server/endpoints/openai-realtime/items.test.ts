import { describe, expect, it } from 'vitest';
import { Conversation, historyOf, type Item } from './items.ts';

function said(id: string, text: string): Item {
  return { id, type: 'message', role: 'user', content: [{ type: 'input_text', text }] };
}

function conversation(...ids: string[]): Conversation {
  const items = new Conversation();
  for (const id of ids) items.place({ item: said(id, id), known: false });
  return items;
}

describe('the items of a conversation', () => {
  it('are placed at the end, behind another one, or at the root', () => {
    const items = conversation('a', 'b');
    expect(items.place({ item: said('c', 'c'), known: false }, 'a')).toMatchObject([
      { previous_item_id: 'a' },
    ]);
    expect(items.place({ item: said('d', 'd'), known: false }, 'root')).toMatchObject([
      { previous_item_id: null },
    ]);
    expect(items.entries.map(({ item }) => item.id)).toEqual(['d', 'a', 'c', 'b']);
    expect(items.before('b')).toBe('c');
  });

  it('that are too long for memory lose the oldest', () => {
    const items = conversation('a', 'b');
    expect(items.place({ item: said('long', 'x'.repeat(999_999)), known: false })).toMatchObject([
      { type: 'conversation.item.deleted', item_id: 'a' },
      { type: 'conversation.item.added', previous_item_id: 'b' },
    ]);
  });

  it('become the history of the language engine, with calls and results in words', () => {
    const call: Item = { id: 'c', type: 'function_call', call_id: 'call_1', name: 'look', arguments: '{}' };
    const output: Item = { id: 'o', type: 'function_call_output', call_id: 'call_1', output: 'a door' };
    expect(historyOf([said('a', 'what is there'), call, output, said('e', '')])).toEqual([
      { role: 'user', content: 'what is there' },
      { role: 'system', content: 'Call of look: {}' },
      { role: 'system', content: 'Result of look: a door' },
    ]);
  });
});
