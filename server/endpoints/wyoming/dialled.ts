import { connect, type Socket } from 'node:net';
import { Backoff } from '../../../actors/backoff.ts';
import type { TimerHandle } from '../../../machines/clock.ts';
import type { Door } from '../../door/door.ts';
import { infoOf } from './info.ts';
import { WyomingLink } from './link.ts';
import type { WyomingParts } from './parts.ts';
import { Satellite } from './satellite.ts';

/** Waits before the first reconnect, and before later ones at most. */
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
const CONNECT_MS = 5_000;
/** A connection that lasted this long was a good one. A satellite of another server ends it soon. */
const GOOD_MS = 10_000;

/** A satellite that this server dials, as Home Assistant does: it connects again by itself. */
export class DialledSatellite {
  readonly #address: URL;
  readonly #door: Door;
  readonly #parts: WyomingParts;
  readonly #backoff = new Backoff(FIRST_WAIT_MS, LONGEST_WAIT_MS);
  #timer: TimerHandle | undefined;
  #socket: Socket | undefined;
  #link: WyomingLink | undefined;
  #closed = false;
  /** An outage is logged once. */
  #complained = false;

  constructor(address: string, door: Door, parts: WyomingParts) {
    this.#address = new URL(address);
    this.#door = door;
    this.#parts = parts;
  }

  start(): void {
    const { hostname, port } = this.#address;
    const { clock } = this.#door;
    // An IPv6 address has brackets in a URL only.
    const host = hostname.replace(/^\[|\]$/gu, '');
    const socket = connect({ host, port: Number(port || 10_700) });
    this.#socket = socket;
    this.#timer = clock.setTimer(CONNECT_MS, () => socket.destroy());
    let connectedAtMs: number | undefined;
    socket.once('error', ({ message }) => this.#complain(message));
    socket.once('connect', () => {
      connectedAtMs = clock.nowMs();
      this.#timer?.cancel();
      this.#complained = false;
      this.#door.log.info({ satellite: this.#address.host }, 'connected to the satellite');
      this.#converse(socket);
    });
    socket.once('close', () => {
      this.#timer?.cancel();
      if (this.#closed) return;
      this.#complain('the connection was closed');
      if (connectedAtMs !== undefined && clock.nowMs() - connectedAtMs >= GOOD_MS) this.#backoff.reset();
      this.#timer = clock.setTimer(this.#backoff.nextMs(), () => this.start());
    });
  }

  /** Asks the satellite to rest, and closes. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    if (this.#link?.isClosed === false) {
      this.#link.send('pause-satellite');
      this.#link.close();
    } else this.#socket?.destroy();
  }

  #converse(socket: Socket): void {
    const parts = this.#parts;
    this.#link = new WyomingLink(socket, this.#door, (link) => {
      const satellite = new Satellite(link, this.#door, parts, (error) => {
        if (!error) return;
        // A session that was not used ends; the next words begin another.
        if (error.code !== 'IDLE_TIMEOUT') link.complain(error);
        const { code, message } = error;
        this.#door.log.warn({ code, error: message }, 'the session of a satellite ended');
      });
      return {
        event(event) {
          if (!satellite.takes(event) && event.type === 'describe') link.send('info', infoOf(parts.offer));
        },
        ended: () => link.close(),
        closed: () => satellite.close(),
      };
    });
    this.#link.send('run-satellite');
    this.#link.send('describe');
  }

  #complain(error: string): void {
    if (this.#complained || this.#closed) return;
    this.#complained = true;
    const satellite = this.#address.host;
    this.#door.log.warn({ satellite, error }, 'the satellite is not connected; Parley goes on trying');
  }
}
