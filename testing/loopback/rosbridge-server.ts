import { createServer } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import { AsyncQueue } from '../../actors/async-queue.ts';
import { closeServer, listenOnLoopback, Sockets } from './sockets.ts';

type Values = Readonly<Record<string, unknown>>;

/** A goal of a ROS 2 action that a client has sent. */
export interface RosGoal {
  readonly goal: unknown;
  feedback(values: Values): void;
  /** Resolves when the client cancels the goal. */
  readonly cancelled: Promise<void>;
}

/** `action_msgs/GoalStatus` */
export const GOAL_STATUS = { succeeded: 4, canceled: 5, aborted: 6 } as const;

export interface RosGoalEnd {
  readonly status: (typeof GOAL_STATUS)[keyof typeof GOAL_STATUS];
  readonly values?: Values;
}

interface Client {
  readonly socket: WebSocket;
  /** Types by topic. */
  readonly subscribed: Map<string, string | undefined>;
  readonly advertised: Map<string, string>;
  readonly services: Set<string>;
}

/**
 * A robot with `rosbridge_server` on 127.0.0.1: topics, services and ROS 2 actions of the rosbridge protocol 2. What the
 * robot has is set by a test; a message that the real server refuses gets a `status` here too.
 */
export class RosbridgeServer {
  readonly url: string;
  /** Everything that clients sent, in order. */
  readonly received: Values[] = [];
  readonly #server: ReturnType<typeof createServer>;
  readonly #sockets: Sockets;
  readonly #clients = new Set<Client>();
  readonly #services = new Map<string, (args: unknown) => Values | Promise<Values>>();
  readonly #actions = new Map<string, (goal: RosGoal) => Promise<RosGoalEnd>>();
  readonly #topics = new Map<string, AsyncQueue<unknown>>();
  readonly #cancels = new Map<unknown, () => void>();
  readonly #calls = new Map<string, (response: Values) => void>();
  readonly #checks = new Set<() => void>();
  #called = 0;

