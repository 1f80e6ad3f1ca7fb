import { describe, expect, it } from 'vitest';
import { broken, Log } from '../../invariants-test-util.ts';

describe('invariant 29 finds', () => {
  const away = (log: Log) => log.event({ type: 'away' }, 'idle');
  const spoke = () => new Log().reply().frames(0, 50);

  it('no fault in a reply that ends when the client is lost, nor in one after its return', () => {
    expect(broken(away(spoke()).stopAll().flush().end('One two'))).toEqual([]);
    const returned = away(new Log()).event({ type: 'back' }, 'idle');
    expect(broken(returned.reply().frames(0, 50).interrupted('One two'))).toEqual([]);
  });

  it('a frame that leaves meanwhile, and a reply that goes on or begins', () => {
    expect(broken(away(spoke()).frames(50, 51))).toContain(29);
    expect(broken(spoke().event({ type: 'away' }, 'speaking'))).toContain(29);
    expect(broken(away(new Log()).open(1))).toContain(29);
  });
});
