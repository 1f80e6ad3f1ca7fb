import { describe, expect, it } from 'vitest';
import { ParleyError } from '../../machines/errors.ts';
import { hang, type LlmScript, scriptedLlm } from '../../testing/scripted-engines.ts';
import { pause } from '../cancellation.ts';
import type { LlmEngine, LlmEvent, LlmRequest } from '../ports/llm.ts';
import { bench } from './harness-test-util.ts';
import { chainLlm, type LlmChainOptions } from './llm.ts';

const REQUEST: LlmRequest = { messages: [{ role: 'user', content: 'hello' }], language: 'en', seed: 1 };
const FAST = { firstTokenMs: 10, tokenMs: 10 };

/** A chain of engines a, b, c… that follow their scripts: one script per request, the last one repeated. */
function chained(scripts: readonly (readonly LlmScript[])[], options: Partial<LlmChainOptions> = {}) {
  const tools = bench(options);
  const asked: LlmRequest[] = [];
  let running = 0;
  const engines = scripts.map((list, place): LlmEngine => {
    let next = 0;
    const script = () => list[Math.min(next++, list.length - 1)] ?? {};
    const inner = scriptedLlm(tools.clock, script, 'abc'[place]);
    return {
      ...inner,
      async *reply(request, signal) {
        asked.push(request);
        running++;
        try {
          yield* inner.reply(request, signal);
        } finally {
          running--;
        }
      },
    };
  });
  const engine = chainLlm(engines, { ...tools.options, ...options });
  const ask = (signal = new AbortController().signal) => tools.read(engine.reply(REQUEST, signal));
  /** A request, after this time. */
  const answered = async (ms: number) => {
    const reply = ask();
    await tools.clock.advance(ms);
    return reply;
  };
  /** A request that its caller aborts after this time. */
  const abandoned = (ms: number) => tools.abandoned(ask, ms);
  return { ...tools, engine, ask, answered, abandoned, asked, running: () => running };
}

function textOf({ events }: { events: readonly LlmEvent[] }): string {
  return events.map((event) => (event.type === 'delta' ? event.text : '')).join('');
}