  private constructor(server: ReturnType<typeof createServer>, port: number, sockets: Sockets) {
    this.#server = server;
    this.#sockets = sockets;
    this.url = `ws://127.0.0.1:${port}`;
    new WebSocketServer({ server }).on('connection', (socket) => this.#accept(socket));
  }

  /** `port`: that of a server before, to come back after an outage. */
  static async start(port = 0): Promise<RosbridgeServer> {
    const server = createServer();
    const sockets = new Sockets(server);
    return new RosbridgeServer(server, await listenOnLoopback(server, port), sockets);
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  get connected(): number {
    return this.#clients.size;
  }

  /** What clients publish on a topic. */
  topic(name: string): AsyncQueue<unknown> {
    const queue = this.#topics.get(name) ?? new AsyncQueue<unknown>();
    this.#topics.set(name, queue);
    return queue;
  }

  /** Publishes to the subscribed clients. */
  publish(topic: string, msg: Values): void {
    for (const client of this.#clients)
      if (client.subscribed.has(topic)) send(client, { op: 'publish', topic, msg });
  }

  /** A service of the robot. It fails with the message of what it throws. */
  service(name: string, answer: (args: unknown) => Values | Promise<Values>): void {
    this.#services.set(name, answer);
  }

  /** A ROS 2 action of the robot. */
  action(name: string, pursue: (goal: RosGoal) => Promise<RosGoalEnd>): void {
    this.#actions.set(name, pursue);
  }

  /** Calls a service that a client has advertised. */
  call(service: string, args: Values = {}): Promise<Values> {
    const client = [...this.#clients].find(({ services }) => services.has(service));
    if (!client) return Promise.reject(new Error(`no client serves ${service}`));
    this.#called += 1;
    const id = `service_request:${service}:${this.#called}`;
    return new Promise((resolve) => {
      this.#calls.set(id, resolve);
      send(client, { op: 'call_service', id, service, args });
    });
  }

  /** Resolves once `condition` holds; it is checked with every message and connection. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!condition()) return;
        this.#checks.delete(check);
        resolve();
      };
      this.#checks.add(check);
      check();
    });
  }

  /** Sends a text as it is, to every client. */
  say(text: string): void {
    for (const { socket } of this.#clients) socket.send(text);
  }

  /** Reads nothing any more, and so answers no ping. */
  hang(): void {
    for (const { socket } of this.#clients) socket.pause();
  }

  /** Ends every connection at once. */
  drop(): void {
    this.#sockets.destroyAll();
  }

  async close(): Promise<void> {
    await closeServer(this.#server, this.#sockets);
  }

  #check(): void {
    for (const check of [...this.#checks]) check();
  }

  #accept(socket: WebSocket): void {
    const client: Client = { socket, subscribed: new Map(), advertised: new Map(), services: new Set() };
    this.#clients.add(client);
    socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as Values;
      this.received.push(message);
      const problem = this.#receive(client, message);
      if (problem) send(client, { op: 'status', level: 'error', msg: problem, id: message.id });
      this.#check();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#clients.delete(client);
      this.#check();
    });
    this.#check();
  }

  /** Returns the error that the real server reports. */
  #receive(client: Client, message: Values): string | undefined {
    const { op, id, msg, values, result } = message;
    const [topic, service, action] = [message.topic, message.service, message.action].map(String);
    const type = typeof message.type === 'string' ? message.type : undefined;
    switch (op) {
      case 'advertise':
        if (!type) return 'advertise: type is missing';
        client.advertised.set(topic ?? '', type);
        return undefined;
      case 'unadvertise':
        client.advertised.delete(topic ?? '');
        return undefined;
      case 'subscribe':
        client.subscribed.set(topic ?? '', type);
        return undefined;
      case 'unsubscribe':
        client.subscribed.delete(topic ?? '');
        return undefined;
      case 'publish':
        this.topic(topic ?? '').push(msg);
        return undefined;
      case 'advertise_service':
        if (!type) return 'advertise_service: type is missing';
        client.services.add(service ?? '');
        return undefined;
      case 'unadvertise_service':
        client.services.delete(service ?? '');
        return undefined;
      case 'service_response':
        this.#calls.get(String(id))?.({ values, result });
        return undefined;
      case 'call_service':
        void this.#serve(client, id, service ?? '', message.args);
        return undefined;
      case 'send_action_goal':
        if (typeof message.action_type !== 'string') return 'send_action_goal: action_type is missing';
        void this.#pursue(client, id, action ?? '', message);
        return undefined;
      case 'cancel_action_goal':
        this.#cancels.get(id)?.();
        return undefined;
      default:
        return `Unknown operation: ${op}`;
    }
  }

  async #serve(client: Client, id: unknown, service: string, args: unknown): Promise<void> {
    const respond = (values: unknown, result: boolean) =>
      send(client, { op: 'service_response', id, service, values, result });
    const answer = this.#services.get(service);
    if (!answer) return respond(`Service ${service} does not exist`, false);
    try {
      respond(await answer(args), true);
    } catch (error) {
      respond(error instanceof Error ? error.message : String(error), false);
    }
  }

  async #pursue(client: Client, id: unknown, action: string, { args, feedback }: Values): Promise<void> {
    const pursue = this.#actions.get(action);
    const named = { id, action };
    if (!pursue) {
      const values = `Action ${action} does not exist`;
      return send(client, { op: 'action_result', ...named, values, status: 0, result: false });
    }
    const cancelled = new Promise<void>((resolve) => this.#cancels.set(id, resolve));
    const { status, values = {} } = await pursue({
      ...{ goal: args, cancelled },
      feedback: (some) => {
        if (feedback === true) send(client, { op: 'action_feedback', ...named, values: some });
      },
    });
    this.#cancels.delete(id);
    send(client, { op: 'action_result', ...named, values, status, result: true });
  }
}

function send({ socket }: Client, message: Values): void {
  socket.send(JSON.stringify(message));
}
