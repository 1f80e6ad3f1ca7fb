/** Requests of behaviours to the language engine. */
import { errorRecord } from '../../machines/errors.ts';
import type { Command, ModelRequest } from '../../machines/session/commands.ts';
import type { ModelEvent } from '../../machines/session/events.ts';
import { checkedCall } from '../calls/call-check.ts';
import type { RpcScope } from '../engine-rpc/mod.ts';
import type { LlmEngine } from '../ports/llm.ts';
import type { SlowSchemaCheck } from '../ports/schema-check.ts';

/** A later generation than that of any reply: only the behaviour cancels its requests. */
const BESIDE = 0xffff_ffff;

type ModelCommand = Extract<Command, { type: 'model' | 'modelStop' }>;

interface Deps {
  readonly session: string;
  readonly llm: (scope: RpcScope) => LlmEngine;
  readonly slow: SlowSchemaCheck;
  readonly emit: (event: ModelEvent) => void;
}

export class ModelRequests {
  readonly #deps: Deps;
  readonly #running = new Map<string, AbortController>();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  carryOut(command: ModelCommand): void {
    const { id } = command;
    if (command.type === 'modelStop') {
      this.#stop(id);
      return;
    }
    const over = new AbortController();
    this.#running.set(id, over);
    void this.#ask(id, command.request, over.signal).finally(() => {
      if (this.#running.get(id) === over) this.#running.delete(id);
    });
  }

  #stop(id: string): void {
    this.#running.get(id)?.abort();
    this.#running.delete(id);
  }

  close(): void {
    for (const id of [...this.#running.keys()]) this.#stop(id);
  }

  async #ask(id: string, request: ModelRequest, signal: AbortSignal): Promise<void> {
    const { session, llm, slow, emit } = this.#deps;
    const deliver = (event: ModelEvent) => {
      if (!signal.aborted) emit(event);
    };
    try {
      const { instructions, ...rest } = request;
      const asked = { ...rest, systemPrompt: instructions };
      for await (const event of llm({ session, generation: BESIDE }).reply(asked, signal)) {
        if (event.type === 'delta') {
          if (event.text !== '') deliver({ type: 'model.delta', id, text: event.text });
          continue;
        }
        const callable = { servers: [], clients: request.tools, actions: [] };
        const { name, args, invalid } = await checkedCall(event, callable, slow);
        deliver({ type: 'model.call', id, name, args, ...(invalid !== undefined && { invalid }) });
      }
      deliver({ type: 'model.ended', id });
    } catch (thrown) {
      deliver({ type: 'model.ended', id, error: errorRecord(thrown, 'LLM_FAILED') });
    }
  }
}
