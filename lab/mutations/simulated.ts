import type { Mutation } from './mutation.ts';

/** Faults that the simulator must find. */
export const SIMULATED: readonly Mutation[] = [
  {
    what: 'none: nothing must be found',
    file: 'actors/session/runner.ts',
    find: "this.#bury(child, 'cancelled');",
    put: "this.#bury(child, 'cancelled');",
  },
  {
    what: 'a stop command is dropped',
    file: 'actors/session/runner.ts',
    find: "this.#bury(child, 'cancelled');\n    child.actor?.stop();",
    put: "this.#bury(child, 'cancelled');",
  },
  {
    what: 'events of stopped children are not filtered',
    file: 'actors/session/runner.ts',
    find: 'if (from && this.#children.get(from.kind) !== from) {',
    put: 'if (from && from.generation < 0) {',
    harmless: 'a stopped actor emits nothing more: the runner’s check is a second line of defence',
  },
  {
    what: 'commands are carried out in the wrong order',
    file: 'actors/session/runner.ts',
    find: 'for (const command of step.commands) {',
    put: 'for (const command of [...step.commands].reverse()) {',
  },
  {
    what: 'an event overtakes the delays that are due before it',
    file: 'actors/session/runner.ts',
    find: 'const atMs = this.nowMs();\n    this.#fireTimers(atMs);',
    put: 'const atMs = this.nowMs();',
    harmless: 'the inbox fires them before its first event, and time stands still until it is empty',
  },
  {
    what: 'a cancelled delay still fires',
    file: 'machines/kernel.ts',
    find: 'this.#timers.splice(at, 1);',
    put: '',
  },
  {
    what: 'two replies share a generation',
    file: 'machines/session/reply/reply.ts',
    find: 'const generation = speculation?.generation ?? context.lastGeneration + 1;',
    put: 'const generation = speculation?.generation ?? Math.max(1, context.lastGeneration);',
  },
  {
    what: 'an interrupted reply is not flushed',
    file: 'machines/session/reply/reply.ts',
    find: "publish({ type: 'flush', generation: reply.generation }),",
    put: '',
  },
  {
    what: 'the cancel of a reply reaches the next one too',
    file: 'machines/session/reply/reply.ts',
    find: "{ type: 'cancelWork', generation: reply.generation },",
    put: "{ type: 'cancelWork', generation: reply.generation + 1 },",
  },
  {
    what: 'a word counts as heard when it begins, not when it ends',
    file: 'machines/policies/heard.ts',
    find: 'end = word.offset;',
    put: 'end = text.indexOf(" ", word.offset) < 0 ? text.length : text.indexOf(" ", word.offset);',
  },
  {
    what: 'a filler counts as heard text of the reply',
    file: 'actors/reply/listener.ts',
    find: 'heardLength(segments, Math.max(0, samples - this.#options.track.lead))',
    put: 'heardLength(segments, samples)',
  },
  {
    what: 'a late filler is said in the middle of the reply',
    file: 'actors/children/tts.ts',
    find: 'if (piece) this.#dropFiller();',
    put: '',
  },
  {
    what: 'playback runs on while the user speaks',
    file: 'actors/children/playback.ts',
    find: "if (type === 'pause') this.#pause();",
    put: "if (type === 'pause') return;",
  },
  {
    what: 'a frame number is used twice after a pause',
    file: 'actors/children/playback.ts',
    find: 'if (this.#started) this.#restart(this.#baseSample, false);',
    put: 'this.#seq = Math.max(0, this.#seq - 1);\n    if (this.#started) this.#restart(this.#baseSample, false);',
  },
  {
    what: 'speech synthesis does not report the end of its audio',
    file: 'actors/children/tts.ts',
    find: '    this.#options.track.end();\n    this.#bell.ring();',
    put: '    this.#bell.ring();',
  },
  {
    what: 'voice stop does not last',
    file: 'machines/session/machine.ts',
    find: "halt: '#stopped',",
    put: "halt: '#idle',",
  },
  {
    what: 'a listener’s sound interrupts',
    file: 'machines/session/barge-in/barge-in.ts',
    find: '!isBackchannel(text, language, words.backchannels) &&',
    put: '',
  },
  {
    what: 'speech without the wake phrase is answered',
    file: 'machines/session/attention/attention.ts',
    find: "if (modeOf(context) === 'wake' || utterance?.failure) return !woken;",
    put: "if (modeOf(context) === 'wake' || utterance?.failure) return false;",
  },
  {
    what: 'the ear asks for more after the robot has come to rest',
    file: 'machines/session/body/body.ts',
    find: "export const lowerVadThreshold: Reducer = () => ({ effects: [{ type: 'ear', strict: false }] });",
    put: 'export const lowerVadThreshold: Reducer = () => ({});',
  },
  {
    what: 'the cancel of a request does not reach the engine',
    file: 'actors/engine-rpc/call.ts',
    find: "this.#publish('cancel', NO_PAYLOAD);",
    put: '',
    harmless: 'the cancel of the session and the silence of the client reach the worker too',
  },
  {
    what: 'a store that fails is not caught',
    file: 'actors/session/session.ts',
    find: "const { code, message } = errorRecord(error, 'STORE_FAILED');",
    put: "throw error; const { code, message } = errorRecord(error, 'STORE_FAILED');",
  },
  {
    what: 'a chain does not ask the next engine when one fails',
    file: 'actors/chain/contest.ts',
    find: 'if (!over && next) {',
    put: 'if (over && next) {',
  },
  {
    what: 'a hanging engine of a chain is not abandoned',
    file: 'actors/chain/attempt.ts',
    find: 'return whole ? 2 * options.firstByteMs : options.firstByteMs;',
    put: 'return whole ? 1e6 : 1e6;',
  },
  {
    what: 'the breaker of an engine never closes',
    file: 'actors/chain/breaker.ts',
    find: '} else if (ticket === this.#openings) {',
    put: '} else if (ticket < 0) {',
  },
  {
    what: 'the loser of a hedge is not cancelled',
    file: 'actors/chain/contest.ts',
    find: 'for (const loser of this.#running) loser.abandon();',
    put: '',
  },
  {
    what: 'a segment that broke off is not continued by another engine',
    file: 'actors/chain/tts.ts',
    find: 'segment.resume(member.msPerChar);',
    put: 'return;',
  },
  {
    what: 'the next recogniser hears the utterance from where the last one failed',
    file: 'actors/chain/kept-audio.ts',
    find: 'this.#pieces[at++];',
    put: 'this.#pieces.shift();',
  },
  {
    what: 'an invalid event of an engine is passed on',
    file: 'actors/chain/attempt.ts',
    find: 'if (result.done || isWellFormed(kind, result.value)) resolve(result);',
    put: 'if (result.done || result.value !== undefined) resolve(result);',
  },
  {
    what: 'a turn is asked again although a call of it has begun',
    file: 'machines/session/actions/robot-actions.ts',
    find: 'return context.reply?.actions.some(wasStarted) ?? false;',
    put: 'return false;',
  },
  {
    what: 'a call begins twice',
    file: 'actors/children/actions.ts',
    find: 'running.set(message.id, action);',
    put: 'running.set(message.id, action);\n        void start(behind, session, message, scope);',
  },
  {
    what: 'a call begins before its record is on disk',
    file: 'actors/journal/strict-actions.ts',
    find: 'await durable();',
    put: '',
  },
  {
    what: 'the cancel of a call does not reach the tool',
    file: 'actors/children/actions.ts',
    find: "const stop = () => controller.abort(new ParleyError('CANCELLED'));",
    put: 'const stop = () => {};',
  },
  {
    what: 'a call that was cancelled counts as running',
    file: 'machines/session/turn/history.ts',
    find: "const now = status === 'started' && !lasting ? 'cancelled' : status;",
    put: 'const now = status;',
  },
  {
    what: 'the result of a call that outlived its reply is lost',
    file: 'machines/session/actions/ends.ts',
    find: 'const history = withOutcomes(context.history, remembered.map(outcomeOf));',
    put: 'const history = context.history;',
  },
  {
    what: 'a result that the reply itself told is told again',
    file: 'machines/session/actions/follow-ups.ts',
    find: 'const asked = reply?.rounds ? resultsOf(reply) : [];',
    put: 'const asked = reply?.rounds ? [] : [];',
  },
  {
    what: 'a result of which the user has heard is told again',
    file: 'machines/session/actions/follow-ups.ts',
    find: 'if (round && heard > round.text) return false;',
    put: '',
  },
  {
    what: 'a call that needs a yes begins without one',
    file: 'machines/session/actions/robot-actions.ts',
    find: "if (policy === 'ask')",
    put: "if (policy === 'refused')",
  },
  {
    what: 'a no counts as a yes',
    file: 'machines/session/tools/consent.ts',
    find: "if (yes) return { phrase: null, cause: { type: 'consent', calls: callsOf(context) } };",
    put: "return { phrase: null, cause: { type: 'consent', calls: callsOf(context) } };",
  },
  {
    what: 'a call waits for a yes to a question that nobody asked',
    file: 'machines/session/tools/consent.ts',
    find: "const isUnasked = ({ status }: RobotAction) => status === 'asked' && !question?.calls;",
    put: 'const isUnasked = (_: RobotAction) => false;',
  },
  {
    what: 'a client’s report ends a tool of the server',
    file: 'machines/session/actions/ends.ts',
    find: 'return action !== undefined && !action.byServer;',
    put: 'return action !== undefined;',
  },
  {
    what: 'a yes counts for a question that was not heard',
    file: 'machines/session/reply/reply.ts',
    find: "reason === 'completed' ? Number.POSITIVE_INFINITY : heard.length",
    put: 'Number.POSITIVE_INFINITY',
  },
  {
    what: 'a yes counts that was not understood with certainty',
    file: 'machines/session/tools/consent.ts',
    find: 'if (callsOf(context).length === 0 || isUnsure(context, parameters)) return false;',
    put: 'if (callsOf(context).length === 0) return false;',
  },
  {
    what: 'the reply of a dead server stays in the air',
    file: 'machines/session/machine.ts',
    find: "resumed: {\n            target: '#idle',",
    put: 'resumed: {',
  },
  {
    what: 'the next server runs the actions of the dead one again',
    file: 'machines/session/presence/resumed.ts',
    find: 'const left = leaveActions(parameters)(known, event);',
    put: `const runs = lastingOf(context).map(({ id, name, args }) => ({ type: 'send', child: 'lasting', message: { type: 'run', id, name, args } }));
    if (runs.length > 0) return { patch: { lastGeneration: context.lastGeneration + SKIPPED_GENERATIONS }, effects: [{ type: 'lasting.spawn' }, ...runs] };
    const left = leaveActions(parameters)(known, event);`,
  },
  {
    what: 'the next server uses generations of the dead one again',
    file: 'machines/session/presence/resumed.ts',
    find: 'const SKIPPED_GENERATIONS = 100;',
    put: 'const SKIPPED_GENERATIONS = 0;',
  },
  {
    what: 'a rebuilt session has delays that have expired',
    file: 'machines/journal/quiet.ts',
    find: 'this.#timers.shift();',
    put: '{}',
  },
  {
    what: 'a session is rebuilt as it was at its last quiet moment',
    file: 'actors/session/rebuild.ts',
    find: 'const from = quiet ? quiet.record.record + 1 : 0;',
    put: 'const from = quiet ? journal.records.length : 0;',
  },
  {
    what: 'a server appends to the journal of a session that another one has',
    file: 'actors/failover/replica.ts',
    find: 'await stream.append(session, batch, this.#last) : undefined;',
    put: 'await stream.append(session, batch, (await stream.last(session))?.seq ?? 0) : undefined;',
  },
  {
    what: 'a lease is written whoever has it',
    file: 'actors/failover/session-lease.ts',
    find: 'const written = await store.swap(session, lease, revision);',
    put: 'const written = await store.swap(session, lease, (await store.read(session))?.revision ?? 0);',
  },
  {
    what: 'a session goes on without the last batch of its journal',
    file: 'actors/failover/takeover.ts',
    find: 'const journal = joined(batches);',
    // The last one is the fence.
    put: 'const journal = joined(batches.length > 2 ? batches.slice(0, -2) : batches);',
  },
  {
    what: 'a journal is read before its fence, and not again',
    file: 'actors/failover/takeover.ts',
    find: `const seq = own ? before.seq : await stream.append(session, fence, before.seq);
    // Without it the server before has written meanwhile.
    const end = seq ?? (await stream.last(session, before.seq))?.seq;
    if (end === undefined) return { type: 'partial' };
    batches = await continued(stream, session, batches, end);`,
    put: `const seq = own ? before.seq : await stream.append(session, fence, (await stream.last(session))?.seq ?? 0);
    if (seq === undefined) continue;`,
  },
  {
    what: 'the clocks of servers are taken to agree',
    file: 'server/failover/failover.ts',
    find: 'if (last.atMs + silentMs < begunMs) return',
    put: 'if (Math.abs(begunMs - last.atMs) > 20_000) return',
  },
  {
    what: 'an action does not wait for the stream',
    file: 'server/failover/replicated-journals.ts',
    find: 'await Promise.all([sink.durable(), copy.durable()]);',
    put: 'await sink.durable();',
  },
  {
    what: 'a server that does not know that it has lost a session erases its journal',
    file: 'server/failover/replicated-session.ts',
    find: `if (this.#fenced || !(await this.#lease.confirm())) return;
      // First the lease: while it is there another server may take the session, and begin to write.
      if (await this.#lease.release()) await stream.delete(session);`,
    put: `if (this.#fenced) return;
      await this.#lease.release();
      await stream.delete(session);`,
  },
  {
    what: 'a batch that a broker stored twice is read twice',
    file: 'actors/failover/takeover.ts',
    find: 'if (newest && !isAfter(batch, newest)) continue;',
    put: '',
  },
];