describe('a chain of language engines', () => {
  it('asks the next engine at the moment when one fails', async () => {
    const { log, answered } = chained([[{ ...FAST, text: 'x', failsAt: 0 }], [{ ...FAST, text: 'I am b.' }]]);
    const reply = await answered(1_000);
    expect(textOf(reply)).toBe('I am b.');
    expect(reply).toMatchObject({ end: 'done', firstMs: 20 });
    expect(log).toEqual([
      'a asked first',
      'a failed LLM_FAILED',
      'b switched from a',
      'b asked failed',
      'b firstByte 10',
    ]);
  });

  it('waits for an engine that shows that it works, and asks no other one meanwhile', async () => {
    const tools = bench();
    const thinks: LlmEngine = {
      name: 'a',
      async *reply(_request, signal) {
        for (let second = 0; second < 7; second++) {
          await pause(tools.clock, 900, signal);
          yield { type: 'delta', text: '' };
        }
        yield { type: 'delta', text: 'Well.' };
      },
      close: async () => {},
    };
    const other = scriptedLlm(tools.clock, () => ({ ...FAST, text: 'b' }), 'b');
    const reply = tools.read(
      chainLlm([thinks, other], tools.options).reply(REQUEST, new AbortController().signal),
    );
    await tools.clock.advance(10_000);
    expect(textOf(reply)).toBe('Well.');
    expect(tools.log).toEqual(['a asked first', 'a firstByte 6300']);
  });

  it('aborts an engine that misses its deadline', async () => {
    const { log, running, answered } = chained([[{ hangsAt: 0 }], [{ ...FAST, text: 'b' }]]);
    const reply = await answered(5_000);
    expect(textOf(reply)).toBe('b');
    expect(reply.firstMs).toBe(1_010);
    expect(log).toContain('a failed LLM_TIMEOUT');
    expect(running()).toBe(0);
  });

  it('lets the caller limit the time of the last engine', async () => {
    const { answered } = chained([[{ failsAt: 0 }], [{ firstTokenMs: 30_000, text: 'late' }]]);
    const reply = await answered(31_000);
    expect(textOf(reply)).toBe('late');
  });

  it('fails with the last error when no engine is left', async () => {
    const { answered } = chained([[{ hangsAt: 0 }], [{ failsAt: 0 }]]);
    const reply = await answered(2_000);
    expect(reply).toMatchObject({ events: [], end: 'LLM_FAILED' });
  });

  it('fails a reply that breaks off after its first text', async () => {
    const { log, answered } = chained([[{ ...FAST, text: 'one two', failsAt: 1 }], [{ text: 'b' }]]);
    const reply = await answered(1_000);
    expect(textOf(reply)).toBe('one ');
    expect(reply.end).toBe('LLM_FAILED');
    expect(log.at(-1)).toBe('a failed LLM_FAILED midway');
  });

  it.each([
    ['breaks off', { failsAt: 1 }],
    ['hangs', { hangsAt: 1 }],
  ])('ends a reply that %s as if it were complete, if configured so', async (_what, fault) => {
    const { answered } = chained([[{ ...FAST, text: 'one two', ...fault }]], { brokenReply: 'end' });
    const reply = await answered(1_000);
    expect(textOf(reply)).toBe('one ');
    expect(reply.end).toBe('done');
  });

  it('treats an action as the beginning of the answer', async () => {
    const actions: LlmEvent[] = [{ type: 'action', id: '1', name: 'wave', args: {} }];
    const { answered } = chained([[{ ...FAST, actions, failsAt: 0 }], [{ text: 'b' }]]);
    const reply = await answered(1_000);
    expect(reply).toMatchObject({ events: actions, end: 'LLM_FAILED' });
  });

  it('frees its resources after an abort at any point, even if an engine ignores the signal', async () => {
    for (const script of [{ hangsAt: 0 }, { ...FAST, text: 'a b c', hangsAt: 1 }]) {
      const { clock, running, abandoned } = chained([[script], [script]]);
      const reply = await abandoned(200);
      expect(reply.end).toBe('CANCELLED');
      expect(running()).toBe(0);
      expect(clock.nextAtMs()).toBeUndefined();
    }
    const { options, read, clock } = bench();
    const deaf: LlmEngine = {
      name: 'deaf',
      async *reply() {
        yield await hang(new AbortController().signal);
      },
      close: async () => {},
    };
    const controller = new AbortController();
    const reply = read(chainLlm([deaf], options).reply(REQUEST, controller.signal));
    await clock.advance(10);
    controller.abort();
    await clock.advance(0);
    expect(reply.end).toBe('CANCELLED');
  });

  it('stops the engine when the reader leaves', async () => {
    const { engine, clock, running } = chained([[{ ...FAST, text: 'a b c d e f' }]]);
    const leaves = (async () => {
      for await (const _event of engine.reply(REQUEST, new AbortController().signal)) return;
    })();
    await clock.advance(15);
    await leaves;
    await clock.advance(0);
    expect(running()).toBe(0);
  });

  it('cancels requests on close, and refuses new ones', async () => {
    const { clock, engine, answered } = chained([[{ hangsAt: 0 }]]);
    const reply = await answered(10);
    await engine.close();
    await clock.advance(0);
    expect(reply.end).toBe('CANCELLED');
    const late = await answered(0);
    expect(late.end).toBe('CANCELLED');
  });

  it('maps foreign errors to the catalogue', async () => {
    const { options, read, clock } = bench();
    const strange: LlmEngine = {
      name: 'strange',
      reply() {
        throw new TypeError('no such field');
      },
      close: async () => {},
    };
    const reply = read(chainLlm([strange], options).reply(REQUEST, new AbortController().signal));
    await clock.advance(0);
    expect(reply.end).toBe('LLM_FAILED');
  });
});

