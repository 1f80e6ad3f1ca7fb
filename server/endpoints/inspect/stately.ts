import type { IncomingMessage } from 'node:http';
import type { StatelyInspectionEvent } from '@statelyai/inspect';
import { type WebSocket, WebSocketServer } from 'ws';
import type { AnyStateMachine } from 'xstate';
import type { OpenJournal, SessionRecorder } from '../../../actors/journal/recorder.ts';
import { ParleyError } from '../../../machines/errors.ts';
import type { JournaledKernel } from '../../../machines/journal/writer.ts';
import type { KernelEvent, Step } from '../../../machines/kernel.ts';
import type { EventSource } from '../../../machines/log.ts';
import { CHILD_KINDS } from '../../../machines/session/children.ts';
import type { Config } from '../../config/schema.ts';
import { isLoopback } from '../../door/access.ts';
import { StatelyEvents } from './stately-events.ts';

export interface StatelyBridgeOptions {
  /** 0 for any free one. */
  readonly port: number;
  /** The sessions' machine. */
  readonly machine: AnyStateMachine;
  /** Maximum unread bytes of a client before it is dropped: 4 MiB. */
  readonly maxUnreadBytes?: number;
}

/** Lets clients of `@statelyai/inspect` watch this process's sessions. */
export interface StatelyBridge {
  readonly port: number;
  /** `open`, watched. Without it, sessions are watched too, but not journaled. */
  watching(open: OpenJournal | undefined): OpenJournal;
  close(): Promise<void>;
}

/** Maximum size of a client's message; clients only watch. */
const MAX_MESSAGE_BYTES = 1_024;
const MAX_UNREAD_BYTES = 4 * 1_024 * 1_024;

/** The bridge as configured; undefined if it is turned off. */
export async function statelyBridge(
  { inspect }: Pick<Config, 'inspect'>,
  machine: AnyStateMachine,
): Promise<StatelyBridge | undefined> {
  if (!inspect.enabled || inspect.statelyPort === undefined) return undefined;
  return startStatelyBridge({ port: inspect.statelyPort, machine });
}

/** Starts a WebSocket server on loopback with the event format of `@statelyai/inspect`. Rejects with PORT_IN_USE if the port is taken. Pages of other machines' origins may not connect, because it shows conversations.
 */
export async function startStatelyBridge(options: StatelyBridgeOptions): Promise<StatelyBridge> {
  const { port, machine, maxUnreadBytes = MAX_UNREAD_BYTES } = options;
  const events = new StatelyEvents(machine, () => String(Date.now()));
  const kernels = new Map<string, JournaledKernel>();
  const clients = new Set<WebSocket>();
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    verifyClient: ({ req }: { req: IncomingMessage }) => originIsLocal(req.headers.origin),
  });
  await listening(server, port);
  server.on('error', () => {}); // later errors of the listening socket do not affect sessions
  server.on('connection', (client) => {
    clients.add(client);
    client.on('error', () => {}); // `close` follows
    client.on('close', () => clients.delete(client));
    for (const [session, kernel] of kernels) send(client, events.session(session, kernel));
  });

  function send(client: WebSocket, event: StatelyInspectionEvent): void {
    if (client.bufferedAmount > maxUnreadBytes) client.terminate();
    else client.send(JSON.stringify(event));
  }

  function tell(event: StatelyInspectionEvent): void {
    for (const client of clients) send(client, event);
  }

  function tellStep(
    session: string,
    kernel: JournaledKernel,
    step: Step,
    event: KernelEvent,
    source: EventSource,
  ): void {
    if (clients.size === 0) return;
    tell(
      events.event(
        session,
        event,
        CHILD_KINDS.find((kind) => kind === source),
      ),
    );
    tell(events.snapshot(session, kernel, event));
    for (const command of step.commands)
      if (command.type === 'spawn') tell(events.child(session, command.child));
  }

  const { port: bound } = addressOf(server);
  return {
    port: bound,
    watching: (open) => (session, input, onFailure, parameters, soFar) => {
      const recorder = open?.(session, input, onFailure, parameters, soFar) ?? NOTHING_RECORDED;
      return {
        ...recorder,
        start(kernel, step) {
          recorder.start(kernel, step);
          kernels.set(session, kernel);
          if (clients.size > 0) tell(events.session(session, kernel));
        },
        step(kernel, step, event, source) {
          recorder.step(kernel, step, event, source);
          kernels.set(session, kernel);
          tellStep(session, kernel, step, event, source);
        },
        async end() {
          kernels.delete(session);
          await recorder.end();
        },
      };
    },
    close: () =>
      new Promise((resolve) => {
        for (const client of clients) client.terminate();
        server.close(() => resolve());
      }),
  };
}

const NOTHING_RECORDED: SessionRecorder = {
  restored: () => {},
  start: () => {},
  step: () => {},
  stale: () => {},
  heard: () => {},
  said: () => {},
  durable: async () => {},
  end: async () => {},
  leave: async () => {},
};

function originIsLocal(origin: string | undefined): boolean {
  if (origin === undefined) return true;
  return URL.canParse(origin) && isLoopback(new URL(origin).hostname.replace(/^\[|\]$/gu, ''));
}

function listening(server: WebSocketServer, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('listening', () => resolve());
    server.once('error', (cause) =>
      reject(new ParleyError('PORT_IN_USE', `127.0.0.1:${port} of inspect.statelyPort`, { cause })),
    );
  });
}

function addressOf(server: WebSocketServer): { readonly port: number } {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new ParleyError('INTERNAL', 'no TCP address');
  return address;
}