describe('the breaker of a chain', () => {
  it('excludes a sick engine, probes it with a copy of a request, and uses it again once it is healthy', async () => {
    const sick = { ...FAST, failsAt: 0 };
    const { clock, log, answered } = chained(
      [[sick, sick, sick, sick, { ...FAST, text: 'I am a.' }], [{ ...FAST, text: 'I am b.' }]],
      { breaker: { failures: 3, windowMs: 60_000, backoffMs: 5_000, maxBackoffMs: 60_000 } },
    );
    const turn = async () => {
      log.length = 0;
      const reply = await answered(1_000);
      return { text: textOf(reply), firstMs: (reply.firstMs ?? 0) - (clock.nowMs() - 1_000), log: [...log] };
    };
    for (let i = 0; i < 3; i++) expect(await turn()).toMatchObject({ text: 'I am b.', firstMs: 20 });
    // Open: b is asked at once.
    expect(await turn()).toMatchObject({ firstMs: 10, log: ['b asked first', 'b firstByte 10'] });
    await clock.advance(5_000);
    // The probe fails; no request waits for it.
    const probed = await turn();
    expect(probed).toMatchObject({ text: 'I am b.', firstMs: 10 });
    expect(probed.log).toEqual(expect.arrayContaining(['a asked probe', 'a breaker open']));
    await clock.advance(10_000);
    expect((await turn()).log).toContain('a breaker closed');
    expect(await turn()).toMatchObject({ text: 'I am a.', firstMs: 10 });
  });

  it('asks a sick engine when no other is left', async () => {
    const { answered } = chained([
      [{ failsAt: 0 }, { failsAt: 0 }, { failsAt: 0 }, { ...FAST, text: 'well' }],
    ]);
    for (let i = 0; i < 3; i++) await answered(200);
    const reply = await answered(200);
    expect(textOf(reply)).toBe('well');
  });

  it('counts an engine as failed when its caller could not wait any longer', async () => {
    const { log, abandoned } = chained([[{ hangsAt: 0 }]]);
    for (let i = 0; i < 3; i++) await abandoned(8_000);
    expect(log).toContain('a breaker open');
  });

  it('does not count a reply that was interrupted', async () => {
    const { log, abandoned } = chained([[{ hangsAt: 0 }]]);
    for (let i = 0; i < 5; i++) await abandoned(300);
    expect(log.filter((line) => !line.startsWith('a asked'))).toEqual([]);
  });

  it('opens for an engine that could not be warmed', async () => {
    const tools = bench();
    const make = (name: string, fails: boolean): LlmEngine => ({
      ...scriptedLlm(tools.clock, () => ({ ...FAST, text: name }), name),
      warm: async () => {
        if (fails) throw new ParleyError('ENGINE_UNREACHABLE');
      },
    });
    const engine = chainLlm([make('a', true), make('b', false)], tools.options);
    await engine.warm?.();
    const reply = tools.read(engine.reply(REQUEST, new AbortController().signal));
    await tools.clock.advance(100);
    expect(textOf(reply)).toBe('b');
    expect(tools.log.slice(0, 3)).toEqual(['a notWarmed', 'a breaker open', 'b warmed']);
    const none = chainLlm([make('a', true), make('b', true)], tools.options);
    await expect(none.warm?.()).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE' });
  });
});

describe('hedging', () => {
  it('asks the next engine too when one is slower than usual, and aborts the loser', async () => {
    const usual = Array.from({ length: 20 }, () => ({ firstTokenMs: 100, tokenMs: 1, text: 'a' }));
    const { clock, log, running, answered } = chained(
      [[...usual, { firstTokenMs: 800, text: 'slow a' }], [{ ...FAST, text: 'b' }]],
      { hedge: true },
    );
    for (let i = 0; i < 20; i++) await answered(500);
    log.length = 0;
    const startMs = clock.nowMs();
    const reply = await answered(2_000);
    expect(textOf(reply)).toBe('b');
    expect((reply.firstMs ?? 0) - startMs).toBe(110);
    expect(log).toEqual(['a asked first', 'b hedged from a after 100', 'b asked hedge', 'b firstByte 10']);
    expect(running()).toBe(0);
  });

  it('does nothing before it knows the engine, or when it is off', async () => {
    const { log, answered } = chained([[{ firstTokenMs: 800, text: 'a' }], [{ text: 'b' }]], {
      hedge: true,
    });
    await answered(2_000);
    expect(log).toEqual(['a asked first', 'a firstByte 800']);
  });
});

describe('unstreamed replies', () => {
  it('arrive whole, and are requested whole', async () => {
    const { asked, answered } = chained([[{ ...FAST, text: 'one two' }]], { stream: false });
    const reply = await answered(1_000);
    expect(textOf(reply)).toBe('one two');
    expect(reply).toMatchObject({ firstMs: 30, endMs: 30 });
    expect(asked[0]?.stream).toBe(false);
  });

  it('can switch to the next engine at any time', async () => {
    const { answered } = chained([[{ ...FAST, text: 'one two', failsAt: 1 }], [{ ...FAST, text: 'b' }]], {
      stream: false,
    });
    const reply = await answered(1_000);
    expect(textOf(reply)).toBe('b');
  });

  it('replace streaming while an engine keeps breaking off, until streaming is tried again', async () => {
    const breaks = { ...FAST, text: 'one two', failsAt: 1 };
    const { clock, asked, log, answered } = chained([[breaks, breaks, breaks, { ...FAST, text: 'one two' }]]);
    for (let i = 0; i < 3; i++) await answered(500);
    expect(log).toContain('a streaming false');
    const whole = await answered(500);
    expect(textOf(whole)).toBe('one two');
    expect(whole.firstMs).toBe(whole.endMs);
    await clock.advance(5_000);
    const probe = await answered(500);
    expect(probe.firstMs).toBeLessThan(probe.endMs ?? 0);
    expect(asked.map(({ stream }) => stream)).toEqual([undefined, undefined, undefined, false, undefined]);
    expect(log).toContain('a streaming true');
  });
});
